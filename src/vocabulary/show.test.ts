import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  showBytes,
  showChange,
  showCount,
  showDuration,
  showInstant,
  showNanoseconds,
  showPart,
  showRate,
} from './show.js';
import { GIB, KIB, MIB } from './units.js';

const each = <Value>(show: (value: Value) => string, rows: readonly (readonly [Value, string])[]) => {
  for (const [value, words] of rows) assert.equal(show(value), words, String(value));
};

test('bytes are told in the largest unit that they fill, whole numbers exactly', () => {
  each(showBytes, [
    [0, '0 B'],
    [1023, '1023 B'],
    [KIB, '1 KiB'],
    [1.5 * MIB, '1.50 MiB'],
    [12.25 * GIB, '12.3 GiB'],
    [1024 * GIB, '1 TiB'],
    [2.5 * 1024 * GIB, '2.50 TiB'],
    [-2 * MIB, '-2 MiB'],
  ]);
  each(showChange, [
    [MIB, '+1 MiB'],
    [-MIB, '−1 MiB'],
    [0, '0 B'],
  ]);
});

test('durations are told in the two largest units', () => {
  each(showDuration, [
    [0, '0 s'],
    [0.25, '250 µs'],
    [1, '1 ms'],
    [500, '500 ms'],
    [999, '999 ms'],
    [1000, '1 s'],
    [12_340, '12.34 s'],
    [119_000, '119 s'],
    [120_000, '2 min'],
    [330_000, '5 min 30 s'],
    [7_199_000, '119 min 59 s'],
    [7_200_000, '2 h'],
    [12_000_000, '3 h 20 min'],
    [172_800_000, '2 d'],
    [615_600_000, '7 d 3 h'],
  ]);
  each(showNanoseconds, [
    [999, '999 ns'],
    [1000, '1 µs'],
    [2_500_000, '2.5 ms'],
  ]);
});

test('rates have three digits that count', () => {
  each(showRate, [
    [0.0123, '0.012'],
    [4.26, '4.3'],
    [999, '999'],
    [1000, '1.00 k'],
    [31_500, '31.5 k'],
    [999_600, '1000 k'],
    [2_040_000, '2.04 M'],
    [1.2e9, '1.20 G'],
  ]);
});

test('parts, counts and instants', () => {
  assert.equal(showPart(1, 4), '25.0 %');
  assert.equal(showPart(1, 3, 2), '33.33 %');
  assert.equal(showPart(0, 0), '–');
  each(showCount, [
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
  ]);
  assert.equal(showInstant(Date.UTC(2026, 10, 30, 16, 20, 5, 678)), '2026-11-30 16:20:05Z');
});
