import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { type BlockRates, leastTimes, STEPS, type TranslationCosts } from './speed-bound.js';

interface Costs extends TranslationCosts {
  readonly smallNs: number;
}

const COSTS: Costs = { firstEntries: 2, secondEntries: 3, hitNs: 8, smallNs: 40, hugeNs: 10 };

/** What is saved against walking each time, walks taking the same in all layouts. */
const mostSaved = (blocks: readonly BlockRates[], costs: Costs = COSTS) =>
  leastTimes(blocks, costs, [{ removed: 0, walkNs: costs.smallNs }]).map((ns) => costs.smallNs - ns);

const block = (entries: readonly number[], emptyBytes: number): BlockRates => ({
  pieces: [{ entries: Float64Array.from(entries), emptyBytes: undefined }],
  emptyBytes,
});

const accessesOf = ({ pieces }: BlockRates) => sum(pieces.flatMap(({ entries }) => [...entries]));

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

/** What the most popular entries save beyond walking each time, the best of them in the first level. */
function keptNs(walks: readonly { readonly share: number; readonly ns: number }[], costs: Costs): number {
  let most = 0;
  // Which of them are in the first level is tried as well: it need not be those that save most in the second.
  const inFirst = [...walks].sort((a, b) => b.share - a.share).slice(0, costs.firstEntries);
  const rest = walks.filter((one) => !inFirst.includes(one));
  const second = rest.map(({ share, ns }) => share * (ns - costs.hitNs)).sort((a, b) => b - a);
  most = Math.max(
    most,
    sum(inFirst.map(({ share, ns }) => share * ns)) +
      sum(second.slice(0, costs.secondEntries).map((ns) => Math.max(0, ns))),
  );
  return most;
}

/** The best of all layouts when both levels keep the most popular entries: by trying every one. */
function bestLayout(blocks: readonly BlockRates[], costs: Costs, wasted: number): number {
  const all = sum(blocks.map(accessesOf));
  let best = 0;
  for (let layout = 0; layout < 3 ** blocks.length; layout++) {
    let [waste, saved] = [0, 0];
    const walks: { readonly share: number; readonly ns: number }[] = [];
    for (const [index, one] of blocks.entries()) {
      const form = Math.floor(layout / 3 ** index) % 3;
      if (form === 1) {
        waste += one.emptyBytes;
        saved += (accessesOf(one) / all) * (costs.smallNs - costs.hugeNs);
        walks.push({ share: accessesOf(one) / all, ns: costs.hugeNs });
        continue;
      }
      for (const { entries, emptyBytes } of one.pieces) {
        const isWhole = form === 2 && emptyBytes !== undefined;
        if (isWhole) waste += emptyBytes;
        const shares = isWhole ? [sum([...entries]) / all] : [...entries].map((count) => count / all);
        walks.push(...shares.map((share) => ({ share, ns: costs.smallNs })));
      }
    }
    if (waste <= wasted) best = Math.max(best, saved + keptNs(walks, costs));
  }
  return best;
}

const drawn = (random: SeededRandom, count: number) =>
  Array.from({ length: count }, () => (random.fraction() < 0.5 ? random.below(100) : 0));

test('no layout of small worlds beats the bound, and all memory huge comes near it', () => {
  const random = new SeededRandom(3);
  for (let world = 0; world < 60; world++) {
    const blocks = Array.from({ length: 5 }, () => block(drawn(random, 8), random.below(8) * 4096));
    if (blocks.every((one) => accessesOf(one) === 0)) continue;
    const saved = mostSaved(blocks);
    const bloat = blocks.reduce((sum, { emptyBytes }) => sum + emptyBytes, 0);
    for (const step of [0, 25, 50, 75, STEPS]) {
      const best = bestLayout(blocks, COSTS, bloat * (1 - step / STEPS));
      assert.ok(saved[step] >= best - 1e-9, `world ${world} at ${step} %: ${saved[step]} < ${best}`);
    }
    const allHuge = bestLayout(blocks, COSTS, bloat);
    assert.ok(saved[0] <= allHuge * 1.35 + 1, `world ${world}: ${saved[0]} against ${allHuge}`);
  }
});

test('the bound falls as more bloat is removed, and is that of the entries alone without any', () => {
  const blocks = [block([10, 10, 0, 0], 8192), block([30, 1, 1, 1], 0), block([5, 0, 0, 0], 12288)];
  const saved = mostSaved(blocks);
  for (let step = 1; step <= STEPS; step++) assert.ok(saved[step] <= saved[step - 1] + 1e-9, String(step));
  // The full block costs nothing huge: of its 33 accesses and 10 more nothing is left, and three entries hit behind.
  const best = ((33 + 10) * 40 + (10 + 5) * (40 - 8)) / 58;
  assert.ok(saved[STEPS] >= best - 1e-9 && saved[STEPS] <= best * 1.05, `${saved[STEPS]} against ${best}`);
});

test('pages that one entry may translate save as one, where their empty pages may be kept', () => {
  const random = new SeededRandom(5);
  for (let world = 0; world < 30; world++) {
    const blocks = Array.from({ length: 4 }, () => ({
      pieces: [0, 1].map(() => ({
        entries: Float64Array.from(drawn(random, 4)),
        emptyBytes: random.fraction() < 0.3 ? undefined : random.below(3) * 4096,
      })),
      emptyBytes: random.below(8) * 4096,
    }));
    const bloat = sum(blocks.map(({ emptyBytes }) => emptyBytes));
    if (blocks.every((one) => accessesOf(one) === 0)) continue;
    const saved = mostSaved(blocks);
    for (const step of [0, 50, STEPS]) {
      const best = bestLayout(blocks, COSTS, bloat * (1 - step / STEPS));
      assert.ok(saved[step] >= best - 1e-9, `world ${world} at ${step} %: ${saved[step]} < ${best}`);
    }
  }
  const halves = {
    pieces: [{ entries: Float64Array.of(5, 5, 5, 5, 5, 5), emptyBytes: 0 }],
    emptyBytes: 8192,
  };
  const apart = { ...halves, pieces: [{ ...halves.pieces[0], emptyBytes: undefined }] };
  assert.ok(Math.abs(mostSaved([halves])[STEPS] - 40) < 1e-6, 'one entry in the first level');
  assert.ok(mostSaved([apart])[STEPS] < 35);
});

test('between two times of walks the bound is between theirs', () => {
  const blocks = [block([9, 8, 7, 6, 5, 4, 3, 2, 1], 8192), block([5, 5, 5, 5], 4096)];
  const at = (walkNs: number) => leastTimes(blocks, COSTS, [{ removed: 0, walkNs }]);
  const mixed = leastTimes(blocks, COSTS, [
    { removed: 0.2, walkNs: 20 },
    { removed: 0.6, walkNs: 60 },
  ]);
  for (const step of [0, 20]) assert.ok(Math.abs(mixed[step] - at(20)[step]) < 0.05, String(step));
  for (const step of [60, 80]) assert.ok(Math.abs(mixed[step] - at(60)[step]) < 0.05, String(step));
  assert.ok(mixed[40] <= at(40)[40] + 1e-9 && mixed[40] > at(20)[40]);
});

test('nothing is taken where nothing was accessed', () => {
  const none = new Array(STEPS + 1).fill(0);
  assert.deepEqual([...leastTimes([block([0, 0], 4096)], COSTS, [])], none);
  assert.deepEqual([...leastTimes([], COSTS, [])], none);
});
