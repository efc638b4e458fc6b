import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { isThere } from './same-process.js';

test('a process is there while its pid has the same start; one that is hidden is as if gone', () => {
  const host = new ScriptedHost([9]);
  const noted = { pid: PID, startTicks: host.startTicks };
  assert.equal(isThere(host, noted), true);
  assert.equal(isThere(host, { ...noted, startTicks: noted.startTicks + 1 }), false);
  assert.equal(isThere(host, { ...noted, pid: PID + 1 }), false);
  host.unreadable.set(`/proc/${PID}/stat`, 'EACCES');
  assert.equal(isThere(host, noted), false);
  host.unreadable.clear();
  host.alive = false;
  assert.equal(isThere(host, noted), false);
});

test('a bug is no absence', () => {
  const host = new ScriptedHost([9]);
  host.files.readText = () => {
    throw new TypeError('a bug');
  };
  assert.throws(() => isThere(host, { pid: PID, startTicks: 1 }), /a bug/);
});
