import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogHistogram } from './log-histogram.js';
import { SeededRandom } from './seeded-random.js';

test('quantiles of drawn values are those of the sorted list, within 1/32', () => {
  const random = new SeededRandom(3);
  for (let round = 0; round < 50; round++) {
    const values = Array.from({ length: 1 + random.below(400) }, () =>
      Math.floor(2 ** (random.fraction() * 40)),
    );
    const histogram = new LogHistogram();
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    assert.equal(histogram.total, values.length);
    assert.equal(histogram.most, values.at(-1));
    for (const share of [0, 0.5, 0.99, 0.999, 1]) {
      const exact = values[Math.max(0, Math.ceil(share * values.length) - 1)];
      const told = histogram.quantile(share);
      assert.ok(told >= exact && told <= exact * (1 + 1 / 32), `${share}: ${told} for ${exact}`);
    }
  }
});

test('small whole numbers are exact, counts add up, and clearing forgets', () => {
  const histogram = new LogHistogram();
  assert.equal(histogram.quantile(0.5), 0);
  histogram.record(63, 2);
  histogram.record(7, 97);
  histogram.record(5, 0);
  histogram.record(2 ** 60);
  assert.equal(histogram.total, 100);
  assert.equal(histogram.quantile(0.97), 7);
  assert.equal(histogram.quantile(0.99), 63);
  assert.equal(histogram.quantile(1), 2 ** 60);
  histogram.clear();
  assert.deepEqual([histogram.total, histogram.most, histogram.quantile(1)], [0, 0, 0]);
});
