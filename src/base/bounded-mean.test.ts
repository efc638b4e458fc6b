/** Totals from samples: exact when all was seen, and bounds that hold as often as they say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { xorshift } from '../../test/support/random.js';
import { sampledTotal } from './bounded-mean.js';

test('what was seen whole is exact', () => {
  assert.deepEqual(sampledTotal([1, 2, 3], 3, 10), { expected: 6, low: 6, high: 6 });
  assert.deepEqual(sampledTotal([], 0, 10), { expected: 0, low: 0, high: 0 });
  assert.deepEqual(sampledTotal([1, 2], 1, 10), { expected: 3, low: 3, high: 3 });
});

test('without a sample only the size bounds it', () => {
  assert.deepEqual(sampledTotal([], 4, 10), { expected: undefined, low: 0, high: 40 });
  assert.deepEqual(sampledTotal([], 4, 0), { expected: 0, low: 0, high: 0 });
});

test('a sample of nothing leaves room, one of everything as well', () => {
  const none = sampledTotal(Array(64).fill(0), 1000, 1);
  // (1 - p)^64 = 0.025
  assert.equal(none.expected, 0);
  assert.equal(none.low, 0);
  assert.ok(Math.abs(none.high - 1000 * (1 - 0.025 ** (1 / 64))) < 0.01, String(none.high));
  const all = sampledTotal(Array(64).fill(2), 1000, 2);
  assert.equal(all.high, 2000);
  assert.ok(Math.abs(all.low - 2000 * 0.025 ** (1 / 64)) < 0.01, String(all.low));
});

test('what was seen and what is left bound the rest', () => {
  const nearly = sampledTotal([5, 5, 5, 0, 0, 0, 0, 0, 0], 10, 10);
  assert.equal(nearly.low, 15);
  assert.equal(nearly.high, 25);
  assert.ok(Math.abs((nearly.expected ?? 0) - 150 / 9) < 1e-9);
});

test('neighbours that were taken together count once', () => {
  const values = Array(100).fill(0.5);
  const wide = sampledTotal(values, 10_000, 1, 4);
  const narrow = sampledTotal(values, 10_000, 1);
  assert.ok(wide.low < narrow.low && narrow.low < 5000 && 5000 < narrow.high && narrow.high < wide.high);
  assert.equal(wide.expected, narrow.expected);
});

test('bounds hold in 95 of 100 samples and more, whatever the distribution', () => {
  const draw = xorshift(11);
  const uniform = () => draw() / 2 ** 32;
  for (const share of [0.003, 0.05, 0.3, 0.7]) {
    const population = Array.from({ length: 2000 }, (): number =>
      uniform() < share ? 8 : uniform() < 0.5 ? 0 : 1,
    );
    const truth = population.reduce((sum, value) => sum + value, 0);
    let missed = 0;
    for (let trial = 0; trial < 400; trial++) {
      const seen = Array.from({ length: 50 }, () => population[Math.floor(uniform() * population.length)]);
      const { low, high } = sampledTotal(seen, population.length, 8);
      if (truth < low || truth > high) missed++;
    }
    assert.ok(missed <= 20, `${missed} of 400 missed at ${share}`);
  }
});
