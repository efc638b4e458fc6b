import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { terminalOn } from '../../../test/support/terminal.js';
import type { Refusal } from '../../host/host.js';

/** What `launch` says when the host refuses so. */
async function refused(refusal: Refusal): Promise<{ code: number; err: string; asked: unknown[] }> {
  const host = new ScriptedHost([9]);
  const asked: unknown[] = [];
  const become = (...given: unknown[]): Refusal => {
    asked.push(...given);
    return refusal;
  };
  const terminal = terminalOn({ ...host, calls: { ...host.calls, become } });
  const code = await terminal.run(['launch', '--', 'prog', '-x', '--json']);
  return { code, err: terminal.err(), asked };
}

test('the program’s own words are left to it, and the rule spares what is advised', async () => {
  const { asked } = await refused({ errno: 'ENOENT', call: 'execve prog' });
  assert.deepEqual(asked, ['prog', ['-x', '--json'], 'except-advised']);
});

const CASES: readonly (readonly [Refusal, number, RegExp])[] = [
  [{ errno: 'ENOENT', call: 'execve prog' }, 127, /PROGRAM_NOT_FOUND: .*`prog`/],
  [{ errno: 'ENOTDIR', call: 'execve prog' }, 127, /PROGRAM_NOT_FOUND/],
  [{ errno: 'EACCES', call: 'execve prog' }, 126, /PROGRAM_NOT_RUN: `prog` cannot be run \(EACCES\)/],
  [{ errno: 'E2BIG', call: 'execve prog' }, 126, /PROGRAM_NOT_RUN.*E2BIG/],
  [
    { errno: 'EINVAL', call: 'prctl PR_SET_THP_DISABLE x' },
    6,
    /ABILITY_MISSING.*except-advised.*answered EINVAL/,
  ],
];

for (const [refusal, code, told] of CASES) {
  test(`${refusal.call}: ${refusal.errno} ends with ${code}`, async () => {
    const ended = await refused(refusal);
    assert.equal(ended.code, code);
    assert.match(ended.err, told);
  });
}
