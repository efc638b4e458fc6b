import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atLeast, atMost, logFactorial, lowerQuantile } from './binomial.js';

/** P(X = k) by the recursion over trials: no logarithms. */
function masses(trials: number, chance: number): number[] {
  let row = [1];
  for (let trial = 0; trial < trials; trial++) {
    row = Array.from(
      { length: row.length + 1 },
      (_, k) => (row[k] ?? 0) * (1 - chance) + (k > 0 ? row[k - 1] * chance : 0),
    );
  }
  return row;
}

test('tails are those of the mass added up', () => {
  for (const trials of [1, 2, 7, 40, 200]) {
    for (const chance of [0.001, 0.1, 0.5, 0.9, 0.97]) {
      const row = masses(trials, chance);
      for (let k = 0; k <= trials + 1; k++) {
        const upper = row.slice(k).reduce((sum, mass) => sum + mass, 0);
        const lower = row.slice(0, k + 1).reduce((sum, mass) => sum + mass, 0);
        assert.ok(Math.abs(atLeast(k, trials, chance) - upper) < 1e-12, `≥ ${k} of ${trials}, ${chance}`);
        assert.ok(Math.abs(atMost(k, trials, chance) - lower) < 1e-12, `≤ ${k} of ${trials}, ${chance}`);
      }
      assert.equal(atMost(-1, trials, chance), 0);
      assert.equal(atLeast(0, trials, chance), 1);
    }
  }
});

test('small tails keep their digits', () => {
  assert.ok(Math.abs(atLeast(40, 40, 0.1) / 1e-40 - 1) < 1e-9);
  assert.ok(Math.abs(atMost(0, 200, 0.9) / 1e-200 - 1) < 1e-9);
});

test('the lower quantile is the largest number whose tail is within alpha', () => {
  for (const trials of [1, 5, 29, 43, 44, 500, 100_000]) {
    for (const alpha of [0.01, 0.05]) {
      const found = lowerQuantile(trials, 0.9, alpha);
      assert.ok(found === -1 || atMost(found, trials, 0.9) <= alpha, `${trials}`);
      assert.ok(atMost(found + 1, trials, 0.9) > alpha, `${trials}`);
    }
  }
  assert.equal(lowerQuantile(1, 0.9, 0.05), -1);
  assert.equal(lowerQuantile(1, 0.9, 0.1 + 1e-12), 0);
});

test('factorials agree where the table ends', () => {
  assert.equal(logFactorial(0), 0);
  assert.ok(Math.abs(logFactorial(20) - Math.log(2432902008176640000)) < 1e-12);
  assert.ok(Math.abs(logFactorial(4096) - (logFactorial(4095) + Math.log(4096))) < 1e-9);
});
