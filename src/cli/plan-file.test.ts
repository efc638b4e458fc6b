/** Plan files that were edited, torn or are something else: refused with the key, before anything is done. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { terminalOn } from '../../test/support/terminal.js';
import type { Plan, Step } from '../vocabulary/plan.js';

async function plannedOn(host: ScriptedHost): Promise<Plan> {
  const { run, err } = terminalOn(host);
  const words = ['plan', '100', '--split', '0x7d000000', '--out', '/plan.json', '--source', 'smaps'];
  assert.equal(await run(words), 0, err());
  const plan: Plan = JSON.parse(host.texts.get('/plan.json') ?? '');
  assert.equal(plan.steps.length, 1);
  return plan;
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
  [
    'more than a second of locks in a second',
    (plan) => ({ ...plan, budgets: { ...(plan.budgets as object), lockUsPerSecond: 1e9 } }),
    /should be at most 1000000 at budgets\.lockUsPerSecond/,
  ],
  [
    'a step number twice',
    (plan) => withSteps(plan, (step) => [step, step]),
    /repeats the number `0` of another step at steps\.1\.id/,
  ],
  [
    'a block twice',
    (plan) => withSteps(plan, (step) => [step, { ...step, id: 7 }]),
    /repeats the block of another step at steps\.1\.proposal\.block/,
  ],
  [
    'a block that is not the one looked at',
    (plan) => withSteps(plan, (step) => [{ ...step, before: { ...step.before, block: 3 } }]),
    /is another block than that of the proposal at steps\.0\.before\.block/,
  ],
  [
    'a step of no process of the plan',
    (plan) => ({ ...plan, processes: [] }),
    /is none of the processes of the plan at steps\.0\.proposal\.process/,
  ],
  [
    'a process twice',
    (plan) => ({ ...plan, processes: [...(plan.processes as []), ...(plan.processes as [])] }),
    /stands there twice at processes\.1\.pid/,
  ],
  ['a list', () => [], /should be a set of keys at the top level/],
];

function withSteps(plan: Record<string, never>, change: (step: Step) => readonly Step[]) {
  return { ...plan, steps: (plan.steps as readonly Step[]).flatMap(change) };
}

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

test('a plan without a step is applied by doing nothing, and leaves no run', async () => {
  const host = new ScriptedHost([9]);
  host.write('/empty.json', JSON.stringify({ ...(await plannedOn(host)), steps: [] }));
  const told = terminalOn(host);
  assert.equal(await told.run(['apply', '/empty.json']), 0, told.err());
  assert.match(told.out(), /^Nothing to do\.$/m);
  assert.doesNotMatch(told.out(), /^Run /m);
  const json = terminalOn(host);
  assert.equal(await json.run(['apply', '/empty.json', '--json']), 0);
  const { run, how, why } = JSON.parse(json.out());
  assert.deepEqual([run, how, why], [null, 'complete', 'nothing to do']);
  assert.deepEqual(
    [...host.texts.keys()].filter((path) => path.startsWith('/state/runs')),
    [],
  );
});
