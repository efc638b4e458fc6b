import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percent, percentDown, percentUp } from './percent.js';

test('a bound is rounded to the side on which it still holds', () => {
  assert.deepEqual(
    [percent(0.99961), percentDown(0.99961), percentUp(0.00039)],
    ['100.0 %', '99.9 %', '0.1 %'],
  );
  assert.deepEqual(
    [percentDown(0.9), percentUp(0.1), percentUp(0), percentDown(1)],
    ['90.0 %', '10.0 %', '0.0 %', '100.0 %'],
  );
});
