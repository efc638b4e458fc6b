/** The small parts of the policy by their formulas: entries, chances, prices of a change, goals. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SETTINGS } from '../../../test/support/drawing.js';
import { entryShapes } from './entry-shapes.js';
import { chanceBelow, meanOneQuantile, NORMAL_POINTS } from './gamma.js';
import { parseGoal } from './goal.js';
import { chanceTaken, changeNs, lastingShare, secondsBetweenVisits } from './switching.js';

const near = (found: number, expected: number, within = 1e-9) =>
  assert.ok(Math.abs(found - expected) <= within, `${found} instead of ${expected}`);

describe('entries of small pages', () => {
  const shapesOf = (shapes: readonly number[], empty: readonly number[], pages: number) => {
    const into = new Float64Array(shapes.length).fill(-1);
    const isEmpty = new Uint8Array(shapes.length);
    for (const page of empty) isEmpty[page] = 1;
    const count = entryShapes(Float64Array.from(shapes), isEmpty, { pages }, into);
    return [...into.subarray(0, count)];
  };

  test('are one for each page in use where neighbours share none', () => {
    assert.deepEqual(shapesOf([1, 2, 3, 4], [], 1), [1, 2, 3, 4]);
    assert.deepEqual(shapesOf([1, 2, 3, 4], [0, 2], 1), [2, 4]);
  });

  test('are one for a run of which every page is in use, and one a page of any other', () => {
    assert.deepEqual(shapesOf([1, 2, 3, 4, 5, 6, 7, 8], [], 4), [10, 26]);
    assert.deepEqual(shapesOf([1, 2, 3, 4, 5, 6, 7, 8], [5], 4), [10, 5, 7, 8]);
    assert.deepEqual(shapesOf([1, 2, 3, 4], [0, 1, 2, 3], 4), []);
  });
});

describe('gammas of mean 1', () => {
  test('have the median that Wilson and Hilferty give, and never less than nothing', () => {
    near(meanOneQuantile(1, 0), (1 - 1 / 9) ** 3);
    near(meanOneQuantile(4, 1.5), (1 - 1 / 36 + 1.5 / 6) ** 3);
    assert.equal(meanOneQuantile(0.01, -3), 0);
    near(meanOneQuantile(1e9, 2), 1, 1e-3);
    // The exact 97.7 % quantile of an exponential is -ln(0.0228).
    near(meanOneQuantile(1, 2), -Math.log(0.02275), 0.05);
  });

  test('are summed over 25 points of the normal distribution, up to three deviations either way', () => {
    assert.equal(NORMAL_POINTS.length, 25);
    near(NORMAL_POINTS[0].z, -3);
    near(NORMAL_POINTS[12].z, 0);
    near(NORMAL_POINTS[24].z, 3);
    near(
      NORMAL_POINTS.reduce((sum, { weight }) => sum + weight, 0),
      1,
    );
    near(NORMAL_POINTS[16].weight / NORMAL_POINTS[12].weight, Math.exp(-0.5));
  });

  test('a chance is that of the normal distribution at the same place, and none below nothing', () => {
    const normal: readonly (readonly [number, number])[] = [
      [-1.5, 0.0668072],
      [-0.4, 0.3445783],
      [0, 0.5],
      [0.3, 0.6179114],
      [1, 0.8413447],
      [1.9, 0.9712834],
    ];
    for (const shape of [2, 9])
      for (const [z, chance] of normal) near(chanceBelow(shape, meanOneQuantile(shape, z)), chance, 2e-7);
    assert.deepEqual([chanceBelow(2, 0), chanceBelow(2, -1)], [0, 0]);
    assert.ok(chanceBelow(2, 1e-6) > 0 && chanceBelow(2, 100) > 0.999999);
  });
});

describe('a change of a block', () => {
  test('takes its call, the wait of who touches it meanwhile, and the interrupts', () => {
    assert.equal(changeNs(100, 0), 105_000);
    near(changeNs(1000, 1e3), 1e6 * (2 - Math.exp(-1)) + 5000, 1e-3);
    near(changeNs(100, 1e12), 205_000, 1e-6);
  });

  test('is undone by khugepaged as it comes by, which it does not where it is off', () => {
    const khugepaged = { ...SETTINGS.khugepaged, pagesToScan: 4096, scanSleepMs: 10_000 };
    const settings = { ...SETTINGS, enabled: 'always' as const, khugepaged };
    assert.equal(secondsBetweenVisits(settings, 40_960), 100);
    assert.equal(secondsBetweenVisits(settings, 10), 10);
    assert.equal(secondsBetweenVisits({ ...settings, enabled: 'never' }, 10), undefined);
    const idle = { ...settings, khugepaged: { ...khugepaged, pagesToScan: 0 } };
    assert.equal(secondsBetweenVisits(idle, 10), undefined);
  });

  test('lasts for the share of the horizon until the next visit, on the mean', () => {
    assert.deepEqual([chanceTaken(100, 25), chanceTaken(100, 300), chanceTaken(0, 1)], [0.25, 1, 1]);
    assert.equal(lastingShare(100, 50), 0.75);
    assert.equal(lastingShare(50, 50), 0.5);
    assert.equal(lastingShare(25, 50), 0.25);
  });
});

describe('a goal', () => {
  test('is a slowdown, a share of the bloat, or bytes', () => {
    assert.deepEqual(parseGoal('1%'), { kind: 'slowdown', share: 0.01 });
    assert.deepEqual(parseGoal(' 100% '), { kind: 'slowdown', share: 1 });
    assert.deepEqual(parseGoal('balanced'), { kind: 'balanced' });
    assert.deepEqual(parseGoal('bloat=2.5%'), { kind: 'bloat', share: 0.025 });
    for (const [text, bytes] of [
      ['2GiB', 2 ** 31],
      ['1.5 m', 1.5 * 2 ** 20],
      ['3kb', 3 * 1024],
      ['1t', 2 ** 40],
      ['512', 512],
      ['7b', 7],
    ] as const)
      assert.deepEqual(parseGoal(text), { kind: 'bytes', bytes }, text);
  });

  test('of more than all, or of anything else, is none', () => {
    for (const text of ['101%', 'bloat=', '-1%', 'fast', '', '1.%', '5x'])
      assert.throws(() => parseGoal(text), SyntaxError, text);
  });
});
