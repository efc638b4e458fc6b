/** The pace to the millisecond: what is owed, what a second still has room for, and what is kept back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LockPace } from './lock-pace.js';

const MS = 1e6;
const SECOND = 1e9;

/** A tenth of any second, and acts of `heldMs` that began at `atNs`, by one step unless told otherwise. */
function paced() {
  const pace = new LockPace(0.1);
  const hold = (atNs: number, heldMs: number, { steps = 1, spanMs = heldMs } = {}) =>
    pace.add({
      kind: 'split',
      steps,
      heldUs: heldMs * 1000,
      span: { beganNs: atNs, endedNs: atNs + spanMs * MS },
    });
  return { pace, hold };
}

test('ten times what was held is owed from its beginning on, after what was owed before', () => {
  const { pace, hold } = paced();
  hold(0, 1);
  assert.equal(pace.waitMs(1 * MS, 100), 9);
  assert.equal(pace.waitMs(10 * MS, 100), 0);
  hold(2 * MS, 1);
  assert.equal(pace.waitMs(3 * MS, 100), 17);
  const spread = paced();
  spread.hold(0, 1, { steps: 10, spanMs: 1000 });
  assert.equal(spread.pace.waitMs(500 * MS, 100), 500, 'not before its own end');
});

test('a second is full when its holds and what is kept back are more than the share, not when they are all of it', () => {
  const exact = paced();
  exact.hold(0, 40);
  assert.equal(exact.pace.waitMs(700 * MS, 0), 0, '40 held, and 60 kept back for one half as long again');
  const over = paced();
  over.hold(0, 41);
  assert.equal(over.pace.waitMs(700 * MS, 0), 341, 'until it has left the second');
  const expected = paced();
  expected.hold(0, 20);
  assert.equal(expected.pace.waitMs(700 * MS, 80_000), 0);
  assert.equal(expected.pace.waitMs(700 * MS, 81_000), 320);
});

test('of several holds the oldest make room, as many as must', () => {
  const { pace, hold } = paced();
  for (const at of [0, 100, 200]) hold(at * MS, 20);
  // Owed until 600 ms; 60 held, 50 kept back: one has to go.
  assert.equal(pace.waitMs(650 * MS, 0), 370);
  assert.equal(pace.waitMs(650 * MS, 65_000), 470, 'two, for a longer one');
});

test('half of the share is kept back until 32 holds were seen, a quarter from then on', () => {
  for (const [before, wait] of [
    [25, 310],
    [26, 0],
  ] as const) {
    const { pace, hold } = paced();
    for (let at = 0; at < before; at++) hold(at, 0.001);
    for (let at = 0; at < 6; at++) hold(10 * SECOND, 10);
    assert.equal(pace.waitMs(10.7 * SECOND, 0), wait, `${before}`);
  }
});

test('the longest of the last 128 holds is provided for', () => {
  for (const [between, wait] of [
    [122, 410],
    [123, 0],
  ] as const) {
    const { pace, hold } = paced();
    hold(0, 50);
    for (let at = 0; at < between; at++) hold(SECOND + at, 0.001);
    for (let at = 0; at < 5; at++) hold(100 * SECOND, 10);
    assert.equal(pace.waitMs(100.6 * SECOND, 0), wait, `${between}`);
  }
});

test('what took twice as long as it held was no single burst: its steps count by themselves', () => {
  for (const [spanMs, wait] of [
    [160, 0],
    [159, 630],
  ] as const) {
    const { pace, hold } = paced();
    hold(0, 80, { steps: 10, spanMs });
    hold(100 * SECOND, 30);
    assert.equal(pace.waitMs(100.4 * SECOND, 0), wait, `${spanMs}`);
  }
});

test('what took no time teaches nothing, and an estimate stands as it is', () => {
  const { pace, hold } = paced();
  hold(0, 0);
  hold(0, 5, { steps: 0 });
  assert.equal(pace.expectedUs('split', 7), 7);
  assert.equal(pace.expectedUs('split', 0.5), 0.5);
  assert.equal(pace.waitMs(0, 100), 0);
  hold(0, 4, { steps: 8 });
  assert.equal(pace.expectedUs('split', 7), 500);
  assert.equal(pace.burst('split'), 4);
});

test('the last eight steps of a kind are remembered, and no ninth', () => {
  const { pace, hold } = paced();
  hold(0, 9);
  for (let step = 0; step < 7; step++) hold(0, 1);
  assert.equal(pace.expectedUs('split', 1), 9000);
  hold(0, 1);
  assert.equal(pace.expectedUs('split', 1), 1000);
});
