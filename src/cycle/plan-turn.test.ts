import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { actuatorsOf } from '../config/assemble.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policies/policy.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { planTurn } from './plan-turn.js';

const ENDED: ProcessIdentity = { pid: 777, startTicks: 1, command: 'gone', cgroup: '/' };

function planOf(
  host: ScriptedHost,
  processes: readonly ProcessIdentity[],
  signal = new AbortController().signal,
) {
  return planTurn({
    host,
    id: 'plan-1',
    target: 'all',
    processes,
    sources: [],
    policy: policyOf(POLICIES.chain),
    parameters: DEFAULT_PARAMETERS,
    actuators: actuatorsOf(host),
    budgets: DEFAULT_BUDGETS,
    feuds: new Map(),
    insist: false,
    signal,
    progress: () => undefined,
  });
}

const pids = (planned: { plan: { processes: readonly { pid: number }[] } }) =>
  planned.plan.processes.map(({ pid }) => pid);
const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;

test('of several processes, one that has just ended is left out, first or last', async () => {
  const host = new ScriptedHost([9]);
  const alive = identityOf(host, PID);
  assert.deepEqual(pids(await planOf(host, [ENDED, alive])), [PID]);
  assert.deepEqual(pids(await planOf(host, [alive, ENDED])), [PID]);
});

test('one whose pid has gone to another process since is left out', async () => {
  const host = new ScriptedHost([9]);
  const alive = identityOf(host, PID);
  const earlier = { ...alive, startTicks: alive.startTicks - 1 };
  assert.deepEqual(pids(await planOf(host, [earlier, alive])), [PID]);
  await assert.rejects(planOf(host, [earlier]), code('TARGET_GONE'));
});

test('when all have ended, the target is gone', async () => {
  await assert.rejects(planOf(new ScriptedHost([9]), []), /`?all`?/);
  await assert.rejects(planOf(new ScriptedHost([9]), [ENDED]), code('TARGET_GONE'));
  await assert.rejects(planOf(new ScriptedHost([9]), [ENDED, ENDED]), code('TARGET_GONE'));
});

test('another user’s process is left out among several, and refused alone; a bug is not swallowed', async () => {
  const host = new ScriptedHost([9]);
  const alive = identityOf(host, PID);
  const { readText } = host.files;
  const refusing = (answer: () => ReturnType<typeof readText>) => {
    let reads = 0;
    host.files.readText = (path) =>
      path === `/proc/${PID}/smaps` && reads++ === 0 ? answer() : readText(path);
  };
  const forbidden = () => ({ ok: false as const, error: { errno: 'EACCES' as const, call: 'open smaps' } });
  refusing(forbidden);
  assert.deepEqual(pids(await planOf(host, [alive, alive])), [PID]);
  refusing(forbidden);
  await assert.rejects(planOf(host, [alive]), code('PERMISSION'));
  refusing(() => {
    throw new TypeError('a bug');
  });
  await assert.rejects(planOf(host, [alive, alive]), TypeError);
});

test('a kernel without THP is told, and a stop signal ends the look at once', async () => {
  const host = new ScriptedHost([9]);
  host.texts.delete('/sys/kernel/mm/transparent_hugepage/enabled');
  await assert.rejects(planOf(host, [identityOf(host, PID)]), code('NO_THP'));
  const stopped = new ScriptedHost([9]);
  const stop = new AbortController();
  stop.abort('SIGINT');
  await assert.rejects(planOf(stopped, [identityOf(stopped, PID)], stop.signal));
});
