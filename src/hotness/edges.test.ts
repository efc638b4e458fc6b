/** Maps without what others have: heat, TLB misses, content, processes; and comparisons at their bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS, SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { SAMPLE_FLAG, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { seesSubPages } from './built-hot-map.js';
import { compareMaps, ratioBounds } from './compare.js';
import { collapseRank } from './conclusions.js';
import { claims, density, fewestSamples, markKept, sparseClaim, surelyWider } from './confidence.js';
import { countedBlocks, heatHistogram } from './histogram.js';
import { HotMapBuilder } from './hot-map-builder.js';
import { HotMaps } from './hot-maps.js';
import { TlbMissRows } from './tlb-miss-rows.js';
import { leastToKeep, uncovered } from './uncovered.js';

const builder = () => new HotMapBuilder(PROCESS, GEOMETRY_4K);

test('counts of nothing make no block and no word about TLB misses', () => {
  const one = builder();
  one.addCount(5, 0, 0);
  one.addTlbMisses(5, 0, 0);
  one.addTlbMisses(5, -1, 0);
  assert.equal(one.size, 0);
  one.addCount(5, 1, 2);
  assert.equal(one.block(0)?.tlbMisses, undefined);
  one.addTlbMisses(6, 1, 2);
  assert.deepEqual([one.block(0)?.tlbMisses, one.size], [2, 1]);
});

test('a block that is only known to be there has no samples; its content is a copy', () => {
  const one = builder();
  one.addBlock(3);
  assert.deepEqual(
    [one.block(3)?.samples, one.block(3)?.touched, one.block(3)?.filled, one.block(4)],
    [0, 0, undefined, undefined],
  );
  const bits = new Uint8Array(64);
  bits[0] = 5;
  one.setContent(2, bits);
  bits[0] = 0;
  const found = new Uint8Array(64);
  assert.deepEqual([one.filled(2, found), found[0], one.block(2)?.filled], [true, 5, 2]);
  assert.equal(one.filled(3, found), false);
  assert.equal(one.counts(3, new Uint16Array(512)), false);
  assert.deepEqual([...one.blocks()], [2, 3]);
  const before = builder().byteLength;
  assert.equal(one.byteLength - before, 64);
});

test('sub-pages are seen by heat of single pages that no huge page hides', () => {
  const { granularity } = SUB_PAGE_ORIGIN;
  assert.equal(seesSubPages(SUB_PAGE_ORIGIN), true);
  assert.equal(seesSubPages({ ...SUB_PAGE_ORIGIN, tells: 'content' }), false);
  assert.equal(seesSubPages({ ...SUB_PAGE_ORIGIN, granularity: { ...granularity, pages: 2 } }), false);
  const blind = { ...granularity, blindInsideHugePages: true };
  assert.equal(seesSubPages({ ...SUB_PAGE_ORIGIN, granularity: blind }), false);
  const one = builder();
  assert.equal(one.build([]).subPageHeat, false);
  assert.equal(one.build([SUB_PAGE_ORIGIN, { ...SUB_PAGE_ORIGIN, granularity: blind }]).subPageHeat, false);
});

test('without processes asked for, those of the samples are kept, and named later', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K });
  const batch = sampleColumns(2);
  batch.pid.set([7, 9]);
  batch.virtualPage.set([512, 1024]);
  batch.weight.set([1, 1]);
  batch.count = 2;
  maps.addSamples(batch);
  maps.name({ pid: 7, startTicks: 4, command: 'x', cgroup: '/x' });
  maps.name({ pid: 8, startTicks: 4, command: 'y', cgroup: '/' });
  maps.addContent(11, 3, new Uint8Array(64));
  assert.deepEqual(
    maps.processes.map(({ pid, command, startTicks }) => [pid, command, startTicks]),
    [
      [7, 'x', 4],
      [9, '', 0],
      [11, '', 0],
    ],
  );
  assert.deepEqual([maps.natures(), maps.thinnedTo], [['all-accesses'], 1]);
  assert.ok(maps.byteLength > 0);
  assert.deepEqual(
    maps.build([SUB_PAGE_ORIGIN]).map((map) => [...map.blocks()]),
    [[1], [2], [3]],
  );
  const asked = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  asked.addContent(9, 3, new Uint8Array(64));
  asked.addBlocks(9, 3, 1);
  asked.addBlocks(PROCESS.pid, 4, 2);
  assert.deepEqual(
    asked.build([]).map((map) => [...map.blocks()]),
    [[4, 5]],
  );
  assert.deepEqual([new HotMaps({ geometry: GEOMETRY_4K }).thinnedTo, asked.byteLength], [1, 0]);
});

test('rows that missed the TLB are picked out of any batch, with their times', () => {
  const rows = new TlbMissRows();
  const batchOf = (flags: readonly number[], isTimed = false) => {
    const batch = sampleColumns(flags.length);
    batch.flags.set(flags);
    for (const at of flags.keys()) {
      batch.pid[at] = at + 1;
      batch.virtualPage[at] = at + 10;
      batch.weight[at] = at + 100;
    }
    batch.count = flags.length;
    return isTimed ? { ...batch, times: Float64Array.from(flags, (_, at) => at + 1000) } : batch;
  };
  const { tlbMiss, kernel } = SAMPLE_FLAG;
  assert.equal(rows.of(batchOf([0, kernel])).count, 0);
  const found = rows.of(batchOf([0, tlbMiss, 0, tlbMiss | kernel], true));
  assert.deepEqual(
    [0, 1].map((at) => [
      found.pid[at],
      found.virtualPage[at],
      found.weight[at],
      found.flags[at],
      found.times?.[at],
    ]),
    [
      [2, 11, 101, tlbMiss, 1001],
      [4, 13, 103, tlbMiss | kernel, 1003],
    ],
  );
  assert.equal(found.count, 2);
  const plain = rows.of(batchOf([tlbMiss]));
  assert.deepEqual([plain.count, plain.pid[0], plain.times], [1, 1, undefined]);
  const more = rows.of(batchOf(Array(50).fill(tlbMiss), true));
  assert.deepEqual([more.count, more.pid[49], more.times?.[49]], [50, 50, 1049]);
});

test('shares of the accesses are compared by samples and by the size of the files', () => {
  const nothing = { samples: 0, of: 10 };
  assert.deepEqual(ratioBounds(nothing, nothing), { low: 0, high: Number.POSITIVE_INFINITY });
  const same = ratioBounds({ samples: 1000, of: 5000 }, { samples: 1000, of: 5000 });
  assert.ok(same.low > 0.9 && same.low < 1 && same.high > 1 && same.high < 1.1);
  const doubled = ratioBounds({ samples: 1000, of: 10_000 }, { samples: 1000, of: 5000 });
  assert.ok(Math.abs(doubled.low / same.low - 2) < 1e-9 && Math.abs(doubled.high / same.high - 2) < 1e-9);
  assert.deepEqual(ratioBounds({ samples: 5, of: 10 }, nothing).low, 0);
  assert.equal(ratioBounds(nothing, { samples: 5, of: 10 }).high, Number.POSITIVE_INFINITY);
});

test('every block of either map is compared, in order, and those without samples are not', () => {
  const [before, after] = [builder(), builder()];
  for (let hit = 0; hit < 2000; hit++) {
    before.addSample(9 * 512 + (hit % 4), 1);
    after.addSample(9 * 512 + (hit % 4), 1);
    after.addSample(2 * 512 + (hit % 512), 1);
    if (hit < 1000) before.addSample(700 * 512, 1);
  }
  before.addBlock(4);
  const maps = [before, after].map((one) => one.build([SUB_PAGE_ORIGIN]));
  const options = { factor: 2, sparseBelow: 0.1 };
  const found = compareMaps(maps[0], maps[1], { before: 3000, after: 3000 }, options);
  assert.deepEqual(
    found.map(({ block, heat, sparseBefore, sparseAfter }) => [block, heat, sparseBefore, sparseAfter]),
    [
      [2, 'hotter', 'unknown', 'wider'],
      [9, 'same', 'sparse', 'sparse'],
      [700, 'colder', 'sparse', 'unknown'],
    ],
  );
  assert.deepEqual(
    [found[0].before, found[0].after],
    [
      { samples: 0, of: 3000 },
      { samples: 2000, of: 3000 },
    ],
  );
  const alone = compareMaps(undefined, maps[1], { before: 1, after: 3000 }, options);
  assert.deepEqual(
    alone.map(({ block }) => block),
    [2, 9],
  );
  assert.deepEqual(compareMaps(maps[0], undefined, { before: 1, after: 1 }, options).length, 2);
});

test('a histogram has each block where its interval lies, and huge pages without samples anywhere', () => {
  const one = builder();
  for (let hit = 0; hit < 4000; hit++) one.addSample(hit % 4, 1);
  for (let hit = 0; hit < 40_000; hit++) one.addSample(512 + (hit % 512), 1);
  one.addBlock(7);
  const map = one.build([SUB_PAGE_ORIGIN]);
  assert.deepEqual([...countedBlocks(map, undefined)], [0, 1]);
  assert.deepEqual([...countedBlocks(map, new Map([[PROCESS.pid, new Set([7])]]))], [7]);
  assert.deepEqual([...countedBlocks(map, new Map([[5, new Set([7])]]))], []);
  const { blocks, unknown, bins } = heatHistogram([map], 4, new Map([[PROCESS.pid, new Set([0, 7])]]));
  assert.deepEqual([blocks, unknown], [2, 1]);
  assert.deepEqual(bins, [
    { from: 0, to: 0.25, least: 1, most: 2, seen: 1 },
    { from: 0.25, to: 0.5, least: 0, most: 1, seen: 0 },
    { from: 0.5, to: 0.75, least: 0, most: 1, seen: 0 },
    { from: 0.75, to: 1, least: 0, most: 1, seen: 0 },
  ]);
  const all = heatHistogram([map]);
  assert.deepEqual([all.blocks, all.bins.length, all.bins[9].seen, all.bins[0].seen], [2, 10, 1, 1]);
});

test('claims at their bounds', () => {
  const counts = new Uint16Array(512);
  counts.fill(1000, 0, 8);
  const fraction = claims({ counts, samples: 8000, isBitmap: false, unseenShare: 0 });
  assert.equal(fraction.seen, 8 / 512);
  const claim = sparseClaim(fraction, 8 / 512, 0.9);
  assert.equal(claim?.pages, 8);
  assert.equal(sparseClaim(fraction, 7 / 512, 0.9), undefined);
  assert.equal(sparseClaim(fraction, 1, 1), undefined);
  assert.equal(density(fraction, 8 / 512, 1), 'sparse');
  assert.equal(density(fraction, 0, 8 / 512), 'unknown');
  assert.equal(density(fraction, 0, 7 / 512), 'dense');
  assert.ok(fraction.low > 0 && fraction.low <= 8 / 512 && fraction.high >= 8 / 512 && fraction.high < 0.02);
  assert.equal(surelyWider(fraction, fraction.low * 0.9), true);
  assert.equal(surelyWider(fraction, fraction.low), false);
  assert.equal(surelyWider(fraction, 0, 0.5), false);
  const lost = claims({ counts, samples: 8000, isBitmap: false, unseenShare: 0.95 });
  assert.ok(lost.low === 0 && lost.high > 0.99);
  const inUse = new Uint8Array(64);
  if (claim) markKept(counts, claim, inUse);
  // The claim is of single pages or of the piece of 16 that they lie in.
  const marked = inUse.reduce((sum, byte) => sum + (byte === 255 ? 8 : 0), 0);
  assert.deepEqual([marked, inUse[0]], [claim?.order === 4 ? 16 : 8, 255]);
});

test('the fewest samples that can show something are the fewest', () => {
  for (const keeping of [0.5, 0.9]) {
    const fewest = fewestSamples(512, keeping);
    const shows = (samples: number) => {
      const counts = new Uint16Array(512);
      counts[0] = samples;
      return claims({ counts, samples, isBitmap: false, unseenShare: 0 }).kept.some(
        ({ least }) => least >= keeping,
      );
    };
    assert.deepEqual([shows(fewest), shows(fewest - 1)], [true, false], `${fewest}`);
  }
  assert.equal(fewestSamples(512, 1), Number.POSITIVE_INFINITY);
});

test('the samples that a unit needs grow by steps, up to a bound', () => {
  assert.deepEqual([leastToKeep(1, 512), leastToKeep(512, 512), leastToKeep(1024, 512)], [1, 2, 3]);
  assert.deepEqual([leastToKeep(2 ** 30, 512), leastToKeep(1000, Number.POSITIVE_INFINITY)], [256, 1]);
  const found = uncovered(Float64Array.from([1, 1, 2, 6]), 10, Number.POSITIVE_INFINITY, 0.05);
  assert.deepEqual([found.kept, found.least, found.expected], [4, 1, 0.2]);
  assert.ok(found.worst > 0.2 && found.worst <= 1);
});

test('blocks rank by the misses that are told, else by their accesses', () => {
  const one = builder();
  one.addCount(1, 2, 30);
  assert.deepEqual(
    [0, 5].map((block) => collapseRank(one.build([SUB_PAGE_ORIGIN]), block)),
    [30, 0],
  );
  one.addTlbMisses(600, 1, 4);
  assert.deepEqual(
    [0, 1].map((block) => collapseRank(one.build([SUB_PAGE_ORIGIN]), block)),
    [0, 0],
  );
});

test('a process without heat has the memory of its content alone, and nothing to say of other blocks', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  maps.addBlocks(PROCESS.pid, 3, 1);
  maps.addContent(PROCESS.pid, 4, new Uint8Array(64).fill(1));
  const [map] = maps.build([]);
  assert.equal(map.byteLength, 64);
  assert.equal(map.block(7), undefined);
  assert.deepEqual(map.block(3), {
    ...{ block: 3, samples: 0, weight: 0, touched: 0, once: 0, twice: 0 },
    ...{ tlbMisses: undefined, unseenShare: 0, filled: undefined },
  });
  const counts = new Uint16Array(512);
  assert.deepEqual([map.counts(3, counts), map.tlbMissCounts(3, counts)], [false, false]);
});

test('a block with heat beside others is the only one with counts; misses add to the memory', () => {
  const one = builder();
  one.addCount(5, 2, 8);
  one.addBlock(3);
  const heated = one.byteLength;
  const counts = new Uint16Array(512);
  assert.deepEqual([one.counts(0, counts), counts[5], one.counts(3, counts)], [true, 2, false]);
  one.addTlbMisses(5, 1, 4);
  assert.ok(one.byteLength > heated + 1000, `${one.byteLength} after ${heated}`);
  const faded = one.build([{ ...SUB_PAGE_ORIGIN, fade: 0.25 }]);
  assert.deepEqual([faded.block(0)?.weight, faded.block(0)?.tlbMisses], [2, 1]);
  assert.equal(faded.block(3)?.tlbMisses, 0);
});

test('misses told apart rank a block that has none last', () => {
  const maps = new HotMaps({ geometry: GEOMETRY_4K, processes: [PROCESS] });
  const batch = sampleColumns(1);
  batch.pid.set([PROCESS.pid]);
  batch.virtualPage.set([512]);
  batch.weight.set([1]);
  batch.count = 1;
  maps.addSamples(batch, 'loads');
  batch.virtualPage.set([1024]);
  maps.addSamples(batch, 'tlb-misses');
  const origins = (['loads', 'tlb-misses'] as const).map((nature) => ({ ...SUB_PAGE_ORIGIN, nature }));
  const [map] = maps.build(origins);
  assert.deepEqual(
    [1, 2, 9].map((block) => collapseRank(map, block)),
    [0, 1, 0],
  );
});
