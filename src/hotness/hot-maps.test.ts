/** Maps of several natures, the memory that they take, and what they allow to be said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import fc from '../../test/support/properties.js';
import type { SampleNature } from '../vocabulary/nature.js';
import { SAMPLE_FLAG, type SampleOrigin, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { boundedFraction, collapseRank, whyNot } from './conclusions.js';
import { HeatTable } from './heat-loop/heat-table.js';
import { HotMapBuilder, type HotMapDetail } from './hot-map-builder.js';
import { HotMaps } from './hot-maps.js';

/** A batch of rows `[page, weight, flags, samples]` of one process. */
function rowsOf(rows: readonly (readonly [number, number?, number?, number?])[], isTimed = false) {
  const batch = sampleColumns(rows.length);
  const times = new Float64Array(rows.length);
  for (const [row, [page, weight = 1, flags = 0, samples = 1]] of rows.entries()) {
    batch.virtualPage[row] = page;
    batch.pid[row] = PROCESS.pid;
    batch.weight[row] = weight;
    batch.flags[row] = flags;
    times[row] = samples;
  }
  batch.count = rows.length;
  return isTimed ? { ...batch, times } : batch;
}

const originOf = (nature: SampleNature, more: Partial<SampleOrigin> = {}): SampleOrigin => ({
  ...SUB_PAGE_ORIGIN,
  nature,
  ...more,
});

test('a block keeps every count, whether it has few sub-pages or many', () => {
  const pages = fc.array(fc.integer({ min: 0, max: 511 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(pages, fc.constantFrom<HotMapDetail>('counts', 'bitmap'), (touched, detail) => {
      const table = new HeatTable(GEOMETRY_4K, detail, () => true);
      table.addSamples(rowsOf(touched.map((page) => [page])));
      const expected = new Uint16Array(512);
      for (const page of touched) expected[page] = detail === 'counts' ? expected[page] + 1 : 1;
      const found = new Uint16Array(512).fill(7);
      table.counts(table.find(PROCESS.pid, 0), found);
      assert.deepEqual(found, expected);
      const distinct = new Set(touched);
      if (detail === 'counts') {
        const of = (count: number) => expected.filter((each) => each === count).length;
        assert.deepEqual(table.tally(table.find(PROCESS.pid, 0)), {
          touched: distinct.size,
          once: of(1),
          twice: of(2),
        });
      }
    }),
  );
});

test('a block with few sub-pages takes under a tenth of the memory of counters', () => {
  const table = new HeatTable(GEOMETRY_4K, 'counts', () => true);
  const empty = table.byteLength;
  table.addSamples(rowsOf(Array.from({ length: 20_000 }, (_, block) => [block * 512 + (block % 512)])));
  assert.ok(table.byteLength - empty < 20_000 * 100, `${table.byteLength - empty} bytes`);
});

test('rows that stand for several samples count as often, up to the limit of a counter', () => {
  const table = new HeatTable(GEOMETRY_4K, 'counts', () => true);
  table.addSamples(rowsOf([[3, 30, 0, 10], [3, 6, 0, 2], [4, 1, 0, 70_000], [-1, 1, 0, 5]], true)); // biome-ignore format: rows
  const address = table.find(PROCESS.pid, 0);
  assert.equal(table.samples(address), 70_012);
  assert.equal(table.weight(address), 37);
  const counts = new Uint16Array(512);
  table.counts(address, counts);
  assert.deepEqual([counts[3], counts[4]], [12, 65_535]);
  assert.deepEqual(table.unplaced(), { 'no virtual address': 5 });
});

test('beyond its memory a table keeps a random part of its blocks whole, and counts the rest', () => {
  const blocks = 40_000;
  const table = new HeatTable(GEOMETRY_4K, 'counts', () => true, 1 << 20);
  const rows = Array.from({ length: blocks }, (_, block) => [block * 512 + 7, 3] as const);
  for (const _ of [0, 1]) {
    for (let from = 0; from < blocks; from += 8000) table.addSamples(rowsOf(rows.slice(from, from + 8000)));
  }
  const kept = table.blocksOf(PROCESS.pid);
  assert.ok(table.thinned >= 2, `1 in ${2 ** table.thinned}`);
  assert.ok(table.byteLength < 2 << 20);
  const expected = blocks / 2 ** table.thinned;
  assert.ok(
    Math.abs(kept.length - expected) < 5 * Math.sqrt(expected),
    `${kept.length} instead of ${expected}`,
  );
  for (const block of kept.slice(0, 50)) {
    const address = table.find(PROCESS.pid, block);
    assert.equal(table.samples(address), 2);
    assert.equal(table.weight(address), 6);
    assert.deepEqual(table.tally(address), { touched: 1, once: 0, twice: 1 });
  }
  const [[reason, count]] = Object.entries(table.unplaced());
  assert.match(reason, /thinned out/);
  assert.equal(count + table.placed(), 2 * blocks);
});

test('maps of different natures are never mixed: the best is the map, the others stand beside it', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  maps.addSamples(rowsOf([[1], [2]]), 'first-touches');
  maps.addSamples(rowsOf([[3], [4], [5]]), 'loads');
  maps.addSamples(rowsOf([[6, 100]]), 'tlb-misses');
  const origins = (['first-touches', 'loads', 'tlb-misses'] as const).map((nature) => originOf(nature));
  const [map] = maps.build(origins);
  assert.equal(map.nature, 'loads');
  assert.equal(map.block(0)?.samples, 3);
  assert.deepEqual(
    map.origins.map(({ nature }) => nature),
    ['loads'],
  );
  assert.deepEqual(
    map.apart.map(({ nature }) => nature),
    ['tlb-misses', 'first-touches'],
  );
  assert.equal(map.apart[1].block(0)?.touched, 2);
  assert.equal(collapseRank(map, 0), 100, 'TLB misses rank best');
  assert.deepEqual(map.unplaced, {
    'samples of page faults, kept apart': 2,
    'samples of accesses that missed the TLB, kept apart': 1,
  });
});

test('samples that missed the TLB are kept as such beside the accesses that they are', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  const { tlbMiss } = SAMPLE_FLAG;
  maps.addSamples(rowsOf([[1, 10], [1, 10, tlbMiss], [9, 10, tlbMiss], [600, 10]]), 'all-accesses'); // biome-ignore format: rows
  const [map] = maps.build([originOf('all-accesses')]);
  assert.equal(map.block(0)?.weight, 30);
  assert.equal(map.block(0)?.tlbMisses, 20);
  assert.equal(map.block(1)?.tlbMisses, 0);
  assert.deepEqual([collapseRank(map, 0), collapseRank(map, 1)], [20, 0]);
  const counts = new Uint16Array(512);
  assert.ok(map.tlbMissCounts(0, counts));
  assert.deepEqual([counts[1], counts[9]], [1, 1]);
  assert.equal(map.tlbMissCounts(1, counts), false);
  const silent = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  silent.addSamples(rowsOf([[1, 10]]), 'all-accesses');
  const [told] = silent.build([originOf('all-accesses')]);
  assert.equal(told.block(0)?.tlbMisses, undefined);
  assert.equal(collapseRank(told, 0), 10);
});

