/** A plan for several processes of which some end, get another's pid, or may not be looked at meanwhile. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { failure } from '../base/result.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { POLICIES } from '../policies/kinds/catalogue.js';
import { DEFAULT_PARAMETERS, policyOf } from '../policies/policy.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { planTurn } from './plan-turn.js';

const other = (pid: number): ProcessIdentity => ({ pid, startTicks: 1, command: 'other', cgroup: '/' });
const stat = (pid: number) => `${pid} (other) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0`;

/** Process 100 is as it should be; 101 is another user's; 102 has ended. */
function hostOfThree(): ScriptedHost {
  const host = new ScriptedHost([9]);
  host.texts.set('/proc/101/stat', stat(101));
  const { readText } = host.files;
  host.files.readText = (path) =>
    path === '/proc/101/smaps'
      ? failure({ errno: 'EACCES', call: `read ${path}` })
      : readText.call(host.files, path);
  return host;
}

async function planned(host: ScriptedHost, processes: readonly ProcessIdentity[]) {
  return planTurn({
    ...{
      host,
      id: 'plan-1',
      target: 'all',
      processes,
      sources: [],
      policy: policyOf(POLICIES['return-empty']),
    },
    ...{ parameters: DEFAULT_PARAMETERS, actuators: [], budgets: DEFAULT_BUDGETS, feuds: new Map() },
    ...{ insist: false, signal: new AbortController().signal, progress: () => undefined },
  });
}

async function codeOf(host: ScriptedHost, processes: readonly ProcessIdentity[]): Promise<string> {
  try {
    await planned(host, processes);
  } catch (problem) {
    assert.ok(problem instanceof OctavoError);
    return `${problem.code} ${problem.exitCode}`;
  }
  return 'planned';
}

describe('of several processes', () => {
  test('those that may be looked at are planned for, and the others told', async () => {
    const host = hostOfThree();
    const { plan, sizes } = await planned(host, [me(host), other(101), other(102)]);
    assert.deepEqual(
      sizes.map(({ process }) => process.pid),
      [PID],
    );
    assert.deepEqual(
      plan.notes.filter((note) => note.includes('left out')),
      ['1 process was left out: not permitted: read /proc/101/smaps (EACCES)'],
    );
  });

  test('one that just ended is no failure and no note', async () => {
    const host = hostOfThree();
    const { plan, sizes } = await planned(host, [me(host), other(102)]);
    assert.equal(sizes.length, 1);
    assert.deepEqual(plan.notes, []);
  });

  test('one whose pid another process has now is none of them', async () => {
    const host = hostOfThree();
    assert.equal(await codeOf(host, [{ ...me(host), startTicks: 1 }]), 'TARGET_GONE 4');
  });

  test('none that may be looked at is PERMISSION, not that it ended', async () => {
    assert.equal(await codeOf(hostOfThree(), [other(101)]), 'PERMISSION 5');
    assert.equal(await codeOf(hostOfThree(), [other(102), other(101)]), 'PERMISSION 5');
  });

  test('all of them ended', async () => {
    assert.equal(await codeOf(hostOfThree(), [other(102), other(103)]), 'TARGET_GONE 4');
  });
});

function me(host: ScriptedHost): ProcessIdentity {
  return { pid: PID, startTicks: host.startTicks, command: 'target', cgroup: '/' };
}
