/** The RFC's testing section on the model, line by line, and its order rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { type Area, BLOCK, ModelBench, PAGE } from './model-bench.js';

const BLOCK_BYTES = BLOCK * PAGE;
const STATE = '0/state';

function runScheme(bench: ModelBench, scheme: string, ms: number): Record<string, number> {
  assert.equal(bench.write(STATE, 'on'), undefined);
  bench.advance(ms);
  const statistics = bench.statistics(scheme);
  assert.equal(bench.write(STATE, 'off'), undefined);
  bench.check();
  return statistics;
}

for (const order of [0, 2, 3, 4, 8]) {
  test(`split to order ${order} with one address filter: exactly one anonymous THP of 128, applied once`, () => {
    const bench = new ModelBench();
    const area = bench.area(128);
    bench.touch(area);
    assert.equal(bench.kernel.anonPmdMapped, 128 * BLOCK);
    const had = bench.anonymous(order);
    const scheme = bench.scheme(area.pid, 'split');
    bench.only(scheme, area, 2, 3);
    bench.set(scheme, { target_order: order });
    const statistics = runScheme(bench, scheme, 1000);
    assert.equal(bench.kernel.anonPmdMapped, 127 * BLOCK, 'AnonHugePages drops by 2 MiB');
    assert.equal(bench.anonymous(9), 127);
    assert.equal(bench.anonymous(order) - had, BLOCK / 2 ** order);
    assert.equal(statistics.sz_applied, BLOCK_BYTES);
    assert.equal(statistics.nr_applied, 1);
    assert.ok(statistics.sz_tried >= 5 * BLOCK_BYTES, 'the range is tried again at each aggregation');
    assert.equal(statistics.sz_tried % BLOCK_BYTES, 0);
  });
}

test('the same for tmpfs with huge=always: ShmemPmdMapped drops by 2 MiB, pieces are unmapped until touched', () => {
  const bench = new ModelBench();
  const area = bench.area(32, 'tmpfs');
  bench.touch(area);
  assert.equal(bench.kernel.shmemPmdMapped, 32 * BLOCK);
  const scheme = bench.scheme(area.pid, 'split');
  bench.only(scheme, area, 5, 6);
  bench.set(scheme, { target_order: 2 });
  const statistics = runScheme(bench, scheme, 500);
  assert.equal(bench.kernel.shmemPmdMapped, 31 * BLOCK);
  assert.equal(statistics.sz_applied, BLOCK_BYTES);
  assert.equal(area.mm.rssShmem, 31 * BLOCK);
});

test('without a filter all THPs are split: the path for hosts without a sampler', () => {
  const bench = new ModelBench();
  const area = bench.area(64);
  bench.touch(area);
  const scheme = bench.scheme(area.pid, 'split');
  bench.set(scheme, { target_order: 4 });
  const statistics = runScheme(bench, scheme, 500);
  assert.equal(bench.kernel.anonPmdMapped, 0);
  assert.equal(statistics.sz_applied, 64 * BLOCK_BYTES);
  assert.equal(bench.anonymous(4), 64 * 32);
});

test('33 THPs become 4,224 folios of 16 KiB and come back, memory conserved', () => {
  const bench = new ModelBench();
  const area = bench.area(33);
  bench.touch(area);
  const free = bench.kernel.frames.freeFrames;
  const content = () => Array.from({ length: area.pages }, (_, page) => contentOf(bench, area.start + page));
  const before = content();
  const scheme = bench.scheme(area.pid, 'split');
  bench.only(scheme, area, 0, 33);
  bench.set(scheme, { target_order: 2 });
  runScheme(bench, scheme, 300);
  assert.equal(bench.anonymous(2), 4224);
  assert.equal(bench.anonymous(9), 0);
  assert.ok(Math.abs(bench.kernel.frames.freeFrames - free) <= 33, 'page tables only');
  bench.set(scheme, { action: 'collapse', target_order: 9 });
  const back = runScheme(bench, scheme, 300);
  assert.equal(bench.anonymous(9), 33);
  assert.equal(bench.anonymous(2), 0);
  assert.equal(back.sz_applied, 33 * BLOCK_BYTES, 'each block is built once');
  assert.deepEqual(content(), before, 'no word of data changed');
});

function contentOf(bench: ModelBench, page: number): number {
  const { tables, folios, geometry } = bench.kernel;
  const mm = [...bench.kernel.mms.values()].find((candidate) => candidate.vmaOf(page) !== undefined);
  assert.ok(mm);
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const within = page % geometry.pagesPerBlock;
  const huge = (tables.pmdBits[pmd] & 1) !== 0;
  const frame = huge ? tables.pmdValue[pmd] + within : tables.pteValue[tables.pteOf(pmd, page)];
  return folios.content[frame];
}

for (const order of [2, 3, 4, 5, 6, 7, 8]) {
  test(`collapse of base pages to order ${order}, THP=never: every aligned range once, whatever sysfs says`, () => {
    const bench = new ModelBench();
    bench.kernel.thp.enabled = 'never';
    const area = bench.area(4);
    bench.touch(area);
    assert.equal(bench.anonymous(9), 0);
    const scheme = bench.scheme(area.pid, 'collapse');
    bench.only(scheme, area, 1, 3);
    bench.set(scheme, { target_order: order });
    const statistics = runScheme(bench, scheme, 500);
    assert.equal(bench.anonymous(order), (2 * BLOCK) / 2 ** order);
    assert.equal(statistics.sz_applied, 2 * BLOCK_BYTES, 'only what was really built counts');
  });
}

test('collapse honours what makes a mapping ineligible, below the PMD order too', () => {
  for (const order of [4, 9]) {
    const bench = new ModelBench();
    bench.kernel.thp.enabled = 'never';
    const area = bench.area(2);
    bench.touch(area);
    for (const vma of area.mm.vmas) if (vma.start === area.start) vma.flags |= 1 << 5;
    const scheme = bench.scheme(area.pid, 'collapse');
    bench.set(scheme, { target_order: order });
    const statistics = runScheme(bench, scheme, 300);
    assert.equal(bench.anonymous(order), 0, 'VM_NOHUGEPAGE');
    assert.equal(statistics.sz_applied, 0);
    assert.ok(statistics.sz_tried > 0);
  }
});

test('target_order 0 keeps the collapse of plain 7.3: success of the whole region, or nothing', () => {
  for (const generation of ['7.3', '7.3-rfc'] as const) {
    const bench = new ModelBench(generation);
    bench.kernel.thp.enabled = 'madvise';
    const area = bench.area(128);
    bench.touch(area);
    const scheme = bench.scheme(area.pid, 'collapse');
    bench.only(scheme, area, 32, 48);
    const statistics = runScheme(bench, scheme, 1050);
    assert.equal(bench.anonymous(9), 16);
    assert.ok(statistics.nr_applied >= 5);
    assert.equal(
      statistics.sz_applied,
      statistics.nr_applied * 16 * BLOCK_BYTES,
      'huge memory counts each time',
    );
  }
});

test('an unaligned filter collapses only what it covers whole, and says all of it', () => {
  const bench = new ModelBench('7.3');
  bench.kernel.thp.enabled = 'never';
  const area = bench.area(128);
  bench.touch(area);
  const scheme = bench.scheme(area.pid, 'collapse');
  bench.only(scheme, area, 32.5, 48.5);
  const statistics = runScheme(bench, scheme, 150);
  assert.equal(bench.anonymous(9), 15);
  assert.equal(statistics.sz_applied, 16 * BLOCK_BYTES);
});

test('a pinned THP is not split and not counted, its neighbours are', () => {
  const bench = new ModelBench();
  const area = bench.area(8);
  bench.touch(area);
  const { tables, folios } = bench.kernel;
  folios.pins[tables.pmdValue[tables.pmdOf(area.mm, area.start / BLOCK + 3)]] = 1;
  const scheme = bench.scheme(area.pid, 'split');
  bench.set(scheme, { target_order: 2 });
  assert.equal(bench.write(STATE, 'on'), undefined);
  bench.advance(300);
  const statistics = bench.statistics(scheme);
  assert.equal(bench.anonymous(9), 1);
  assert.equal(statistics.sz_applied, 7 * BLOCK_BYTES);
  assert.ok(bench.kernel.counters.byOrder.split_failed[9] > 0);
});

test('khugepaged undoes a split, unless the range is advised against', () => {
  const after = (nohugepage: boolean) => {
    const bench = new ModelBench();
    bench.kernel.thp.scanSleepMs = 50;
    bench.kernel.thp.pagesToScan = 65536;
    const area = bench.area(16);
    bench.touch(area);
    const scheme = bench.scheme(area.pid, nohugepage ? 'nohugepage' : 'split');
    bench.only(scheme, area, 2, 4);
    bench.set(scheme, { target_order: 2 });
    bench.set(`${scheme}/stats`, { max_nr_snapshots: 1 });
    bench.write(STATE, 'on');
    bench.advance(150);
    if (nohugepage) {
      bench.set(scheme, { action: 'split' });
      bench.set(`${scheme}/stats`, { max_nr_snapshots: 2 });
      bench.write(STATE, 'commit');
    }
    bench.advance(6000);
    return bench.anonymous(9);
  };
  assert.equal(after(true), 14);
  assert.ok(after(false) > 14, 'collapsed again');
});

/** 8 MiB of small pages, and a scheme for a part of it; answers what it came to. */
function collapsePart(
  order: number,
  from: number,
  to: number,
  prepare: (bench: ModelBench, area: Area) => void,
) {
  const bench = new ModelBench('7.3-octavo', { swapBytes: 2 ** 26 });
  bench.kernel.thp.enabled = 'never';
  const area = bench.area(4);
  bench.touch(area);
  prepare(bench, area);
  const scheme = bench.scheme(area.pid, 'collapse');
  bench.only(scheme, area, from, to);
  bench.set(scheme, { target_order: order });
  return { bench, area, statistics: runScheme(bench, scheme, 500) };
}

