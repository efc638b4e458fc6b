import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, PROCESS, state } from '../../test/support/drawing.js';
import type { Proposal } from '../vocabulary/plan.js';
import { FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from './guard.js';
import { type CameBack, type Regrets, regretBecause, regretKey, shareOf, withCameBack } from './regret.js';

const PAGE = 4096;
const found = (run: string, back: number, returned = 1000): CameBack => ({
  returnedBytes: returned,
  cameBackBytes: back,
  run,
  afterMs: 30_000,
});

function split(returned: number | null, action: Proposal['action'] = 'split'): Proposal {
  return {
    process: PROCESS,
    block: FIRST_BLOCK,
    action,
    targetOrder: 0,
    policy: 'return-empty',
    reason: '',
    gain: { returnedBytes: returned, reclaimableBytes: 0, tlbReachBytes: 0 },
    cost: { durationUs: 0, lockUs: 0, copiedBytes: 0, grownBytes: 0 },
    priority: 0,
  };
}

const entry = (regrets: Regrets) => regrets.get(regretKey(PROCESS));
const because = (regrets: Regrets, proposal: Proposal, nowMs: number, unmapped: number | null = 0) =>
  regretBecause(regrets, proposal, { ...state('H'), unmapped }, PAGE, nowMs);

test('half and more coming back pauses a process, twice as long with every run, a day at most', () => {
  let regrets: Regrets = new Map();
  const pauses: (number | undefined)[] = [];
  for (let run = 0; run < 14; run++) {
    regrets = withCameBack(regrets, PROCESS, found(`run-${run}`, 500), 1000);
    pauses.push(entry(regrets)?.until);
  }
  assert.deepEqual(pauses.slice(0, 3), [
    1000 + FIRST_PAUSE_MS,
    1000 + 2 * FIRST_PAUSE_MS,
    1000 + 4 * FIRST_PAUSE_MS,
  ]);
  assert.equal(pauses.at(-1), 1000 + LONGEST_PAUSE_MS);
});

test('a run counts once, however often it is looked at', () => {
  const once = withCameBack(new Map(), PROCESS, found('a', 900), 0);
  const again = withCameBack(once, PROCESS, found('a', 950), 50_000);
  assert.deepEqual([entry(again)?.times, entry(again)?.until], [1, FIRST_PAUSE_MS]);
  assert.equal(entry(again)?.cameBackBytes, 950);
});

test('the same run counts when it was bearable at first and is not any more', () => {
  const bearable = withCameBack(new Map(), PROCESS, found('a', 499), 0);
  assert.deepEqual([entry(bearable)?.times, entry(bearable)?.until], [0, 0]);
  const later = withCameBack(bearable, PROCESS, found('a', 500), 10);
  assert.deepEqual([entry(later)?.times, entry(later)?.until], [1, 10 + FIRST_PAUSE_MS]);
});

test('a bearable run ends the row', () => {
  const bad = withCameBack(new Map(), PROCESS, found('a', 900), 0);
  const good = withCameBack(bad, PROCESS, found('b', 10), 0);
  assert.deepEqual([entry(good)?.times, entry(good)?.until], [0, 0]);
  assert.equal(entry(withCameBack(good, PROCESS, found('c', 900), 0))?.times, 1);
});

test('a paused process keeps its zero-filled blocks until the pause is over', () => {
  const regrets = withCameBack(new Map(), PROCESS, found('a', 930), 0);
  const why = because(regrets, split(500 * PAGE), 1);
  assert.match(why ?? '', /^93 % of the zero-filled memory .* came back; left alone for another 60 s$/);
  assert.equal(because(regrets, split(500 * PAGE), FIRST_PAUSE_MS), undefined);
  assert.equal(because(new Map(), split(500 * PAGE), 1), undefined);
  assert.equal(because(regrets, split(500 * PAGE, 'collapse'), 1), undefined);
});

test('a later process with the same pid has no regrets', () => {
  const regrets = withCameBack(new Map(), { ...PROCESS, startTicks: 1 }, found('a', 930), 0);
  assert.equal(because(regrets, split(500 * PAGE), 1), undefined);
});

test('pages that nobody maps go back all the same', () => {
  const regrets = withCameBack(new Map(), PROCESS, found('a', 930), 0);
  assert.equal(because(regrets, split(504 * PAGE), 1, 504), undefined);
  assert.equal(because(regrets, split(504 * PAGE), 1, 252), undefined);
  assert.notEqual(because(regrets, split(504 * PAGE), 1, 251), undefined);
  assert.equal(because(regrets, split(null), 1), undefined);
  assert.notEqual(because(regrets, split(2 * PAGE), 1, null), undefined, 'not counted is none known');
  assert.notEqual(because(regrets, split(1), 1), undefined);
});

test('nothing returned is nothing come back', () => {
  assert.equal(shareOf(found('a', 0, 0)), 0);
  assert.equal(shareOf(found('a', 250)), 0.25);
});
