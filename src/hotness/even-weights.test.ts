import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { COMPLETE, type SampleColumns, type SampleOrigin, sampleColumns } from '../vocabulary/sample.js';
import { pageGeometry } from '../vocabulary/units.js';
import { density, hotFraction } from './confidence.js';
import { EvenWeights } from './even-weights.js';
import { HotMaps } from './hot-maps.js';

const GEOMETRY = pageGeometry(4096, 2 << 20);
const BLOCK = 1000;
const FIRST = BLOCK * GEOMETRY.pagesPerBlock;
const ORIGIN: SampleOrigin = {
  source: 'perf-file',
  detail: 'perf.data',
  tells: 'heat',
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  nature: 'all-accesses',
  ...COMPLETE,
  windowNs: undefined,
};
const everyone = () => true;

/** One row for each page, with the weight that `weightOf` says of its number. */
function rows(pages: readonly number[], weightOf: (row: number) => number): SampleColumns {
  const batch = sampleColumns(pages.length);
  pages.forEach((page, row) => {
    batch.pid[row] = 7;
    batch.virtualPage[row] = FIRST + page;
    batch.weight[row] = weightOf(row);
  });
  batch.count = pages.length;
  return batch;
}

const random = new SeededRandom(5);
const drawn = (count: number, pages: number) => Array.from({ length: count }, () => random.below(pages));

function verdict(...batches: readonly SampleColumns[]) {
  const maps = new HotMaps({ geometry: GEOMETRY });
  for (const batch of batches) maps.addSamples(batch);
  const [map] = maps.build([ORIGIN]);
  const fraction = hotFraction(map, BLOCK);
  assert.ok(fraction !== undefined);
  return { maps, map, fraction, density: density(fraction, 0.1, 0.9) };
}

test('many samples of few accesses do not outvote few samples of many', () => {
  // 99.9 % of the accesses went all over the block, at a period of a million; then 20 000 samples of three pages.
  const busy = rows(drawn(2000, 512), () => 1e6);
  const idle = rows(drawn(20_000, 3), () => 100);
  for (const batches of [
    [busy, idle],
    [idle, busy],
    [idle, busy, idle],
  ]) {
    const { density: found, fraction, map } = verdict(...batches);
    assert.equal(found, 'dense');
    assert.ok(fraction.low > 0.5, `${fraction.low}`);
    const weight = map.block(BLOCK)?.weight ?? 0;
    assert.ok(Math.abs(weight / 2.002e9 - 1) < 0.02, `${weight}`);
  }
});

test('samples of one period are counted whole, in whatever unit it is', () => {
  for (const period of [1, 10_007, 1e9]) {
    const { map, maps } = verdict(
      rows(drawn(500, 3), () => period),
      rows(drawn(500, 3), () => period),
    );
    assert.equal(map.block(BLOCK)?.samples, 1000);
    assert.equal(map.unseenShare, 0);
    assert.deepEqual(maps.unplaced(), {});
  }
});

test('a frequency that wanders costs some samples and next to no certainty', () => {
  const pages = drawn(4000, 3);
  const { map, maps, density: found } = verdict(rows(pages, (row) => 1e5 * (1 + 0.2 * Math.sin(row / 50))));
  assert.equal(found, 'sparse');
  const samples = map.block(BLOCK)?.samples ?? 0;
  assert.ok(samples > 3000 && samples < 4000, `${samples}`);
  assert.ok(map.unseenShare < 0.02, `${map.unseenShare}`);
  assert.equal(
    samples + (maps.unplaced()['left out, so that samples of all periods count alike'] ?? 0),
    4000,
  );
});

test('the samples left of two rates are as of one', () => {
  const even = new EvenWeights();
  const counts = [0, 0];
  for (let turn = 0; turn < 50; turn++) {
    // Page 0 is sampled eight times as often; both have as many accesses.
    const { batch } = even.of(
      rows([...Array(800).fill(0), ...Array(100).fill(1)], (row) => (row < 800 ? 1 : 8)),
      everyone,
    );
    for (let row = 0; row < batch.count; row++) counts[batch.virtualPage[row] - FIRST]++;
  }
  assert.equal(counts[1], 5000);
  assert.ok(Math.abs(counts[0] - 5000) < 300, `${counts[0]}`);
});

test('a few samples of a huge weight are not what all others are measured by', () => {
  const { map } = verdict(rows(drawn(5001, 3), (row) => (row === 77 ? 40_000 : 1000)));
  assert.equal(map.block(BLOCK)?.samples, 5001);
  assert.ok(map.unseenShare > 0.005 && map.unseenShare < 0.011, `${map.unseenShare}`);
});

test('rows of many samples are drawn from as if they stood alone', () => {
  const even = new EvenWeights();
  const batch = {
    ...rows([0, 1], (row) => (row === 0 ? 10_000 : 100_000)),
    times: Float64Array.of(10_000, 10_000),
  };
  const { batch: kept } = even.of(batch, everyone);
  assert.equal(kept.times?.[1], 10_000);
  assert.ok(Math.abs((kept.times?.[0] ?? 0) - 1000) < 150, `${kept.times?.[0]}`);
  assert.equal(even.draw(5, 1), 5);
});

test('processes that are not kept have no say', () => {
  const other = rows(drawn(50, 3), () => 1e9);
  other.pid.fill(8);
  const maps = new HotMaps({
    geometry: GEOMETRY,
    processes: [{ pid: 7, startTicks: 0, command: 'db', cgroup: '/' }],
  });
  maps.addSamples(rows(drawn(500, 3), () => 1000));
  maps.addSamples(other);
  assert.equal(maps.build([ORIGIN])[0].block(BLOCK)?.samples, 500);
});
