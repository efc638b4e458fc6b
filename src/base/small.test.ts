/** Small parts that everything builds on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assert as holds, unreachable } from './assert.js';
import { atLeast, atMost, chanceBounds, logFactorial, lowerQuantile } from './binomial.js';
import { countBits } from './bits.js';
import { deepFreeze } from './freeze.js';
import { parseJson } from './json-text.js';
import { LogHistogram } from './log-histogram.js';
import { percentDown, percentUp } from './percent.js';
import { exponential, logarithm, power } from './power.js';
import { failure, success } from './result.js';

test('an assertion that holds says nothing, one that does not is a bug with its words', () => {
  assert.doesNotThrow(() => holds(true, 'x'));
  assert.throws(() => holds(false, 'pages are whole'), /^Error: assertion failed: pages are whole$/);
  assert.throws(() => unreachable('odd' as never), /unexpected value odd/);
});

test('a result is its value, or the reason there is none', () => {
  assert.deepEqual([success(5), failure('no')], [{ ok: true, value: 5 }, { ok: false, error: 'no' }]); // biome-ignore format: rows
});

test('every bit of a bitmap counts, and none else', () => {
  for (let byte = 0; byte < 256; byte++) {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) bits += (byte >> bit) & 1;
    assert.equal(countBits(Uint8Array.of(byte)), bits);
  }
  assert.deepEqual([countBits(Uint8Array.of(1, 0, 255)), countBits(new Uint8Array(0))], [9, 0]);
});

test('a frozen tree cannot be changed anywhere, but for typed arrays, which cannot be frozen', () => {
  const tree = deepFreeze({ a: { b: [1, { c: 2 }] }, words: new Uint32Array(2), none: null, text: 'x' });
  for (const part of [tree, tree.a, tree.a.b, tree.a.b[1]]) assert.ok(Object.isFrozen(part));
  tree.words[0] = 7;
  assert.equal(tree.words[0], 7);
  assert.deepEqual([deepFreeze(5), deepFreeze(null), deepFreeze('x')], [5, null, 'x']);
});

test('bounds of a chance are where a tail comes to alpha (Clopper and Pearson)', () => {
  for (const alpha of [0.01, 0.05]) {
    for (const [hits, trials] of [
      [1, 10],
      [5, 10],
      [9, 10],
      [3, 200],
    ] as const) {
      // biome-ignore format: a table
      const { low, high } = chanceBounds(hits, trials, alpha);
      assert.ok(Math.abs(atLeast(hits, trials, low) - alpha) < 1e-9, `${hits} of ${trials}`);
      assert.ok(Math.abs(atMost(hits, trials, high) - alpha) < 1e-9, `${hits} of ${trials}`);
      assert.ok(low < hits / trials && hits / trials < high);
    }
    const none = chanceBounds(0, 10, alpha);
    const all = chanceBounds(10, 10, alpha);
    assert.deepEqual([none.low, all.high], [0, 1]);
    assert.ok(Math.abs(none.high - (1 - alpha ** 0.1)) < 1e-9);
    assert.ok(Math.abs(all.low - alpha ** 0.1) < 1e-9);
  }
});

test('a quantile is found beyond the mean, too, and at alpha itself', () => {
  for (const [
    trials,
    chance,
    alpha,
    found,
  ] of [[1, 0.5, 0.5, 0], [2, 0.5, 0.75, 1], [4, 0.5, 0.99, 3], [10, 0.001, 0.995, 0], [3, 0.5, 0.2, 0]] as const) // biome-ignore format: a table
    assert.equal(lowerQuantile(trials, chance, alpha), found, `${trials} ${chance} ${alpha}`);
});

test('tails are right where all of the mass lies on one side', () => {
  assert.deepEqual(
    [atLeast(3, 2, 0.5), atLeast(2, 2, 0.5), atMost(2, 2, 0.5), atMost(1, 2, 0.5)],
    [0, 0.25, 1, 0.75],
  );
  assert.ok(Math.abs(atLeast(600, 1000, 0.5) - 1.364232078033e-10) < 1e-20);
});

test('factorials beyond the table are those of Stirling’s series to the last digits', () => {
  let sum = 0;
  for (let next = 2; next <= 10_000; next++) sum += Math.log(next);
  assert.ok(Math.abs(logFactorial(10_000) / sum - 1) < 1e-14);
  assert.ok(Math.abs(logFactorial(5000) - logFactorial(4999) - Math.log(5000)) < 1e-10);
});

test('a share on the tenth of a percent stays where it is, and one beside it goes to its side', () => {
  for (let tenth = 0; tenth <= 1000; tenth++) {
    const words = `${(tenth / 10).toFixed(1)} %`;
    assert.deepEqual([percentDown(tenth / 1000), percentUp(tenth / 1000)], [words, words]);
  }
  assert.deepEqual([percentDown(0.12349), percentUp(0.12341)], ['12.3 %', '12.4 %']);
});

test('a power of nothing and of one is one, whatever the other', () => {
  assert.deepEqual([power(5, 0), power(1, 7), power(1, -0.5), power(1e-300, 0)], [1, 1, 1, 1]);
  assert.ok(Math.abs(power(0.25, 0.5) - 0.5) < 1e-15);
  assert.ok(Math.abs(logarithm(Math.SQRT2) - Math.LN2 / 2) < 1e-15);
  assert.ok(Math.abs(logarithm(1e-5) / Math.log(1e-5) - 1) < 1e-15);
  assert.equal(exponential(0), 1);
});

test('a text that is broken off at its end ends too early, with or without blanks behind', () => {
  for (const text of ['[1,', '[1,  ', '{"a":\n ', '[[1]']) {
    const parsed = parseJson(text);
    assert.equal(!parsed.ok && parsed.error.problem, 'the JSON text ends too early', text);
  }
  const spoiled = parseJson('[1 x');
  assert.deepEqual(spoiled, { ok: false, error: { problem: 'is no JSON', place: 'line 1, column 4' } });
});

test('a histogram takes a fraction for the whole number below it', () => {
  const histogram = new LogHistogram();
  histogram.record(7.9);
  histogram.record(100.5);
  assert.deepEqual([histogram.quantile(0.5), histogram.quantile(1), histogram.most], [7, 100.5, 100.5]);
});
