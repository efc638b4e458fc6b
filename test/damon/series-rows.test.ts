/**
 * What the kernel series of this project proves in a real kernel (kernel/proof, kernel/docs/behaviour.md), row by
 * row on the model that imitates it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { type Area, BLOCK, ModelBench, PAGE } from './model-bench.js';

const STATE = '0/state';
const HUGE = BLOCK * PAGE;
const MIB = 2 ** 20;

interface Wanted {
  readonly action: string;
  readonly order: number;
  /** Bytes from the start of the area. */
  readonly from: number;
  readonly to: number;
  readonly operations?: 'vaddr' | 'fvaddr';
  readonly snapshots?: number;
}

/** Sets the scheme up on the range by one core filter. Answers the scheme's path. */
function stage(bench: ModelBench, area: Area, wanted: Wanted): string {
  const scheme = bench.scheme(area.pid, wanted.action, wanted.operations ?? 'vaddr');
  const [start, end] = [area.start * PAGE + wanted.from, area.start * PAGE + wanted.to];
  if (wanted.operations === 'fvaddr') stageBlocks(bench, start, end);
  bench.set(`${scheme}/core_filters`, {
    nr_filters: 1,
    '0/type': 'addr',
    '0/matching': 'Y',
    '0/allow': 'Y',
    '0/addr_start': start,
    '0/addr_end': end,
  });
  bench.set(scheme, { target_order: wanted.order, 'stats/max_nr_snapshots': wanted.snapshots ?? 0 });
  return scheme;
}

/** One region for each block, padded to three; the least number of regions keeps them apart. */
function stageBlocks(bench: ModelBench, start: number, end: number): void {
  const blocks = (end - start) / HUGE;
  const regions = Math.max(3, blocks);
  const context = '0/contexts/0';
  bench.set(`${context}/monitoring_attrs/nr_regions`, { max: regions, min: 3 });
  bench.set(`${context}/targets/0/regions`, { nr_regions: regions });
  for (let index = 0; index < regions; index++) {
    const at = index < blocks ? start + index * HUGE : 2 ** 40 + 2 * index * HUGE;
    bench.set(`${context}/targets/0/regions/${index}`, { start: at, end: at + HUGE });
  }
}

function run(bench: ModelBench, area: Area, wanted: Wanted): Record<string, number> {
  const scheme = stage(bench, area, wanted);
  return finish(bench, scheme, 600);
}

function finish(bench: ModelBench, scheme: string, ms: number): Record<string, number> {
  assert.equal(bench.write(STATE, 'on'), undefined);
  bench.advance(ms);
  const statistics = bench.statistics(scheme);
  statistics.sz_ops_filter_passed = bench.number(`${scheme}/stats/sz_ops_filter_passed`);
  assert.equal(bench.write(STATE, 'off'), undefined);
  bench.check();
  return statistics;
}

function small(blocks: number, options = {}): { bench: ModelBench; area: Area } {
  const bench = new ModelBench('7.3-octavo', options);
  bench.kernel.thp.enabled = 'never';
  return { bench, area: bench.area(blocks) };
}

function huge(blocks: number): { bench: ModelBench; area: Area } {
  const bench = new ModelBench('7.3-octavo');
  const area = bench.area(blocks);
  bench.touch(area);
  assert.equal(bench.anonymous(9), blocks);
  return { bench, area };
}

test('collapse: aligned blocks of the region only', () => {
  const { bench, area } = small(32);
  bench.touch(area);
  const wanted = { action: 'collapse', order: 4, from: 9 * MIB + PAGE, to: 11 * MIB };
  assert.equal(run(bench, area, wanted).sz_applied, 31 * 65536);
  assert.equal(bench.anonymous(4), 31);
});

test('collapse: what nobody populated stays so, holes of a populated block are filled', () => {
  const { bench, area } = small(32);
  for (let page = area.start; page < area.start + area.pages; page += 32) {
    for (let at = page; at < page + 16; at++) access(bench.kernel, area.mm, at, true);
  }
  const rss = area.mm.rssAnon;
  const all = { action: 'collapse', from: 0, to: 32 * HUGE };
  run(bench, area, { ...all, order: 4 });
  assert.equal(bench.anonymous(4), area.pages / 32);
  assert.equal(area.mm.rssAnon, rss, 'no hole was filled');
  run(bench, area, { ...all, order: 6 });
  assert.equal(bench.anonymous(6), area.pages / 64);
  assert.equal(area.mm.rssAnon, area.pages);
});

