import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Windowed } from './windowed.js';

test('sums are those of the last while, its far end excluded, whichever way a clock went', () => {
  const window = new Windowed(100);
  window.add(0, 1, 10);
  window.add(50, 2, 20);
  window.add(99, 4, 40);
  assert.deepEqual(window.sums(), { part: 7, whole: 70 });
  window.add(100, 8, 80);
  assert.deepEqual(window.sums(), { part: 14, whole: 140 });
  window.add(-1, 16, 160);
  assert.deepEqual(
    window.sums(),
    { part: 2 + 16, whole: 20 + 160 },
    'set back: what is as far ahead is left out',
  );
  window.clear();
  assert.deepEqual(window.sums(), { part: 0, whole: 0 });
});

test('what is no number, or below 0, is left out; nothing is an entry', () => {
  const window = new Windowed(100);
  for (const [part, whole] of [
    [-1, 5],
    [5, -1],
    [Number.NaN, 5],
    [5, Number.NaN],
    [Number.POSITIVE_INFINITY, 5],
    [5, Number.POSITIVE_INFINITY],
  ])
    window.add(1, part, whole);
  assert.deepEqual(window.sums(), { part: 0, whole: 0 });
  window.add(1, 0, 0);
  window.add(1, 0, 3);
  assert.deepEqual(window.sums(), { part: 0, whole: 3 });
});

test('of very many entries the last are kept', () => {
  const window = new Windowed(1e6);
  for (let at = 0; at < 600; at++) window.add(at, 1, 2);
  assert.deepEqual(window.sums(), { part: 512, whole: 1024 });
});
