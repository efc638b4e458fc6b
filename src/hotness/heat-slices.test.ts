import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { xorshift } from '../../test/support/random.js';
import { sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { HeatSlices } from './heat-slices.js';
import { HotMaps } from './hot-maps.js';

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

test('slices whose samples have different periods add up to the whole, at one rate', () => {
  const draw = xorshift(750);
  for (let turn = 0; turn < 12; turn++) {
    const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 4 + (draw() % 8) });
    const whole = new HotMaps({ geometry: GEOMETRY_4K });
    const periods = Array.from({ length: 8 }, () => 2 ** (draw() % 8));
    for (let part = 0; part < 20; part++) {
      const batch = rows(
        Array.from({ length: 300 }, () => [draw() % 40, (draw() % 8000) / 1000] as const).sort(
          (a, b) => a[1] - b[1],
        ),
      );
      for (let row = 0; row < batch.count; row++)
        batch.weight[row] = periods[Math.floor(batch.time[row] / 1e9)];
      slices.addSamples(batch, 'all-accesses');
      whole.addSamples(batch, 'all-accesses');
    }
    const total = slices.total();
    const [map] = total.build([SUB_PAGE_ORIGIN]);
    const [expected] = whole.build([SUB_PAGE_ORIGIN]);
    const sum = new Uint16Array(512);
    let weight = 0;
    for (const { maps } of slices.slices) {
      const [slice] = maps.build([SUB_PAGE_ORIGIN]);
      const counts = new Uint16Array(512);
      slice.counts(0, counts);
      counts.forEach((count, page) => {
        sum[page] += count;
      });
      weight += slice.block(0)?.weight ?? 0;
    }
    const counts = new Uint16Array(512);
    map.counts(0, counts);
    assert.deepEqual(sum, counts, `turn ${turn}`);
    const [inSlices, inOne] = [map.block(0), expected.block(0)];
    assert.ok(inSlices !== undefined && inOne !== undefined);
    assert.ok(Math.abs(weight / inSlices.weight - 1) < 1e-9, `${weight} ${inSlices.weight}`);
    // The same accesses at the same rate as without slices, but for what chance left out.
    assert.equal(inSlices.samples + total.leftOut('all-accesses'), 6000);
    assert.ok(
      Math.abs(inSlices.samples - inOne.samples) < 5 * Math.sqrt(inOne.samples) + 5,
      `${inSlices.samples} ${inOne.samples}`,
    );
    assert.ok(Math.abs(inSlices.weight / inOne.weight - 1) < 0.03);
  }
});

test('a slice of a short period has no more say than its accesses', () => {
  const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 8 });
  const pairs = (count: number, second: number, page: number) =>
    Array.from({ length: count }, () => [page, second] as const);
  const often = rows(pairs(4000, 0.5, 1));
  const seldom = rows(pairs(500, 5.5, 2));
  seldom.weight.fill(8);
  slices.addSamples(often, 'all-accesses');
  slices.addSamples(seldom, 'all-accesses');
  const [first, second] = slices.slices.map(
    ({ maps }) => maps.build([SUB_PAGE_ORIGIN])[0].block(0)?.samples ?? 0,
  );
  assert.equal(second, 500);
  assert.ok(Math.abs(first - 500) < 120, `${first}`);
});

test('what was sampled of a process before it began anew is dropped from all slices', () => {
  const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 8 });
  slices.addSamples(rows([[1, 0.5], [1, 2.5]]), 'all-accesses'); // biome-ignore format: rows
  slices.forget(PROCESS.pid + 1);
  slices.forget(PROCESS.pid);
  slices.addSamples(rows([[2, 2.9]]), 'all-accesses'); // biome-ignore format: rows
  const total = slices.total();
  assert.deepEqual(total.unplaced(), { 'samples of programs that processes ran before': 2 });
  assert.equal(total.build([SUB_PAGE_ORIGIN])[0].block(0)?.samples, 1);
});

test('samples of an event that gets its nature late come to the rate of those that had it', () => {
  for (const other of [1, 64]) {
    const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 8 });
    const known = rows(Array.from({ length: 1000 }, () => [1, 0.5] as const));
    const late = rows(Array.from({ length: 1000 }, () => [2, 3.5] as const));
    known.weight.fill(8);
    late.weight.fill(other);
    slices.addSamples(known, 'all-accesses');
    slices.addSamples(late, 'unknown');
    slices.relabel('unknown', 'all-accesses');
    const total = slices.total();
    assert.deepEqual(total.natures(), ['all-accesses']);
    const [map] = total.build([SUB_PAGE_ORIGIN]);
    const counts = new Uint16Array(512);
    map.counts(0, counts);
    const ratio = counts[2] / counts[1];
    assert.ok(Math.abs(ratio / (other / 8) - 1) < 0.35, `${counts[1]} ${counts[2]}`);
    assert.ok(Math.abs((map.block(0)?.weight ?? 0) / (1000 * (8 + other)) - 1) < 0.1);
  }
});
