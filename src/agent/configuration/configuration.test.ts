/** Configurations: everything that is wrong is told with its place, and what is right says the same however it is read. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { effectiveLines } from './effective.js';
import { everyKey, explained } from './explain.js';
import { configurationSchema } from './json-schema.js';
import { loadConfiguration, readConfiguration } from './read.js';

const HEAD = 'octavo: agent\nversion: 1\n';

function hostWith(files: Readonly<Record<string, string>>): ScriptedHost {
  const host = new ScriptedHost([]);
  for (const [name, text] of Object.entries(files)) host.texts.set(name, text);
  const list = host.files.list;
  host.files.list = (path) => {
    const inside = Object.keys(files).filter((name) => name.startsWith(`${path}/`));
    if (inside.length === 0) return list(path);
    return { ok: true, value: inside.map((name) => name.slice(path.length + 1)) };
  };
  return host;
}

const problemsOf = (text: string, more: Readonly<Record<string, string>> = {}) =>
  readConfiguration(hostWith({ '/a.yaml': text, ...more }), '/a.yaml').problems.map(
    ({ file, line, column, key, problem }) => `${file}:${line}:${column} ${key}: ${problem}`,
  );

const configured = (text: string, more: Readonly<Record<string, string>> = {}) =>
  loadConfiguration(hostWith({ '/a.yaml': HEAD + text, ...more }), '/a.yaml');

describe('a wrong configuration', () => {
  const cases: readonly (readonly [what: string, text: string, told: readonly RegExp[]])[] = [
    ['is no YAML', 'a: [', [/^\/a.yaml:1:\d+ : the indentation is wrong/]],
    ['is a list', '- 1\n', [/^\/a.yaml:1:1 : must be a set of keys$/]],
    ['is empty', '', [/ octavo: is missing; it must be one of agent$/, / version: is missing/]],
    [
      'is something else',
      'octavo: scenario\nversion: 2\n',
      [/:1:1 octavo: must be one of agent/, /:2:1 version: must be/],
    ],
    [
      'has an unknown key',
      `${HEAD}wacth: 2s\n`,
      [/^\/a.yaml:3:1 wacth: unknown key; did you mean `watch`\?$/],
    ],
    ['has a key like none', `${HEAD}zzzzzzzzz: 1\n`, [/unknown key; there are octavo, version, watch/]],
    ['has no value', `${HEAD}watch:\n`, [/watch: has no value; must be a duration from 200ms to 2400ms/]],
    ['has a value out of bounds', `${HEAD}watch: 1h\n`, [/watch: must be a duration from 200ms to 2400ms/]],
    ['has a value in place of keys', `${HEAD}sampling: 1\n`, [/sampling: must be a set of keys: cpu$/]],
    [
      'has a value in place of a list',
      `${HEAD}targets: 1\n`,
      [/targets: must be a list, each entry with the keys/],
    ],
    ['has a value in a list of keys', `${HEAD}targets: [1]\n`, [/targets.0: must be a set of keys/]],
    ['has a target without a name', `${HEAD}targets: [{match: {unit: a}}]\n`, [/targets.0.name: is missing/]],
    [
      'has a target that matches nothing',
      `${HEAD}targets: [{name: a, match: {}}]\n`,
      [/targets.0.match: matches nothing/],
    ],
    ['has a target without a match', `${HEAD}targets: [{name: a}]\n`, [/targets.0.match: matches nothing/]],
    ['denies nothing', `${HEAD}deny: [{}]\n`, [/deny.0: matches nothing/]],
    [
      'has a wrong item of a list',
      `${HEAD}deny: [{cgroup: [/a, b]}]\n`,
      [/:3:22 deny.0.cgroup.1: must be a path/],
    ],
    [
      'has several',
      `${HEAD}watch: 1h\nruntime: x\nstate: y\n`,
      [/watch/, /runtime: must be an absolute path/, /state/],
    ],
  ];
  for (const [what, text, told] of cases)
    test(`that ${what}`, () => {
      const problems = problemsOf(text);
      assert.equal(problems.length, told.length, problems.join('\n'));
      for (const [index, pattern] of told.entries()) assert.match(problems[index], pattern);
    });

  const target = (keys: string) => `${HEAD}targets:\n  - { name: a, match: { unit: a }, ${keys} }\n`;
  test('has parameters of another policy, source or actuator', () => {
    assert.deepEqual(problemsOf(target('policy: split-sparse, parameters: { emptyAbove: 0.5 }')), [
      '/a.yaml:4:72 targets.0.parameters.emptyAbove: is no parameter of policy split-sparse',
    ]);
    assert.match(
      problemsOf(target('sourceParameters: { shareDamon: true }'))[0],
      /is no parameter of source occupancy/,
    );
    const actuators = 'actuators: [collapse-then-split], actuatorParameters: { allowSticky: true }';
    assert.match(problemsOf(target(actuators))[0], /is no parameter of actuator collapse-then-split/);
    assert.match(problemsOf(target('parameters: { nope: 1 }'))[0], /nope: unknown key/);
    assert.equal(problemsOf(target('parameters: { nope: 1 }')).length, 1);
    assert.equal(problemsOf(target('policy: nope, parameters: { emptyAbove: 1 }')).length, 1);
  });

  test('has a goal for a policy without one, or one that the policy does not know', () => {
    assert.match(problemsOf(target('goal: 1%'))[0], /targets.0.goal: policy chain has no goal; octavo has/);
    assert.match(
      problemsOf(target('policy: octavo, goal: fast'))[0],
      /targets.0.goal: must be a slowdown such as 1%/,
    );
    assert.deepEqual(problemsOf(target('policy: octavo, goal: balanced')), []);
  });

  test('names two targets alike, hides one behind another, or has too many', () => {
    const two = 'targets:\n  - { name: a, match: { unit: x } }\n  - { name: a, match: { unit: y } }\n';
    assert.match(
      problemsOf(HEAD + two)[0],
      /targets.1.name: `a` is the name of the target at \/a.yaml:4 as well/,
    );
    const hidden =
      'targets:\n  - { name: a, match: { command: "*" } }\n  - { name: b, match: { unit: y } }\n';
    assert.match(problemsOf(HEAD + hidden)[0], /targets.1: is never reached: target a before it takes every/);
    const group = hidden.replace('command: "*"', 'cgroup: /**');
    assert.match(problemsOf(HEAD + group)[0], /targets.1: is never reached/);
    assert.deepEqual(problemsOf(HEAD + hidden.replace('command: "*"', 'command: "*", unit: x')), []);
    const many = (count: number) =>
      `targets:\n${Array.from({ length: count }, (_, at) => `  - { name: t${at}, match: { unit: x } }\n`).join('')}`;
    assert.deepEqual(problemsOf(HEAD + many(256)), []);
    assert.match(problemsOf(HEAD + many(257))[0], /targets.256: is one too many: at most 256 targets/);
  });

  test('is told by the first problem, with how many more there are, or as unreadable', () => {
    const fails = (text: string, code: string, message: RegExp) =>
      assert.throws(
        () => loadConfiguration(hostWith({ '/a.yaml': text }), '/a.yaml'),
        (problem) => problem instanceof OctavoError && problem.code === code && message.test(problem.message),
      );
    fails(
      `${HEAD}wacth: 1\n`,
      'CONFIGURATION_INVALID',
      /^\/a.yaml:3:1: wacth unknown key; did you mean `watch`\?$/,
    );
    fails(`${HEAD}wacth: 1\nstaet: 1\n`, 'CONFIGURATION_INVALID', /, and 1 more$/);
    fails('a: [', 'CONFIGURATION_INVALID', /\(the file\)/);
    fails(`# ${'x'.repeat(2 ** 20)}`, 'FILE_UNREADABLE', /EFBIG/);
    assert.throws(() => loadConfiguration(hostWith({}), '/a.yaml'), { code: 'FILE_UNREADABLE' });
  });
});

describe('a configuration', () => {
  test('is by default one that only observes', () => {
    const { targets, watchMs, cpuShare, deny, state, runtime, files } = configured(
      'targets: [{ name: a, match: { unit: x } }]\n',
    );
    assert.deepEqual(
      [watchMs, cpuShare, deny, state, runtime, files],
      [2000, 0.01, [], undefined, undefined, ['/a.yaml']],
    );
    const [{ match, ...one }] = targets;
    assert.equal(match.words, 'unit x');
    assert.deepEqual(one, {
      ...{
        name: 'a',
        act: false,
        policy: 'chain',
        parameters: {},
        sources: ['occupancy'],
        sourceParameters: {},
      },
      ...{
        actuators: [],
        actuatorParameters: {},
        everyMs: 60_000,
        hours: [],
        halfLifeMs: 3_600_000,
        processes: 64,
      },
      budgets: {
        maxBlocks: 0,
        maxBytes: 2 ** 30,
        lockUsPerSecond: 100_000,
        minFreeBytes: 2 ** 27,
        maxPressure: 10,
      },
      timed: {
        ...{ blocksPerMinute: 0, blocksPerHour: 0, bytesPerMinute: 2 ** 30, bytesPerHour: 2 ** 34 },
        ...{ lockPerMinute: 3000, lockPerHour: 60_000 },
      },
      guards: {
        pressure: { some: { cpu: 60, memory: 10, io: 40 }, full: { cpu: 0, memory: 5, io: 20 } },
        ...{
          freeHuge: 0,
          lockShare: 0.2,
          ownCpu: 0.05,
          ownMemory: 400 * 2 ** 20,
          success: 0.9,
          metric: undefined,
        },
      },
    });
  });

  test('takes numbers as the command line does, and one value for a list of one', () => {
    const { targets, watchMs } = configured(
      'watch: 1\ntargets: [{ name: a, every: 30, match: { pod: 12 } }]\n',
    );
    assert.deepEqual([watchMs, targets[0].everyMs, targets[0].match.words], [1000, 30_000, 'pod 12']);
  });

  test('gives targets what `defaults` say, key by key', () => {
    const { targets } = configured(
      [
        'defaults: { policy: octavo, goal: 2%, every: 5s, budgets: { maxBlocks: 3, lockShare: 5% } }',
        'targets:',
        '  - { name: a, match: { unit: x }, budgets: { maxBlocks: 4 } }',
        '  - { name: b, match: { unit: y }, policy: return-empty, act: true }',
      ].join('\n'),
    );
    const [a, b] = targets;
    assert.deepEqual([a.policy, a.parameters, a.everyMs], ['octavo', { goal: '2%' }, 5000]);
    assert.deepEqual([a.budgets.maxBlocks, a.budgets.lockUsPerSecond], [4, 50_000]);
    assert.deepEqual([b.policy, b.parameters, b.act, b.budgets.maxBlocks], ['return-empty', {}, true, 3]);
  });

  test('grows by drop-ins in the order of their names', () => {
    const dropIns = {
      '/a.yaml.d/20.yaml':
        'targets: [{ name: c, match: { unit: z } }, { name: a, every: 7s }]\ndeny: [{ unit: n }]\n',
      '/a.yaml.d/10.yml': 'watch: 1s\ntargets: [{ name: b, match: { unit: y }, every: 9s }]\n',
      '/a.yaml.d/.hidden.yaml': 'nonsense: 1\n',
      '/a.yaml.d/README': 'nonsense',
    };
    const text = 'deny: [{ unit: m }]\ntargets: [{ name: a, match: { unit: x }, every: 8s, act: true }]\n';
    const { targets, watchMs, deny, files } = configured(text, dropIns);
    assert.deepEqual(files, ['/a.yaml', '/a.yaml.d/10.yml', '/a.yaml.d/20.yaml']);
    assert.deepEqual(
      targets.map(({ name, everyMs, act }) => [name, everyMs, act]),
      [
        ['c', 60_000, false],
        ['b', 9000, false],
        ['a', 7000, true],
      ],
    );
    assert.deepEqual([watchMs, deny.map(({ words }) => words)], [1000, ['unit m', 'unit n']]);
    assert.deepEqual(problemsOf(HEAD, { '/a.yaml.d/1.yaml': 'wacth: 1\n' }), [
      '/a.yaml.d/1.yaml:1:1 wacth: unknown key; did you mean `watch`?',
    ]);
  });

  test('follows anchors, and refuses a key that is given twice', () => {
    const text =
      'targets:\n  - { name: a, match: { unit: x }, budgets: &b { maxBlocks: 3 } }\n  - { name: c, match: { unit: y }, budgets: *b }\n';
    assert.equal(configured(text).targets[1].budgets.maxBlocks, 3);
    assert.match(problemsOf(`${HEAD}watch: 1s\nwatch: 2s\n`)[0], /:4:1 : this key is given twice/);
  });
});

test('what is printed as in effect is a configuration of the same meaning, with the origin of each value', () => {
  const text =
    'defaults: { every: 5s }\ntargets:\n  - name: a\n    match: { command: ["*", "1"] }\n    hours: [Mon 1:00-2:00]\n    act: true\n';
  const host = hostWith({ '/a.yaml': HEAD + text });
  const lines = effectiveLines(readConfiguration(host, '/a.yaml').tree);
  const origin = (key: string) => lines.find((line) => line.key === key)?.origin;
  assert.deepEqual(['every', 'act', 'policy', 'hours', 'name', 'match'].map(origin), [
    '/a.yaml:3',
    '/a.yaml:8',
    'default',
    '/a.yaml:7',
    '/a.yaml:5',
    '',
  ]);
  assert.equal(
    lines.some(({ key }) => key === 'defaults'),
    false,
  );
  const printed = lines
    .map(({ depth, begins, key, value }) => `${'  '.repeat(depth)}${begins ? '- ' : ''}${key}: ${value}`)
    .join('\n');
  const again = loadConfiguration(hostWith({ '/a.yaml': printed }), '/a.yaml');
  const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
  assert.deepEqual(plain(again), plain(loadConfiguration(host, '/a.yaml')));
});

describe('a key', () => {
  test('is explained by its path, with or without the number of an entry', () => {
    const share = {
      key: 'targets.budgets.lockShare',
      accepts: 'must be a share from 0 to 1, such as 0.1 or 10%',
      fallback: '0.1',
    };
    for (const path of ['targets.budgets.lockShare', 'targets.3.budgets.lockShare']) {
      const { key, accepts, fallback } = explained(path);
      assert.deepEqual({ key, accepts, fallback }, share);
    }
    assert.deepEqual(explained('targets.match').keys, [
      'unit',
      'cgroup',
      'container',
      'pod',
      'namespace',
      'vm',
      'command',
    ]);
    assert.equal(explained('').keys.includes('targets'), true);
    assert.equal(explained('octavo').isRequired, true);
    for (const wrong of ['targets.bugdets', 'watch.more', 'nope'])
      assert.throws(() => explained(wrong), { code: 'CONFIGURATION_KEY' });
  });

  test('has a line in the list and a place in the schema', () => {
    const keys = everyKey().map(({ key }) => key);
    assert.equal(new Set(keys).size, keys.length);
    for (const key of keys) {
      let schema: unknown = configurationSchema();
      for (const part of key.split('.')) {
        const inner = schema as {
          properties?: Record<string, unknown>;
          items?: { properties?: Record<string, unknown> };
        };
        schema = (inner.properties ?? inner.items?.properties)?.[part];
      }
      assert.ok(schema !== undefined, key);
      assert.match(String((schema as { description?: string }).description), /\w/);
    }
  });
});
