/** Locks that cannot be had, and summaries of verdicts that earlier versions wrote. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { place } from '../../test/support/turns.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Verdict } from '../vocabulary/plan.js';
import { undoneBy } from './run-summary.js';
import { lockState } from './state-lock.js';

test('a lock that changes hands too often to tell is held by somebody unknown', () => {
  const host = new ScriptedHost([9]);
  host.files.createExclusive = (path) => ({ ok: false, error: { errno: 'EEXIST', call: `create ${path}` } });
  assert.throws(
    () => lockState(place(host)),
    (problem) =>
      problem instanceof OctavoError && /process unknown\) holds \/state\/lock/.test(problem.message),
  );
});

test('a verdict that does not say who undid a step counts as unknown', () => {
  const verdicts = [
    { outcome: 'undone-since' },
    { outcome: 'undone-since', by: { who: 'kernel' } },
    { outcome: 'met', by: { who: 'kernel' } },
  ] as unknown as Verdict[];
  assert.deepEqual(undoneBy(verdicts), { octavo: 0, kernel: 1, process: 0, unknown: 1 });
});
