import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import fc from '../../test/support/properties.js';
import { SAMPLE_FLAG, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { HeatTable } from './heat-loop/heat-table.js';
import { HotMapBuilder, type HotMapDetail } from './hot-map-builder.js';
import { HotMaps } from './hot-maps.js';

const PAGES = 512;

test('a table finds what a Map finds, for several processes and numbers beyond 32 bits', () => {
  const key = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 0, max: 2 ** 43 }));
  fc.assert(
    fc.property(fc.array(key, { maxLength: 600 }), (keys) => {
      const table = new HeatTable(GEOMETRY_4K, 'bitmap', () => true);
      const expected = new Map<string, number>();
      for (const [pid, block] of keys) {
        table.addCount(pid, block * PAGES + 5, 1, 2);
        expected.set(`${pid}/${block}`, (expected.get(`${pid}/${block}`) ?? 0) + 1);
      }
      for (const [pid, block] of keys) {
        const address = table.find(pid, block);
        assert.equal(table.samples(address), expected.get(`${pid}/${block}`));
        assert.equal(table.weight(address), 2 * table.samples(address));
      }
      assert.equal(table.find(1, 2 ** 44), 0);
      const listed = [1, 2, 3].flatMap((pid) => table.blocksOf(pid).map((block) => `${pid}/${block}`));
      assert.deepEqual(listed.sort(), [...expected.keys()].sort());
    }),
    { numRuns: 60 },
  );
});

test('counters, touched, once and twice agree with a plain count', () => {
  const pages = fc.array(fc.integer({ min: 0, max: 3 * PAGES - 1 }), { maxLength: 400 });
  fc.assert(
    fc.property(pages, (samples) => {
      const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
      const plain = new Map<number, number>();
      for (const page of samples) {
        builder.addSample(page, 3);
        plain.set(page, (plain.get(page) ?? 0) + 1);
      }
      const map = builder.build([SUB_PAGE_ORIGIN]);
      for (const block of map.blocks()) {
        const mine = [...plain].filter(([page]) => Math.floor(page / PAGES) === block);
        const found = map.block(block)!;
        assert.equal(
          found.samples,
          mine.reduce((sum, [, count]) => sum + count, 0),
        );
        assert.equal(found.weight, found.samples * 3);
        assert.equal(found.touched, mine.length);
        assert.equal(found.once, mine.filter(([, count]) => count === 1).length);
        assert.equal(found.twice, mine.filter(([, count]) => count === 2).length);
      }
    }),
  );
});

function bytesPerBlock(detail: HotMapDetail): number {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K, detail);
  const blocks = 32_768;
  for (let block = 0; block < blocks; block++) builder.addSample(block * PAGES + (block % PAGES), 1);
  return builder.byteLength / blocks;
}

test('a tracked block takes at most 1.2 KiB at full detail and 128 bytes as a bitmap', () => {
  assert.ok(bytesPerBlock('counts') <= 1.2 * 1024, `${bytesPerBlock('counts')}`);
  assert.ok(bytesPerBlock('bitmap') <= 128, `${bytesPerBlock('bitmap')}`);
});

test('a counter saturates instead of wrapping', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (let hit = 0; hit < 70_000; hit++) builder.addSample(7, 1);
  const counts = new Uint16Array(PAGES);
  builder.counts(0, counts);
  assert.equal(counts[7], 65_535);
  assert.equal(builder.block(0)?.samples, 70_000);
});

test('a bitmap-only map knows the same touched pages', () => {
  const [counts, bitmap] = (['counts', 'bitmap'] as const).map((detail) => {
    const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K, detail);
    for (const page of [0, 0, 9, 511]) builder.addSample(page, 1);
    return builder.block(0)!;
  });
  assert.equal(bitmap.touched, counts.touched);
  assert.equal(bitmap.samples, counts.samples);
  assert.equal(bitmap.once, undefined);
});

test('samples without a place are counted by reason, never dropped', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  const batch = sampleColumns(8);
  const rows: [page: number, pid: number, flags: number][] = [
    [512_000, 100, 0],
    [-1, 100, 0],
    [512_001, 100, SAMPLE_FLAG.guest],
    [2 ** 51, 100, SAMPLE_FLAG.kernel],
    [512_002, 0, 0],
    [512_003, 77, 0],
  ];
  rows.forEach(([page, pid, flags], row) => {
    batch.virtualPage[row] = page;
    batch.pid[row] = pid;
    batch.flags[row] = flags;
    batch.weight[row] = 1;
  });
  batch.count = rows.length;
  maps.addSamples(batch);
  assert.deepEqual(maps.unplaced(), {
    'no virtual address': 1,
    'guest address': 1,
    'kernel address': 1,
    'unknown process': 1,
    'other process': 1,
  });
  assert.equal(maps.build([SUB_PAGE_ORIGIN])[0].block(1000)?.samples, 1);
});
