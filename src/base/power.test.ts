import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponential, logarithm, power } from './power.js';

const close = (actual: number, expected: number, what: string) =>
  assert.ok(Math.abs(actual / expected - 1) < 2e-14, `${what}: ${actual}, not ${expected}`);

test('powers, logarithms and exponentials agree with Math within rounding', () => {
  for (const exponent of [-3, -0.99, -0.5, 0, 0.7, 2]) {
    for (let base = 1; base < 3e6; base = base * 3 + 1)
      close(power(base, exponent), base ** exponent, `${base}`);
  }
  for (let value = 1.001; value < 1e12; value *= 7.7) close(logarithm(value), Math.log(value), 'logarithm');
  for (let value = -60; value < 60; value += 0.73) close(exponential(value), Math.exp(value), 'exponential');
});

test('the very bits are the same everywhere', () => {
  const bits = new DataView(new ArrayBuffer(8));
  let hash = 0;
  for (const exponent of [-0.5, -0.99, -1.3, -2.7]) {
    for (let base = 1; base < 20_000; base++) {
      bits.setFloat64(0, power(base, exponent));
      hash = (Math.imul(hash, 31) + (bits.getUint32(0) ^ bits.getUint32(4))) | 0;
    }
  }
  assert.equal(hash, HASH);
});

/** Computed on Node 20 and on Node 24. */
const HASH = -1577305849;
