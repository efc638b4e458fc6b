/** What the unit promises of the agent, and the agent of the unit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RUNTIME_OF_ROOT } from '../life/status.js';
import { unitText } from './unit.js';

const lines = unitText({ program: '/usr/bin/octavo', configuration: '/etc/octavo/agent.yaml' }).split('\n');
const settingOf = (key: string) => lines.find((line) => line.startsWith(`${key}=`))?.slice(key.length + 1);

test('what the agent writes at run time lies below what systemd gives back to root on each reload', () => {
  const managed = `/run/${settingOf('RuntimeDirectory')}`;
  assert.ok(RUNTIME_OF_ROOT.startsWith(`${managed}/`), `${RUNTIME_OF_ROOT} is not below ${managed}`);
});

test('the deciding process may tell of both, the watchdog included', () => {
  assert.deepEqual([settingOf('Type'), settingOf('NotifyAccess')], ['notify', 'all']);
  assert.match(settingOf('WatchdogSec') ?? '', /^\d+s$/);
});