test('collapse: pages in swap come back, pages shared by a fork are copied', () => {
  const { bench, area } = small(8, { swapBytes: 2 ** 30 });
  bench.touch(area);
  for (let page = area.start; page < area.start + area.pages; page += 4) {
    adviseRange(bench.kernel, area.mm, page + 1, page + 4, 'MADV_PAGEOUT');
  }
  assert.equal(area.mm.rssAnon, area.pages / 4);
  const all = { action: 'collapse', order: 4, from: 0, to: 8 * HUGE };
  assert.equal(run(bench, area, all).sz_applied, 8 * HUGE);
  assert.equal(bench.anonymous(4), area.pages / 16);
  assert.equal(area.mm.rssAnon, area.pages);

  const parent = small(4);
  parent.bench.touch(parent.area);
  const process = parent.bench.kernel.processes.get(parent.area.pid) as Process;
  fork(parent.bench.kernel, process);
  assert.equal(run(parent.bench, parent.area, { ...all, to: 4 * HUGE }).sz_applied, 4 * HUGE);
  assert.equal(parent.bench.anonymous(4), (4 * BLOCK) / 16);
});

test('collapse: a page that stops the scan keeps its PMD range, a VMA below 2 MiB is never collapsed', () => {
  const { bench, area } = small(4);
  bench.touch(area);
  const { tables, folios } = bench.kernel;
  folios.pins[
    tables.pteValue[tables.pteOf(tables.pmdOf(area.mm, area.start / BLOCK + 1), area.start + BLOCK)]
  ] = 1;
  assert.equal(
    run(bench, area, { action: 'collapse', order: 4, from: 0, to: 4 * HUGE }).sz_applied,
    3 * HUGE,
  );
  const part = small(2);
  part.bench.touch(part.area);
  const { mm } = part.area;
  const vma = mm.vmas.find(({ start }) => start === part.area.start);
  assert.ok(vma);
  adviseRange(part.bench.kernel, mm, part.area.start + 256, part.area.start + 512, 'MADV_HUGEPAGE');
  const order4 = { action: 'collapse', order: 4, from: 0, to: 2 * HUGE };
  assert.equal(run(part.bench, part.area, order4).sz_applied, HUGE, 'the second block alone');
});

test('collapse: built folios count once, page cache goes to PMD size only', () => {
  const bench = new ModelBench('7.3-octavo');
  const area = bench.area(8, 'tmpfs');
  bench.touch(area);
  const all = { from: 0, to: 8 * HUGE, operations: 'fvaddr' } as const;
  run(bench, area, { ...all, action: 'split', order: 0 });
  bench.touch(area, 1, false);
  assert.equal(bench.kernel.shmemPmdMapped, 0);
  assert.equal(run(bench, area, { ...all, action: 'collapse', order: 4 }).sz_applied, 0);
  assert.equal(run(bench, area, { ...all, action: 'collapse', order: 9 }).sz_applied, 8 * HUGE);
  assert.equal(bench.kernel.shmemPmdMapped, 8 * BLOCK);
});

test('split: a folio that sticks out of the region is left alone; the RFC splits it whole', () => {
  const { bench, area } = huge(32);
  const edges = { action: 'split', order: 0, from: 9 * MIB, to: 11 * MIB };
  assert.equal(run(bench, area, edges).sz_applied, 0);
  assert.equal(bench.anonymous(9), 32);
  assert.equal(run(bench, area, { ...edges, to: 12 * MIB + PAGE }).sz_applied, HUGE);
  assert.equal(bench.anonymous(9), 31);

  const rfc = new ModelBench('7.3-rfc');
  const other = rfc.area(32);
  rfc.touch(other);
  assert.equal(run(rfc, other, edges).sz_applied, 2 * HUGE);
  assert.equal(rfc.anonymous(9), 30);
});