test('what was given as an unknown event joins the map of what it turned out to be', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  maps.addSamples(rowsOf([[1], [-1]]), 'unknown');
  maps.addSamples(rowsOf([[1], [2]]), 'loads');
  maps.relabel('unknown', 'loads');
  const [map] = maps.build([originOf('loads')]);
  assert.equal(map.block(0)?.samples, 3);
  assert.deepEqual(map.apart, []);
  assert.deepEqual(map.unplaced, { 'no virtual address': 1 });
  maps.relabel('loads', 'stores');
  assert.equal(maps.build([originOf('stores')])[0].nature, 'stores');
});

test('what was lost and what faded is the share that a block’s samples cannot speak for', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  builder.addCount(3, 4, 8);
  const map = builder.build([
    originOf('loads', { unseenShare: 0.2, fade: 0.5 }),
    originOf('loads', { unseenShare: 0.1 }),
  ]);
  assert.ok(Math.abs((map.block(0)?.unseenShare ?? 0) - 0.6) < 1e-12);
  assert.equal(map.block(0)?.weight, 4);
  assert.equal(builder.build([originOf('loads')]).unseenShare, 0);
});

test('a process whose heat is another one’s keeps its content', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  maps.addSamples(rowsOf([[1]]), 'loads');
  maps.addContent(PROCESS.pid, 0, new Uint8Array(64).fill(255));
  maps.addBlocks(PROCESS.pid, 7, 2);
  const [map] = maps.build([originOf('loads')], new Set([PROCESS.pid]));
  assert.equal(map.nature, undefined);
  assert.deepEqual([map.block(0)?.samples, map.block(0)?.filled, map.subPageHeat], [0, 512, false]);
  assert.deepEqual([...map.blocks()], [0, 7, 8]);
  assert.equal(maps.build([originOf('loads')])[0].block(0)?.samples, 1);
});

test('bounds are only as good as what the event could see', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let round = 0; round < 100; round++) for (const page of [1, 2, 3, 4]) builder.addSample(page, 1);
  const fractionOf = (origin: SampleOrigin) => {
    const fraction = boundedFraction(builder.build([origin]), 0);
    assert.ok(fraction !== undefined);
    return fraction;
  };
  const all = fractionOf(originOf('all-accesses'));
  assert.ok(all.high < 0.1 && all.low > 0);
  const slow = fractionOf(originOf('slow-accesses'));
  assert.deepEqual([slow.low, slow.high, slow.kept], [all.low, 1, []]);
  const faults = fractionOf(originOf('first-touches'));
  assert.deepEqual([faults.low, faults.high], [0, 1]);
  assert.match(whyNot({ nature: 'first-touches' }, 'rank'), /samples|touched a page first/);
  assert.equal(whyNot({ nature: 'all-accesses' }, 'sparse'), '');
  assert.equal(whyNot({ nature: undefined }, 'sparse'), '');
});
