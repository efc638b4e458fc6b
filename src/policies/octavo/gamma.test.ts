import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chanceBelow, meanOneQuantile, NORMAL_POINTS } from './gamma.js';

test('Chances are those of the Gamma distribution', () => {
  // Exponential: 1 − e^{−x}. Erlang 3 of mean 1: 1 − e^{−3x}(1 + 3x + 9x²/2).
  for (const x of [0.1, 0.5, 1, 2, 3]) {
    assert.ok(Math.abs(chanceBelow(1, x) - (1 - Math.exp(-x))) < 0.015, `exponential at ${x}`);
    const erlang = 1 - Math.exp(-3 * x) * (1 + 3 * x + (9 * x * x) / 2);
    assert.ok(Math.abs(chanceBelow(3, x) - erlang) < 0.005, `Erlang at ${x}`);
  }
  assert.equal(chanceBelow(2, 0), 0);
  assert.equal(chanceBelow(2, -1), 0);
  assert.ok(Math.abs(chanceBelow(1e4, 1) - 0.5) < 0.01);
});

test('Quantiles and chances undo each other', () => {
  for (const shape of [1, 4, 30, 500]) {
    for (const z of [-2, -1, 0, 1, 2]) {
      const normal = chanceBelow(shape, meanOneQuantile(shape, z));
      assert.ok(Math.abs(normal - chanceBelow(1e12, meanOneQuantile(1e12, z))) < 1e-4, `${shape} ${z}`);
    }
  }
});

test('Points of the normal distribution weigh one and are even', () => {
  assert.ok(Math.abs(NORMAL_POINTS.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-12);
  assert.ok(Math.abs(NORMAL_POINTS.reduce((sum, { z, weight }) => sum + z * weight, 0)) < 1e-12);
});