test('split: operations layer filters are asked per folio, and what they let through is counted once', () => {
  const { bench, area } = huge(32);
  const wanted = {
    action: 'split',
    order: 0,
    from: 0,
    to: 8 * MIB,
    operations: 'fvaddr',
    snapshots: 1,
  } as const;
  const filtered = (filter: Record<string, string | number>) => {
    const scheme = stage(bench, area, wanted);
    bench.set(`${scheme}/core_filters`, { nr_filters: 0 });
    bench.set(`${scheme}/ops_filters`, { nr_filters: 1 });
    bench.set(`${scheme}/ops_filters/0`, { ...filter });
    return finish(bench, scheme, 600);
  };
  assert.equal(filtered({ type: 'anon', matching: 'Y', allow: 'N' }).sz_applied, 0);
  const size = { type: 'hugepage_size', matching: 'Y', allow: 'Y' };
  assert.equal(filtered({ ...size, min: PAGE, max: MIB }).sz_applied, 0);
  const let2m = filtered({ ...size, min: HUGE, max: HUGE });
  assert.equal(let2m.sz_applied, 4 * HUGE);
  assert.equal(let2m.sz_ops_filter_passed, 4 * HUGE);
  assert.equal(bench.anonymous(9), 28);
});

test('split: under a quota cold memory goes first', () => {
  const { bench, area } = huge(32);
  bench.kernel.clock.handle('hot', () => {
    for (let block = 0; block < 16; block++) access(bench.kernel, area.mm, area.start + block * BLOCK, false);
    bench.kernel.clock.after(4e6, 'hot');
  });
  bench.kernel.clock.after(4e6, 'hot');
  const scheme = stage(bench, area, {
    action: 'split',
    order: 0,
    from: 0,
    to: 32 * HUGE,
    operations: 'fvaddr',
  });
  bench.set(`${scheme}/quotas`, {
    bytes: 16 * MIB,
    reset_interval_ms: 3_600_000,
    'weights/nr_accesses_permil': 1000,
  });
  const statistics = finish(bench, scheme, 3000);
  assert.equal(statistics.sz_applied, 16 * MIB);
  const left = (from: number) =>
    Array.from({ length: 16 }, (_, block) =>
      bench.kernel.tables.pmdOf(area.mm, area.start / BLOCK + from + block),
    ).filter((pmd) => (bench.kernel.tables.pmdBits[pmd] & 1) !== 0).length;
  assert.deepEqual([left(0), left(16)], [16, 8]);
});

test('split by physical addresses: the folios that are entirely in the region', () => {
  const { bench, area } = huge(8);
  const frame = (block: number) => {
    const { tables } = bench.kernel;
    return tables.pmdValue[tables.pmdOf(area.mm, area.start / BLOCK + block)];
  };
  const physical = (start: number, order: number) => {
    bench.write('nr_kdamonds', 1);
    bench.write('0/contexts/nr_contexts', 1);
    const context = '0/contexts/0';
    const target = 'targets/0/regions';
    bench.set(context, { operations: 'paddr', 'targets/nr_targets': 1, [`${target}/nr_regions`]: 3 });
    bench.set(`${context}/monitoring_attrs/nr_regions`, { min: 3, max: 3 });
    const places = [start, 2 ** 40, 2 ** 41];
    places.forEach((at, index) => {
      bench.set(`${context}/${target}/${index}`, { start: at, end: at + HUGE });
    });
    bench.set(`${context}/schemes`, { nr_schemes: 1, '0/action': 'split', '0/target_order': order });
    const scheme = `${context}/schemes/0`;
    bench.set(`${scheme}/access_pattern`, {
      'sz/max': '18446744073709551615',
      'nr_accesses/max': '4294967295',
      'age/max': '4294967295',
    });
    return finish(bench, scheme, 300);
  };
  assert.equal(physical(frame(2) * PAGE, 3).sz_applied, HUGE);
  assert.equal(bench.anonymous(3), 64);
  assert.equal(bench.anonymous(9), 7);
  assert.equal(physical(frame(4) * PAGE + MIB, 0).sz_applied, 0);
  assert.equal(bench.anonymous(9), 7);
});
