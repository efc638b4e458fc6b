/** Where the two processes of an agent keep their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { stateDirectory } from '../../host/linux/linux-host.js';
import { stateOf } from './two-sides.js';

const TEXT = 'octavo: agent\nversion: 1\ntargets:\n  - { name: a, match: { command: b } }\n';

test('the usual state directory is that of the acting side’s user, whoever asks', () => {
  const host = new ScriptedHost([9]);
  host.texts.set('/etc/agent.yaml', TEXT);
  host.texts.set('/etc/own.yaml', `${TEXT}state: /elsewhere\n`);
  const { userId, stateDirectory: own } = host.identity;
  const other = userId + 1;
  assert.deepEqual(stateOf(host, '/etc/agent.yaml'), { state: own, deciding: `${own}/deciding` });
  assert.equal(stateOf(host, '/etc/agent.yaml', other).state, stateDirectory(other));
  assert.equal(stateOf(host, '/etc/own.yaml', other).state, '/elsewhere');
});
