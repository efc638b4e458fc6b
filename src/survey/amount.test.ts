import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Amount, atLeast, between, capped, exactly, isExact, sumOf, times, totalOf } from './amount.js';

const about: Amount = { expected: 5, low: 2, high: 9 };

test('amounts that are exact, bounded, or known at least', () => {
  assert.equal(isExact(exactly(0)), true);
  assert.equal(isExact(about), false);
  assert.equal(isExact({ expected: 2, low: 2, high: 3 }), false);
  assert.equal(isExact({ expected: 3, low: 2, high: 3 }), false);
  assert.equal(isExact(atLeast(0)), false);
  assert.deepEqual(between(0, 0), exactly(0));
  assert.deepEqual(between(0, 7), { expected: undefined, low: 0, high: 7 });
  assert.deepEqual(between(3, undefined), atLeast(3));
});

test('a sum knows no more than its parts', () => {
  assert.equal(sumOf([]), undefined);
  assert.equal(sumOf([undefined, undefined]), undefined);
  assert.deepEqual(sumOf([exactly(3), about]), { expected: 8, low: 5, high: 12 });
  assert.deepEqual(sumOf([exactly(3), undefined]), atLeast(3));
  assert.deepEqual(sumOf([about, between(0, 4)]), { expected: undefined, low: 2, high: 13 });
  assert.deepEqual(sumOf([about, atLeast(1)]), atLeast(3));
});

test('caps and factors', () => {
  assert.deepEqual(capped(about, 4), { expected: 4, low: 2, high: 4 });
  assert.deepEqual(capped(about, 1), { expected: 1, low: 1, high: 1 });
  assert.deepEqual(capped(atLeast(2), 7), { expected: undefined, low: 2, high: 7 });
  assert.deepEqual(times(about, 2), { expected: 10, low: 4, high: 18 });
  assert.deepEqual(times(atLeast(2), 3), atLeast(6));
});

test('a total over a population of uncertain size is at least that of the smallest and at most that of the largest', () => {
  const drawn = { values: [1, 1], most: 1 };
  assert.deepEqual(totalOf(drawn, exactly(2)), exactly(2));
  assert.deepEqual(totalOf(drawn, { expected: 1, low: 0, high: 2 }), exactly(2));
  const open = totalOf(drawn, atLeast(10));
  assert.deepEqual([open.expected, open.high], [undefined, undefined]);
  const some = totalOf(drawn, { expected: 10, low: 5, high: 20 });
  assert.deepEqual([some.expected, some.high], [10, 20]);
  assert.ok(some.low >= 2 && some.low < 5);
  const spread = totalOf({ values: [0, 1, 0, 1], most: 1, independent: 1 }, exactly(100));
  assert.ok((spread.high ?? 0) > (totalOf({ values: [0, 1, 0, 1], most: 1 }, exactly(100)).high ?? 0));
});
