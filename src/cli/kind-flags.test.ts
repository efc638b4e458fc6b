/** The proof that a kind owns its options: one object and one catalogue line, and everything else follows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proposeCompletions } from '@stricli/core';
import * as z from 'zod';
import { FIRST_BLOCK } from '../../test/drawing.js';
import { PID, ScriptedHost } from '../../test/scripted-host.js';
import { terminalOn } from '../../test/terminal.js';
import { assembleTurn, type TurnRequest } from '../config/assemble.js';
import { KINDS, type Kinds } from '../config/kinds.js';
import { policyKind } from '../policies/policy.js';
import { OctavoError } from '../vocabulary/errors.js';
import { choice, duration, NO_PARAMETERS, share, size, toggle } from '../vocabulary/kind.js';
import { applicationOf } from './application.js';
import { COMMANDS } from './catalogue.js';
import { routesTo } from './command-table.js';
import { planCommandOf } from './commands/plan.js';
import { withKindFlags } from './kind-flags.js';
import { kindTable } from './kind-table.js';
import { manualCommands } from './manual.js';

/** All that somebody writes for a policy with three options. */
const splitIdle = policyKind({
  brief: 'split every huge page of a process that was idle for long enough',
  parameters: z.strictObject({
    idleFor: duration({ brief: 'how long it must have been idle', min: 1000, max: 3_600_000 }).default(
      60_000,
    ),
    leave: size({ brief: 'memory to leave huge', min: 0, max: 2 ** 50 }),
    from: choice(['start', 'end'], { brief: 'the end at which to begin' }).default('end'),
  }),
  make: ({ idleFor, leave, from }) => ({
    name: 'split-idle',
    propose: ({ sizes: { process } }) => ({
      proposals: [],
      passedOver: [
        {
          ...{ policy: 'split-idle', process, blocks: 1, examples: [FIRST_BLOCK] },
          ...{ code: 'no-gain', why: `idle for ${idleFor} ms, ${leave} bytes left from the ${from}` },
        },
      ],
    }),
  }),
});
/** … and its line in the catalogue. */
const kinds: Kinds = { ...KINDS, policies: { ...KINDS.policies, 'split-idle': splitIdle } };

const own = { plan: planCommandOf(kinds) };
const terminal = () => terminalOn(new ScriptedHost([9, 9, 9]), undefined, own);
const ran = async (...words: readonly string[]) => {
  const { run, out, err } = terminal();
  return { code: await run(['plan', ...words]), out: out(), err: err() };
};

