/** Slices at their ends: where one begins, what a width of memory and number allows, and what is summed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { type SampleBatch, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { HeatSlices } from './heat-slices.js';

const SECOND = 1e9;

function rows(times: readonly number[], changes: Partial<SampleBatch> = {}): SampleBatch {
  const batch = sampleColumns(times.length);
  times.forEach((time, row) => {
    batch.virtualPage[row] = row;
    batch.time[row] = time;
    batch.pid[row] = PROCESS.pid;
    batch.weight[row] = 1;
  });
  batch.count = times.length;
  return { ...batch, ...changes };
}

const slicesOf = (most: number, widthMs = 1000) =>
  new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs, most });
const samplesOf = (slices: HeatSlices) =>
  slices.slices.map(({ startMs, maps }) => [startMs, maps.build([SUB_PAGE_ORIGIN])[0]?.block(0)?.samples]);

test('a slice holds its first nanosecond and not the first of the next, alone or among others', () => {
  for (const batches of [
    [[0, SECOND - 1, SECOND, 2 * SECOND - 1]],
    [
      [0, SECOND - 1],
      [SECOND, 2 * SECOND - 1],
    ],
  ]) {
    const slices = slicesOf(8);
    for (const times of batches) slices.addSamples(rows(times), 'loads');
    assert.deepEqual(samplesOf(slices), [
      [0, 2],
      [1000, 2],
    ]);
  }
  const before = slicesOf(8);
  before.addSamples(rows([-1, 0]), 'loads');
  assert.deepEqual(samplesOf(before), [
    [-1000, 1],
    [0, 1],
  ]);
});

test('times count from the origin of the batch and are brought to the clock of the slices', () => {
  const slices = slicesOf(8);
  slices.addSamples(rows([0, 1], { timeOrigin: BigInt(3 * SECOND) }), 'loads', -SECOND);
  slices.addSamples(rows([0, SECOND], { timeOrigin: BigInt(3 * SECOND) }), 'loads', -SECOND);
  assert.deepEqual(samplesOf(slices), [
    [2000, 3],
    [3000, 1],
  ]);
});

test('samples without a time are apart, whichever comes first, and are not counted among the slices', () => {
  for (const times of [
    [Number.NaN, Number.NaN, 0],
    [0, Number.NaN, Number.NaN],
  ]) {
    const slices = slicesOf(1);
    slices.addSamples(rows(times), 'loads');
    assert.deepEqual(samplesOf(slices), [
      [undefined, 2],
      [0, 1],
    ]);
    assert.equal(slices.widthMs, 1000);
  }
  const untimed = slicesOf(1);
  untimed.addSamples(rows([Number.NaN, Number.NaN]), 'loads');
  assert.deepEqual(samplesOf(untimed), [[undefined, 2]]);
});

test('as many slices as are allowed stay, one more makes them wider', () => {
  const slices = slicesOf(3);
  slices.addSamples(rows([0, SECOND, 2 * SECOND]), 'loads');
  assert.deepEqual([slices.widthMs, slices.slices.length], [1000, 3]);
  slices.addSamples(rows([3 * SECOND]), 'loads');
  assert.deepEqual(samplesOf(slices), [
    [0, 2],
    [2000, 2],
  ]);
});

test('a batch that spans many slices is put into the wider ones at once, each sample once', () => {
  const slices = slicesOf(2);
  slices.addSamples(rows(Array.from({ length: 64 }, (_, second) => second * SECOND)), 'loads');
  assert.equal(slices.widthMs, 32_000);
  assert.deepEqual(samplesOf(slices), [
    [0, 32],
    [32_000, 32],
  ]);
});

test('rows that stand for several samples do so in their slice', () => {
  const slices = slicesOf(4);
  slices.addSamples(rows([0, SECOND], { times: Float64Array.of(5, 7) }), 'loads');
  assert.deepEqual(samplesOf(slices), [
    [0, 5],
    [1000, 7],
  ]);
});

test('an unknown event of all slices becomes what it turned out to be', () => {
  const slices = slicesOf(4);
  slices.addSamples(rows([0, SECOND]), 'unknown');
  slices.relabel('unknown', 'loads');
  for (const { maps } of slices.slices) assert.deepEqual(maps.natures(), ['loads']);
});

test('all together are one slice’s maps where there is one, new maps where there are more or none', () => {
  const slices = slicesOf(4);
  assert.deepEqual(slices.total().processes, []);
  slices.addSamples(rows([0]), 'loads');
  assert.equal(slices.total(), slices.slices[0].maps);
  slices.addSamples(rows([SECOND, 2 * SECOND]), 'loads');
  const total = slices.total();
  assert.equal(total.build([{ ...SUB_PAGE_ORIGIN, nature: 'loads' }])[0].block(0)?.samples, 3);
  assert.equal(slices.slices.length, 3);
});

test('a quarter of the memory is what slices may take, before they are made wider', () => {
  const alone = slicesOf(8);
  alone.addSamples(rows([0]), 'loads');
  const each = alone.total().byteLength;
  for (const [share, widthMs] of [
    [4, 1000],
    [3.9, 2000],
  ] as const) {
    const mostBytes = 2 * share * each;
    const slices = new HeatSlices({ geometry: GEOMETRY_4K, mostBytes }, { widthMs: 1000, most: 8 });
    slices.addSamples(rows([0]), 'loads');
    slices.addSamples(rows([SECOND]), 'loads');
    assert.equal(slices.widthMs, widthMs, `${share}`);
  }
  const single = new HeatSlices({ geometry: GEOMETRY_4K, mostBytes: each }, { widthMs: 1000, most: 8 });
  single.addSamples(rows([0]), 'loads');
  assert.equal(single.widthMs, 1000, 'one slice cannot be put together with any other');
});