function pin(bench: ModelBench, { mm, start }: Area, page: number): void {
  const { tables, folios, geometry } = bench.kernel;
  const pmd = tables.pmdOf(mm, Math.floor((start + page) / geometry.pagesPerBlock));
  folios.pins[folios.headOf(tables.pteValue[tables.pteOf(pmd, start + page)])] = 1;
}

test('a pinned page stops what the region has of its block, one outside of the region stops nothing', () => {
  const beside = collapsePart(4, 1, 1.5, (bench, area) => pin(bench, area, 1.5 * BLOCK + 5));
  assert.equal(beside.statistics.sz_applied, BLOCK_BYTES / 2);
  const within = collapsePart(4, 1, 3, (bench, area) => pin(bench, area, 1.5 * BLOCK + 5));
  assert.equal(within.statistics.sz_applied, BLOCK_BYTES, 'the other block');
  assert.equal(within.bench.anonymous(4), 32);
});

test('a collapse below the PMD order brings swapped pages in, and no region is exceeded', () => {
  const { bench, area, statistics } = collapsePart(4, 1, 2, (made, { mm, start, pages }) => {
    adviseRange(made.kernel, mm, start, start + pages, 'MADV_PAGEOUT');
    for (let page = start; page < start + pages; page += 4) access(made.kernel, mm, page, false);
  });
  assert.ok(area.mm.swapEntries > 0, 'the rest is in swap still');
  assert.equal(statistics.sz_applied, BLOCK_BYTES);
  assert.equal(bench.anonymous(4), 32);
});

test('a region in the middle of two huge pages splits neither with the series', () => {
  const bench = new ModelBench('7.3-octavo');
  const area = bench.area(8);
  bench.touch(area);
  const scheme = bench.scheme(area.pid, 'split');
  bench.only(scheme, area, 2.5, 3.5);
  assert.equal(runScheme(bench, scheme, 500).sz_applied, 0);
  assert.equal(bench.anonymous(9), 8);
});
