/** What the deciding process finds in its environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceManager } from '../service-manager.js';
import { withNote } from './own-end.js';

const SET = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: '60000000' };
const watchdogIn = (environment: NodeJS.ProcessEnv) => serviceManager(environment, () => 'none')?.watchdogMs;

test('a watchdog on the process that was started is kept by the deciding one', () => {
  assert.equal(watchdogIn({ ...SET, WATCHDOG_PID: '7' }), undefined, 'as it stands it is meant for pid 7');
  const environment = withNote({ ...SET, WATCHDOG_PID: '7' }, 7);
  assert.equal(watchdogIn(environment), 60_000);
  assert.deepEqual(environment, { ...SET, OCTAVO_ACTING: '3' });
});

test('a watchdog on somebody else is not', () => {
  assert.equal(watchdogIn(withNote({ ...SET, WATCHDOG_PID: '8' }, 7)), undefined);
  assert.deepEqual(withNote({ PATH: '/bin' }, 7), { PATH: '/bin', OCTAVO_ACTING: '3' });
});
