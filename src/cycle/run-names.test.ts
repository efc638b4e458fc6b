import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { place } from '../../test/support/turns.js';
import { journalPath, listRuns, nextRunName, RUN_NAME } from './journal.js';

function nameAfter(...names: readonly string[]): string {
  const host = new ScriptedHost([9]);
  for (const name of names) host.write(journalPath(place(host), name), '');
  assert.equal(listRuns(place(host)).length, names.length);
  const next = nextRunName(place(host));
  assert.match(next, RUN_NAME);
  return next.slice(0, -5);
}

test('runs are named by the time', () => {
  assert.equal(nameAfter(), '20231114T221320000Z');
  assert.equal(nameAfter('20221114T221320000Z-ffff'), '20231114T221320000Z');
});

test('a clock that was set back does not make the next run the oldest', () => {
  assert.equal(nameAfter('20221114T221320000Z-ffff', '20241231T235959999Z-0001'), '20250101T000000000Z');
});

test('a directory whose name is no time does not stand in the way', () => {
  assert.equal(nameAfter('20241231T235959999Z-0001', '20249999T235959999Z-0001'), '20250101T000000000Z');
});
