/** The proof that a kind owns its options: one object and one catalogue line, and everything else follows. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { proposeCompletions } from '@stricli/core';
import * as z from 'zod';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { terminalOn } from '../../test/support/terminal.js';
import { actuatorKind } from '../actuators/actuator.js';
import { madviseActuator } from '../actuators/madvise.js';
import { assembleTurn, type TurnRequest } from '../config/assemble.js';
import { KINDS, type Kinds } from '../config/kinds.js';
import { policyKind } from '../policies/policy.js';
import { SmapsSource } from '../sources/smaps.js';
import { sourceKind } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import { choice, duration, NO_PARAMETERS, share, size, toggle } from '../vocabulary/kind.js';
import { applicationOf } from './application/application.js';
import { COMMANDS } from './application/catalogue.js';
import { routesTo } from './application/command-table.js';
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
const terminal = () => terminalOn(new ScriptedHost([9, 9, 9]), { own });
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

describe('so is a source or an actuator with options', () => {
  const made: unknown[] = [];
  const lookTwice = sourceKind({
    brief: 'looks twice',
    parameters: z.strictObject({
      pause: duration({ brief: 'time between both looks', min: 1, max: 60_000 }).default(50),
    }),
    make(parameters, { host }) {
      made.push(parameters);
      return [new SmapsSource(host.identity.geometry)];
    },
  });
  const gently = actuatorKind({
    brief: 'acts gently',
    parameters: z.strictObject({
      rest: duration({ brief: 'rest between steps', min: 0, max: 1000 }).default(5),
    }),
    make(parameters, { host }) {
      made.push(parameters);
      return madviseActuator(host);
    },
  });
  const kinds: Kinds = {
    ...KINDS,
    sources: { ...KINDS.sources, 'look-twice': lookTwice },
    actuators: { ...KINDS.actuators, gently },
  };
  const ran = async (...words: readonly string[]) => {
    made.length = 0;
    const terminal = terminalOn(new ScriptedHost([9, 9, 9]), { own: { plan: planCommandOf(kinds) } });
    const code = await terminal.run(['plan', ...words]);
    return { code, out: terminal.out(), err: terminal.err(), made: [...made] };
  };

  test('help tells of their options', async () => {
    const help = (await ran('--help')).out.replaceAll(/\s+/g, ' ');
    assert.match(help, /\[--pause\] look-twice: time between both looks \(default 50ms\)/);
    assert.match(help, /\[--rest\] Rest between steps \(default 5ms\)/);
    assert.match(help, /\[--read-rate\] occupancy: bytes per second that may be read \(default 1G\)/);
    assert.match(help, /occupancy\|damon-regions\|smaps\|look-twice/);
  });

  test('their options reach them, checked, with their defaults', async () => {
    const named = ['--source', 'look-twice', '--actuator', 'gently'];
    assert.deepEqual((await ran(String(PID), ...named)).made, [{ pause: 50 }, { rest: 5 }]);
    const given = await ran(String(PID), ...named, '--pause', '2s', '--rest', '1ms');
    assert.deepEqual([given.code, given.made], [0, [{ pause: 2000 }, { rest: 1 }]]);
    const { made: byDefault } = await ran(String(PID), '--rest', '7ms');
    assert.deepEqual(byDefault, [{ rest: 7 }]);
  });

  test('an option of a source or actuator that was not chosen is refused', async () => {
    const refused = async (...words: readonly string[]) => (await ran(String(PID), ...words)).err;
    assert.match(await refused('--pause', '1s'), /--pause is for source look-twice, not for occupancy/);
    assert.match(
      await refused('--source', 'smaps', '--read-rate', '1M'),
      /--read-rate is for source occupancy, not for smaps/,
    );
    assert.match(
      await refused('--actuator', 'collapse-then-split', '--allow-sticky'),
      /--allow-sticky is for actuator madvise, debugfs-split, damos, not for collapse-then-split/,
    );
    assert.match(await refused('--comm', 'redis'), /--comm is for the samples of --perf/);
    const shared = await ran(
      String(PID),
      '--actuator',
      'collapse-then-split',
      '--share-damon',
      '--source',
      'smaps',
    );
    assert.match(shared.err, /--share-damon is for source damon-regions, not for smaps/);
  });

  test('a request is checked alike', async () => {
    const request = (sourceParameters: TurnRequest['sourceParameters']): TurnRequest => ({
      ...{ target: String(PID), scope: {}, kinds, policy: undefined, parameters: {}, budgets: {} },
      ...{ sources: [], sourceParameters, actuators: [], split: [], collapse: [] },
    });
    for (const wrong of [{ readRate: 'much' }, { reedRate: 5 }, { perf: ['a'], time: '5' }, { perf: [''] }])
      await assert.rejects(
        assembleTurn(new ScriptedHost([9]), request(wrong)),
        (problem) => problem instanceof OctavoError && problem.code === 'PARAMETER_INVALID',
        JSON.stringify(wrong),
      );
  });
});
