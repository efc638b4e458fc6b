/** A turn as the agent tells it: what was not looked at is unknown, not nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Verdict } from '../../vocabulary/plan.js';
import type { TargetGuards } from '../guarding/target-guards.js';
import type { TurnEnd } from '../life/target-life.js';
import { failuresOf, type TurnResult } from '../turn/target-turn.js';
import { lastTurn, turnWords } from './told-turn.js';

const result = (end: TurnEnd, why = ''): TurnResult => ({ end, why, taken: undefined });

test('of a turn that did not look, memory is unknown', () => {
  const { resident, huge, planned, met, notes } = lastTurn(5, 2, result('busy', 'run r'));
  assert.deepEqual([resident, huge, planned, met, notes], [null, null, 0, 0, []]);
});

test('of one that did, it is what was seen', () => {
  const notes = Array.from({ length: 12 }, (_, index) => `note ${index}`);
  const taken = { plan: { steps: [{}, {}] }, done: undefined, notes, seen: { resident: 0, huge: 7 } };
  const last = lastTurn(5, 2, { end: 'observed', why: '', taken } as unknown as TurnResult);
  assert.deepEqual([last.resident, last.huge, last.planned, last.notes.length], [0, 7, 2, 8]);
});

test('each end has words of its own', () => {
  const guards = (state: string) => ({ decision: { state } }) as unknown as TargetGuards;
  const said = (end: TurnEnd, state = 'clear') => turnWords(result(end, 'why'), guards(state));
  assert.deepEqual(
    (['observed', 'nothing-to-do', 'acted', 'held', 'gone', 'busy', 'failed'] as const).map((end) =>
      said(end),
    ),
    [
      'observed; 0 steps would be taken',
      'nothing to do',
      'acted: 0 of 0 steps met',
      'only observed, 0 steps would be taken: why',
      'its processes are gone',
      'another Octavo is at work: why',
      'why; backing off',
    ],
  );
  assert.equal(said('failed', 'observe-only'), 'why; from now on it is only observed');
});

test('steps that there was nothing left of are no failures', () => {
  const verdict = (outcome: string, level: string, cause?: string) =>
    ({ outcome, cause, before: { level } }) as unknown as Verdict;
  assert.equal(
    failuresOf([
      verdict('met', 'pmd'),
      verdict('not-met', 'pmd'),
      verdict('partly', 'ptes'),
      verdict('not-met', 'none'),
      verdict('not-met', 'pmd', 'target-gone'),
    ]),
    2,
  );
});
