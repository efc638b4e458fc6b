import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/drawing.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { HeatSlices } from './heat-slices.js';

/** Rows of `[page, seconds]`; NaN for no time. */
function rows(pairs: readonly (readonly [page: number, seconds: number])[]) {
  const batch = sampleColumns(pairs.length);
  pairs.forEach(([page, seconds], row) => {
    batch.virtualPage[row] = page;
    batch.time[row] = seconds * 1e9;
    batch.pid[row] = PROCESS.pid;
    batch.weight[row] = 1;
  });
  batch.count = pairs.length;
  return batch;
}

const shown = (slices: HeatSlices) =>
  slices.slices.map(({ startMs, maps }) => [startMs, maps.build([SUB_PAGE_ORIGIN])[0]?.block(0)?.samples]);

test('samples are counted in the slice of their time, in all slices together once', () => {
  const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 8 });
  slices.addSamples(rows([[1, 0.5], [1, 2.5], [2, 2.9], [3, Number.NaN]]), 'all-accesses'); // biome-ignore format: rows
  slices.addSamples(rows([[1, 0.9], [1, 0.1]]), 'all-accesses', 2e9); // biome-ignore format: rows
  assert.deepEqual(shown(slices), [[undefined, 1], [0, 1], [2000, 4]]); // biome-ignore format: slices
  const [map] = slices.total().build([SUB_PAGE_ORIGIN]);
  assert.deepEqual([map.block(0)?.samples, map.block(0)?.touched, map.process.pid], [6, 3, PROCESS.pid]);
});

test('more slices than are allowed are made twice as long until they are few enough', () => {
  const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 2 });
  slices.addSamples(rows([[1, 0], [1, 1], [1, 2], [1, 5]]), 'all-accesses'); // biome-ignore format: rows
  assert.equal(slices.widthMs, 4000);
  assert.deepEqual(shown(slices), [[0, 3], [4000, 1]]); // biome-ignore format: slices
  for (let second = 6; second < 30; second++) slices.addSamples(rows([[1, second]]), 'all-accesses');
  assert.equal(slices.widthMs, 16_000);
  assert.deepEqual(shown(slices), [[0, 14], [16_000, 14]]); // biome-ignore format: slices
});

test('time is given up before blocks are', () => {
  const geometry = GEOMETRY_4K;
  const single = new HeatSlices({ geometry }, { widthMs: 1000, most: 8 });
  single.addSamples(rows([[0, 0]]), 'all-accesses'); // biome-ignore format: rows
  // Room for three slices with few blocks.
  const mostBytes = 4 * 3.5 * single.total().byteLength;
  const slices = new HeatSlices({ geometry, mostBytes }, { widthMs: 1000, most: 8 });
  for (let at = 0; at < 100; at++) slices.addSamples(rows([[at * 512, at / 20]]), 'all-accesses');
  assert.equal(slices.widthMs, 2000);
  const total = slices.total();
  assert.equal(total.thinnedTo, 1);
  assert.equal(total.build([SUB_PAGE_ORIGIN])[0].size, 100);
});
