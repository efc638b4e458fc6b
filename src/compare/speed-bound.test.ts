import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { type BlockRates, mostSaved, STEPS, type WalkCosts } from './speed-bound.js';

const COSTS: WalkCosts = { entries: 4, smallNs: 40, hugeNs: 10 };

const block = (runs: readonly number[], emptyBytes: number): BlockRates => ({
  runs: Float64Array.from(runs),
  emptyBytes,
});

/** The best of all layouts when the TLB keeps the most popular entries: by trying every one. */
function bestLayout(
  blocks: readonly BlockRates[],
  { entries, smallNs, hugeNs }: WalkCosts,
  wasted: number,
): number {
  const all = blocks.reduce((sum, { runs }) => sum + runs.reduce((a, b) => a + b, 0), 0);
  let best = 0;
  for (let layout = 0; layout < 2 ** blocks.length; layout++) {
    const huge = blocks.filter((_, index) => layout & (1 << index));
    if (huge.reduce((sum, { emptyBytes }) => sum + emptyBytes, 0) > wasted) continue;
    const gains: number[] = [];
    let saved = 0;
    for (const [index, { runs }] of blocks.entries()) {
      const total = runs.reduce((a, b) => a + b, 0) / all;
      if (layout & (1 << index)) {
        saved += total * (smallNs - hugeNs);
        gains.push(total * hugeNs);
      } else gains.push(...[...runs].map((run) => (run / all) * smallNs));
    }
    gains.sort((a, b) => b - a);
    best = Math.max(best, saved + gains.slice(0, entries).reduce((a, b) => a + b, 0));
  }
  return best;
}

test('no layout of small worlds beats the bound, and all memory huge comes near it', () => {
  const random = new SeededRandom(3);
  for (let world = 0; world < 60; world++) {
    const blocks = Array.from({ length: 6 }, () =>
      block(
        Array.from({ length: 8 }, () => (random.fraction() < 0.5 ? random.below(100) : 0)),
        random.below(8) * 4096,
      ),
    );
    if (blocks.every(({ runs }) => runs.every((run) => run === 0))) continue;
    const saved = mostSaved(blocks, COSTS);
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
  const saved = mostSaved(blocks, COSTS);
  for (let step = 1; step <= STEPS; step++) assert.ok(saved[step] <= saved[step - 1] + 1e-9, String(step));
  // The full block costs nothing huge: 33 of 58 accesses by one entry, and the three others go to the most popular runs.
  assert.ok(saved[STEPS] >= ((33 + 10 + 10 + 5) / 58) * 40 - 1e-9);
  assert.ok(saved[STEPS] <= 40 + 1e-9);
});

test('nothing is saved where nothing was accessed', () => {
  assert.deepEqual([...mostSaved([block([0, 0], 4096)], COSTS)], new Array(STEPS + 1).fill(0));
  assert.deepEqual([...mostSaved([], COSTS)], new Array(STEPS + 1).fill(0));
});