describe('a policy with three options is one object and one line', () => {
  test('help tells of its options, with what they are by default', async () => {
    const help = (await ran('--help')).out.replaceAll(/\s+/g, ' ');
    assert.match(help, /\[--idle-for\] split-idle: how long it must have been idle \(default 1m\)/);
    assert.match(help, /\[--leave\] split-idle: memory to leave huge/);
    assert.match(help, /\[--from\] split-idle: the end at which to begin \(default end\) \[start\|end\]/);
  });

  test('so does the manual page', () => {
    const [{ flags }] = manualCommands(routesTo({ ...own }));
    assert.deepEqual(
      flags.filter(({ name }) => ['idle-for', 'leave', 'from'].includes(name)).map(({ value }) => value),
      ['duration', 'bytes', 'start|end'],
    );
  });

  test('completion proposes it, its options and their values', async () => {
    const application = applicationOf(routesTo({ ...COMMANDS, ...own }));
    const proposed = async (...words: readonly string[]) =>
      (await proposeCompletions(application, ['plan', ...words], terminal().context as never)).map(
        ({ completion }) => completion,
      );
    assert.deepEqual(await proposed('--policy', 'split-i'), ['split-idle']);
    assert.deepEqual(await proposed('1', '--idle'), ['--idle-for']);
    assert.deepEqual(await proposed('1', '--from', ''), ['start', 'end']);
  });

  test('its options reach it, and the plan tells them', async () => {
    const options = ['--idle-for', '2m', '--leave', '4M', '--from', 'start'];
    const { code, out } = await ran(String(PID), '--policy', 'split-idle', '--json', ...options);
    assert.equal(code, 0);
    const plan = JSON.parse(out);
    assert.deepEqual([plan.policy, plan.parameters], [
      'split-idle',
      { idleFor: 120_000, leave: 4 * 2 ** 20, from: 'start', order: 'chosen' },
    ]); // biome-ignore format: as one row
    assert.equal(plan.passedOver[0].why, 'idle for 120000 ms, 4194304 bytes left from the start');
  });

  test('a wrong, missing or strange value is a coded error', async () => {
    const told = async (...options: readonly string[]) =>
      (await ran(String(PID), '--policy', 'split-idle', ...options)).err;
    assert.match(await told('--leave', '1M', '--idle-for', '5x'), /--idle-for: `5x` is no duration; write/);
    assert.match(await told('--leave', '1M', '--idle-for', '2h'), /a duration from 1s to 1h/);
    assert.match(await told('--leave', '1M', '--from', 'middle'), /--from: `middle` is none of start, end/);
    assert.match(await told(), /split-idle: parameter leave must be a size from 0 to 1P/);
    const { code, err } = await ran(String(PID), '--idle-for', '2m');
    assert.equal(code, 2);
    assert.match(err, /--idle-for is for policy split-idle, not for chain/);
    const named = await ran(String(PID), '--split', '0x0', '--sparse-below', '5%');
    assert.match(
      named.err,
      /--sparse-below is for policy split-sparse, collapse-dense, chain, not for named-/,
    );
  });

  test('a request is checked alike, with texts as people write them', async () => {
    const request = (parameters: TurnRequest['parameters'], policy = 'split-idle'): TurnRequest => ({
      ...{ target: String(PID), scope: {}, kinds, policy, sources: [], parameters, budgets: {} },
      ...{ actuators: [], split: [], collapse: [] },
    });
    const assemble = (...given: Parameters<typeof request>) =>
      assembleTurn(new ScriptedHost([9, 9, 9]), request(...given));
    const { settings } = await assemble({ leave: '4MiB', idleFor: '90s' });
    assert.deepEqual(settings, { idleFor: 90_000, leave: 4 * 2 ** 20, from: 'end' });
    const wrong: readonly (readonly [given: Parameters<typeof request>, code: string, says: RegExp])[] = [
      [[{ leave: 0, from: 'x' }], 'PARAMETER_INVALID', /parameter from must be one of start, end/],
      [[{ leave: 1.5e16 }], 'PARAMETER_INVALID', /leave must be a size/],
      [
        [{ leave: 0, idle: 1 }],
        'PARAMETER_INVALID',
        /idle unknown parameter; there are idleFor, leave, from/,
      ],
      [[{}, 'split-all'], 'KIND_UNKNOWN', /no policy is called split-all/],
      [[{}, 'toString'], 'KIND_UNKNOWN', /no policy is called toString/],
    ];
    for (const [given, code, says] of wrong)
      await assert.rejects(assemble(...given), (problem: unknown) => {
        assert.ok(problem instanceof OctavoError && problem.code === code, String(problem));
        assert.match(problem.message, says);
        return true;
      });
  });

  test('the documents have a row of it', () => {
    const row = kindTable('policy', kinds.policies).split('\n').at(-1);
    assert.equal(
      row,
      '| `split-idle` | split every huge page of a process that was idle for long enough | ' +
        '`--idle-for`: how long it must have been idle (default 1m); `--leave`: memory to leave huge; ' +
        '`--from`: the end at which to begin (default end) |',
    );
  });
});

test('one name is one declaration: two kinds that mean two things by it are a bug', () => {
  const kind = (brief: string) => ({ brief, parameters: z.strictObject({ least: share({ brief }) }) });
  assert.throws(
    () => withKindFlags({}, { a: kind('one'), b: kind('two') }),
    /b declares least, which another/,
  );
  assert.throws(() => withKindFlags({ least: 1 }, { a: kind('one') }), /the option least is declared twice/);
  assert.throws(
    () => withKindFlags({}, { a: { brief: '', parameters: z.strictObject({ x: z.number() }) } }),
    /parameter x is not declared by/,
  );
  assert.deepEqual(withKindFlags({ all: 1 }, { a: { brief: '', parameters: NO_PARAMETERS } }), { all: 1 });
});

test('a switch that is on by default can be put off', () => {
  const parameters = z.strictObject({ careful: toggle({ brief: 'look twice' }).default(true) });
  const flags: Readonly<Record<string, unknown>> = withKindFlags({}, { a: { brief: '', parameters } });
  const brief = 'a: look twice (default yes)';
  assert.deepEqual(flags.careful, { brief, optional: true, kind: 'boolean', withNegated: true });
});
