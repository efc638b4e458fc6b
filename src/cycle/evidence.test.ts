/** What two looks at counters and huge pages say together, where some of it was not counted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { state } from '../../test/support/drawing.js';
import type { BlockObserver } from '../verification/block-observer.js';
import { attribute, type Evidence, evidence } from './attribution.js';
import type { Marks } from './journal-records.js';

const marks = (counted: Partial<Marks>): Marks => ({
  ...{ pid: 1, startTicks: 1, atMs: 0, controls: [] },
  ...counted,
});

/** Blocks as they are now: huge on a frame, or small. */
const observer = (frames: Readonly<Record<number, number | 'small'>>) =>
  ({
    look: (blocks: readonly number[]) =>
      blocks.map((block) => {
        const frame = frames[block];
        return frame === 'small' ? state('4') : { ...state('H'), firstFrame: frame };
      }),
  }) as unknown as BlockObserver;

test('counters are what they grew by, and unknown where either look lacks them', () => {
  const then = marks({ faults: 10, hugeFaults: 20, collapses: 100, khugepaged: 5 });
  const now = marks({ faults: 13, hugeFaults: 18, collapses: 110, khugepaged: 7 });
  assert.deepEqual(evidence(then, now, observer({}), 3, 4), {
    ...{ found: 3, faults: 3, hugeFaults: 0, khugepaged: 2, asked: 4, controls: { seen: 0, replaced: 0 } },
  });
  const without = evidence(marks({ collapses: 100 }), marks({ ...now }), observer({}), 1, 3);
  assert.deepEqual([without.faults, without.khugepaged, without.asked], [undefined, undefined, 7]);
  assert.equal(evidence(then, marks({}), observer({}), 1, 0).asked, undefined);
  assert.equal(evidence(then, now, observer({}), 1, 99).asked, 0);
});

test('huge pages left alone are replaced when they lie elsewhere or are small', () => {
  const then = marks({
    controls: [
      [1, 512],
      [2, 1024],
      [3, 2048],
    ],
  });
  const { controls } = evidence(then, marks({}), observer({ 1: 512, 2: 4096, 3: 'small' }), 1, 0);
  assert.deepEqual(controls, { seen: 3, replaced: 2 });
});

test('four huge pages left alone are enough to tell, three are not; half of them decide', () => {
  const who = (controls: Evidence['controls'], more: Partial<Evidence> = {}) =>
    attribute({
      ...{ found: 10, faults: 500, hugeFaults: 500, khugepaged: 10, asked: 0, controls },
      ...more,
    });
  assert.equal(who({ seen: 4, replaced: 2 }).by.who, 'process');
  assert.equal(who({ seen: 4, replaced: 1 }).by.who, 'unknown');
  assert.equal(who({ seen: 4, replaced: 0 }).by.who, 'kernel');
  assert.equal(who({ seen: 3, replaced: 3 }).by.who, 'unknown');
  const counted = { khugepaged: undefined, asked: 10 };
  assert.equal(who({ seen: 4, replaced: 0 }, counted).by.who, 'unknown');
  assert.equal(who({ seen: 4, replaced: 0 }, { khugepaged: 4, asked: 6 }).cause, 'recollapsed');
  assert.match(who({ seen: 4, replaced: 4 }, { khugepaged: 0 }).why, /4 of 4 of its other huge pages/);
  assert.doesNotMatch(who({ seen: 4, replaced: 0 }, { khugepaged: 0 }).why, /other huge pages/);
  assert.doesNotMatch(who({ seen: 3, replaced: 3 }, { khugepaged: 0 }).why, /other huge pages/);
  assert.match(who({ seen: 4, replaced: 1 }, { khugepaged: 0 }).why, /1 of 4/);
});
