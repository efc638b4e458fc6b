/** Plan files that were edited, torn or are something else: refused with the key, before anything is done. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../test/scripted-host.js';
import { terminalOn } from '../../test/terminal.js';
import type { Plan } from '../vocabulary/plan.js';

async function plannedOn(host: ScriptedHost): Promise<Plan> {
  const { run, err } = terminalOn(host);
  const words = ['plan', '100', '--collapse', '0x7d000000', '--out', '/plan.json', '--source', 'smaps'];
  assert.equal(await run(words), 0, err());
  return JSON.parse(host.texts.get('/plan.json') ?? '');
}

type Change = (plan: Record<string, never>) => unknown;

const CHANGES: readonly (readonly [what: string, change: Change, says: RegExp])[] = [
  ['an unknown key', (plan) => ({ ...plan, force: true }), /has the unknown key `force` at force/],
  [
    'an unknown key further in',
    (plan) => ({ ...plan, budgets: { ...(plan.budgets as object), maxBlokcs: 3 } }),
    /has the unknown key `maxBlokcs` at budgets\.maxBlokcs/,
  ],
  ['a missing key', (plan) => ({ ...plan, bootId: undefined }), /lacks this text at bootId/],
  ['another version', (plan) => ({ ...plan, version: 99 }), /should be `1` at version/],
  ['another kind', (plan) => ({ ...plan, octavo: 'run' }), /should be `plan` at octavo/],
  [
    'a bound beyond its range',
    (plan) => ({ ...plan, budgets: { ...(plan.budgets as object), maxPressure: 101 } }),
    /should be at most 100 at budgets\.maxPressure/,
  ],
  ['a list', () => [], /should be a set of keys at the top level/],
];

describe('apply refuses a plan file with', () => {
  for (const [what, change, says] of CHANGES) {
    test(what, async () => {
      const host = new ScriptedHost([9, 0]);
      const plan = await plannedOn(host);
      const before = host.log.length;
      host.texts.set('/plan.json', JSON.stringify(change(plan as never)));
      const { run, err } = terminalOn(host);
      assert.equal(await run(['apply', '/plan.json']), 3);
      assert.match(err(), /^octavo: PLAN_MALFORMED: \/plan\.json is no plan: /);
      assert.match(err(), says);
      assert.deepEqual(host.log.slice(before), [], 'nothing was done');
    });
  }

  test('text that is no JSON, naming the line', async () => {
    const host = new ScriptedHost([9]);
    host.texts.set('/plan.json', '{\n "octavo": plan\n}');
    const { run, err } = terminalOn(host);
    assert.equal(await run(['apply', '/plan.json']), 3);
    assert.match(err(), /is no JSON at line 2, column 12/);
  });

  test('nothing behind it', async () => {
    const { run, err } = terminalOn(new ScriptedHost([9]));
    assert.equal(await run(['apply', '/none.json']), 3);
    assert.match(err(), /FILE_UNREADABLE: cannot read \/none\.json: ENOENT/);
  });
});
