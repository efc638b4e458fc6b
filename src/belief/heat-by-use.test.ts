import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { expectedByUse } from './heat-by-use.js';

/** A Poisson deviate by multiplication. */
function poisson(mean: number, random: SeededRandom): number {
  let count = 0;
  for (let product = random.fraction(); product > Math.exp(-mean); product *= random.fraction()) count++;
  return count;
}

/** 120 blocks with 30 to 500 sub-pages in use, whose mean counts go with the use to the power of `exponent`. */
function world(exponent: number, mean: number, seed = 1) {
  const random = new SeededRandom(seed);
  const used = Array.from({ length: 120 }, () => 30 + random.below(471));
  const rates = used.map((pages) => (pages / 200) ** exponent);
  const all = rates.reduce((sum, rate) => sum + rate, 0);
  const expected = rates.map((rate) => (rate / all) * mean * used.length);
  return { used, expected, totals: expected.map((one) => poisson(one, random)) };
}

test('how heat goes with use is found from the counts of all blocks', () => {
  for (const exponent of [-1, 0, 1, 2]) {
    const { used, expected, totals } = world(exponent, 6);
    const found = expectedByUse(totals, used, 5);
    const wrong = found.map((one, block) => Math.abs(one / expected[block] - 1));
    const mean = wrong.reduce((sum, one) => sum + one, 0) / wrong.length;
    assert.ok(mean < 0.15, `exponent ${exponent}: ${mean}`);
    const sums = [found, totals].map((values) => [...values].reduce((sum, one) => sum + one, 0));
    assert.ok(Math.abs(sums[0] - sums[1]) < 1e-6 * sums[1]);
  }
});

test('with few samples every page is as hot as any other', () => {
  const { used } = world(0, 6);
  const ratioOf = (totals: readonly number[]) => {
    const found = expectedByUse(totals, used, 5);
    const [most, least] = [used.indexOf(Math.max(...used)), used.indexOf(Math.min(...used))];
    return found[most] / found[least] / (used[most] / used[least]);
  };
  assert.ok(Math.abs(ratioOf(used.map(() => 0)) - 1) < 1e-6, 'none');
  assert.ok(Math.abs(ratioOf(used.map((_, block) => Number(block < 3))) - 1) < 0.4, 'three');
});

test('blocks without use expect nothing, and a few that are hot do not bend what others tell', () => {
  const { used, totals, expected } = world(1, 8);
  const found = expectedByUse([...totals, 0, 5], [...used, 0, 0], 5);
  assert.deepEqual([...found.slice(-2)], [0, 0]);
  const wild = totals.map((total, block) => (block === used.indexOf(Math.min(...used)) ? 2000 : total));
  const bent = expectedByUse(wild, used, 0.5);
  const scale = wild.reduce((sum, one) => sum + one, 0) / totals.reduce((sum, one) => sum + one, 0);
  const most = used.indexOf(Math.max(...used));
  assert.ok(bent[most] > 0.6 * scale * expected[most], `${bent[most]} of ${scale * expected[most]}`);
  assert.deepEqual([...expectedByUse([], [], 1)], []);
  assert.ok(expectedByUse([1e6, 0], [1, 512], 0.01).every(Number.isFinite));
});
