/** Single blocks, rows and parts: what a map knows of a block, which rows missed the TLB, who still counts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { assertGolden } from '../../test/support/golden.js';
import { SeededRandom } from '../base/seeded-random.js';
import { type SampleBatch, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { EvenWeights } from './even-weights.js';
import { HeatTable } from './heat-loop/heat-table.js';
import { HeatSlices } from './heat-slices.js';
import { HotMapBuilder } from './hot-map-builder.js';
import { HotMaps } from './hot-maps.js';
import { inStepOf } from './in-step.js';
import { OneRate } from './one-rate.js';
import { TlbMissRows } from './tlb-miss-rows.js';

function rows(pages: readonly number[], { pid = PROCESS.pid, weight = 1, timeNs = 0 } = {}): SampleBatch {
  const batch = sampleColumns(pages.length);
  pages.forEach((page, row) => {
    batch.virtualPage[row] = page;
    batch.pid[row] = pid;
    batch.weight[row] = weight;
    batch.time[row] = timeNs;
  });
  batch.count = pages.length;
  return batch;
}

test('a block’s counts come with its samples and what they stand for; none of a block without any', () => {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  builder.addCount(512 + 3, 4, 10);
  builder.addCount(512 + 9, 1, 6);
  builder.addBlock(5);
  const into = new Uint16Array(512);
  const map = builder.build([{ ...SUB_PAGE_ORIGIN, fade: 0.5 }]);
  assert.deepEqual(map.countedBlock(1, into), { samples: 5, weight: 8 });
  assert.deepEqual([into[3], into[9], into[4]], [4, 1, 0]);
  for (const block of [0, 5]) assert.equal(map.countedBlock(block, into), undefined);
  assert.deepEqual([into[3], into[9]], [4, 1], 'left as it was');
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  maps.addContent(PROCESS.pid, 1, new Uint8Array(64));
  const [bare] = maps.build([]);
  assert.deepEqual([bare.countedBlock(1, into), bare.counts(1, into)], [undefined, false]);
});

test('a map by bits has no count above one', () => {
  const [bits, counts] = (['bitmap', 'counts'] as const).map((detail) => {
    const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K, detail);
    for (let hit = 0; hit < 5; hit++) builder.addSample(7, 1);
    const into = new Uint16Array(512);
    builder.build([SUB_PAGE_ORIGIN]).counts(0, into);
    return into[7];
  });
  assert.deepEqual([bits, counts], [1, 5]);
});

test('of a nature that nothing was given of, nothing was left out', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  assert.deepEqual([maps.leftOut('loads'), maps.excess('loads'), maps.unplaced()], [0, 0, {}]);
  maps.addSamples(rows([1, 2]), 'loads');
  assert.deepEqual([maps.leftOut('loads'), maps.leftOut('stores'), maps.unplaced()], [0, 0, {}]);
});

test('rows of a batch that has none which missed the TLB are not looked at', () => {
  const unread = new Proxy(new Uint16Array(2), {
    get: () => assert.fail('the flags were read'),
  });
  const batch = { ...rows([1, 2]), flags: unread as never, flagsSeen: 0 };
  assert.equal(new TlbMissRows().of(batch).count, 0);
});

test('a table that is thinned out keeps whose its blocks are, and the samples that are drawn', () => {
  const table = new HeatTable(GEOMETRY_4K, 'counts', () => true);
  table.addSamples(rows([1, 1, 1, 513], { pid: 7, weight: 3 }));
  table.addSamples(rows([1, 9], { pid: 300, weight: 5 }));
  assert.equal(
    table.rarefy(0.5, (count) => Math.ceil(count / 2)),
    1,
  );
  const told = [
    [7, 0],
    [7, 1],
    [300, 0],
    [300, 1],
    [8, 0],
  ].map(([pid, block]) => {
    // biome-ignore format: rows
    const heat = table.heatOf(pid, block);
    return heat && [heat.samples, heat.weight, heat.touched];
  });
  assert.deepEqual(told, [[2, 12, 1], [1, 6, 1], [2, 20, 2], undefined, undefined]); // biome-ignore format: rows
  assert.deepEqual([table.blocksOf(7), table.blocksOf(300), table.size], [[0, 1], [0], 3]);
  assert.deepEqual([table.forget(7), table.forget(7), table.blocksOf(300)], [3, 0, [0]]);
});

test('rows that are said to have one weight count as they do when each is looked at', () => {
  const outcome = (isSaid: boolean) => {
    const weights = new EvenWeights();
    return [0, 1, 1, 8, 64, 2, 0].map((weight) => {
      const batch = rows(Array(500).fill(3), { weight });
      const inCommon = { span: undefined, weight, virtualRows: 500 };
      const { batch: kept, thinTo } = weights.of(isSaid ? { ...batch, inCommon } : batch);
      return [kept.count, thinTo, weights.leftOut, weights.excess];
    });
  };
  assert.deepEqual(outcome(true), outcome(false));
  assert.ok(outcome(true).some(([, thinTo]) => thinTo < 1));
});

test('what has left is thinned out no more', () => {
  const rate = new OneRate();
  const asked = [0, 0];
  const parts = asked.map((_, index) => ({
    rarefy() {
      asked[index]++;
      return 10 ** index;
    },
  }));
  for (const part of parts) rate.join(part);
  const given = (weight: number) => rate.evened(rows(Array(2000).fill(3), { weight }), 'loads');
  given(1);
  assert.equal(rate.of('loads')?.leftOut, 0);
  for (let round = 0; round < 5; round++) given(64);
  const [first] = asked;
  assert.ok(first > 0 && asked[1] === first, `${asked}`);
  assert.equal(rate.of('loads')?.leftOut, 11 * first);
  rate.leave(parts[0]);
  for (let round = 0; round < 5; round++) given(4096);
  assert.equal(asked[0], first);
  assert.ok(asked[1] > first);
  assert.equal(rate.of('stores'), undefined);
});

test('an ended process is forgotten in the slices that have ended by then, and in no later one', () => {
  const samples = (untilNs?: number) => {
    const slices = new HeatSlices({ geometry: GEOMETRY_4K }, { widthMs: 1000, most: 8 });
    for (const second of [0, 1, 2]) slices.addSamples(rows([1], { timeNs: second * 1e9 + 5 }), 'loads');
    slices.forget(PROCESS.pid, untilNs);
    return slices.slices.map(({ maps }) => maps.build([SUB_PAGE_ORIGIN])[0]?.block(0)?.samples ?? 0);
  };
  assert.deepEqual(samples(1e9 - 1), [1, 1, 1]);
  assert.deepEqual(samples(1e9), [0, 1, 1]);
  assert.deepEqual(samples(2e9 - 1), [0, 1, 1]);
  assert.deepEqual(samples(2e9), [0, 0, 1]);
  assert.deepEqual(samples(), [0, 0, 0]);
});

const told = (counts: Uint16Array, periods: readonly number[]) => {
  const found = inStepOf(counts, periods);
  return found === undefined ? '.' : found.distance === undefined ? 'e' : String(Math.log2(found.distance));
};

/** `.` proves nothing against chance, `e` is too even, a digit the distance of pages in step as a power of two. */
test('which counts look as if they were in step, by how many samples and how they came', () => {
  const counts = (samples: number, page: (sample: number) => number) => {
    const into = new Uint16Array(512);
    for (let sample = 0; sample < samples; sample++) into[page(sample) % 512]++;
    return into;
  };
  const many = Array.from({ length: 90 }, (_, at) => 4 + 3 * at);
  const lines: string[] = [];
  const add = (title: string, of: (samples: number) => Uint16Array) =>
    lines.push(`${title}: ${many.map((samples) => told(of(samples), [4096])).join('')}`);
  for (const step of [16, 64, 128, 10_000, 171, 10_007])
    add(`walk by ${step}`, (n) => counts(n, (at) => 5 + at * step));
  for (const each of [1.3, 1.7, 2, 2.5, 3, 4, 6, 12, 31, 33])
    for (const gap of [1, 3, 7])
      add(`${each} a page, each ${gap}th`, (n) => counts(n, (at) => gap * Math.floor(at / each)));
  for (const hot of [6, 8, 9, 20, 60, 300])
    for (let seed = 1; seed <= 4; seed++) {
      const random = new SeededRandom(seed);
      const drawn = Array.from({ length: 300 }, () => random.below(hot));
      add(`${hot} by chance, ${seed}`, (n) => counts(n, (at) => 5 * drawn[at]));
      add(`${hot} half by chance, ${seed}`, (n) => counts(n, (at) => (at % 3 === 0 ? drawn[at] : at % hot)));
      add(`${hot} ramps, ${seed}`, (n) =>
        counts(n, (at) => 40 + Math.floor(Math.sqrt(at * hot)) + (drawn[at] % 2)),
      );
      add(`${hot} twins, ${seed}`, (n) => counts(n, (at) => 2 * Math.floor(at / 4) + (drawn[at] % 2)));
    }
  assertGolden('hotness/in-step.txt', `${lines.join('\n')}\n`);
});
