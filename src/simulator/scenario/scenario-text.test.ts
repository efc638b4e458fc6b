import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { OctavoError } from '../../vocabulary/errors.js';
import { WORKLOADS } from '../workloads/catalogue.js';
import { ScenarioSchema } from './scenario.js';
import { parseScenario, withValue } from './scenario-text.js';

const READY = fileURLToPath(new URL('../../../../scenarios/', import.meta.url));

const GOOD = `octavo: scenario
version: 1
about: for tests
duration: 1s
host:
  cpu: zen3
  memory: 1GiB
processes:
  - name: one
    workload: zipf
    with: { size: 64MiB }
    think: 1us
`;

/** What is wrong with GOOD after `from` was replaced by `to`. */
function wrong(from: string, to: string): string {
  try {
    parseScenario(GOOD.replace(from, to), 'bad.yaml');
  } catch (problem) {
    assert.ok(problem instanceof OctavoError, String(problem));
    assert.equal(problem.code, 'SCENARIO_INVALID');
    assert.equal(problem.exitCode, 3);
    return problem.message;
  }
  throw new Error(`accepted: ${to}`);
}

test('what is just right is accepted', () => {
  const changed = (from: string, to: string) => () => parseScenario(GOOD.replace(from, to), 'good.yaml');
  assert.doesNotThrow(changed('duration: 1s', 'duration: 1s\nreport: 10us\nwarmUp: 999999999ns'));
  assert.doesNotThrow(changed('cpu: zen3', 'cpu: neoverse-n1\n  pageSize: 64KiB'));
  assert.doesNotThrow(changed('think: 1us', 'think: 0.1ns\n    start: 1s'));
  const file = '/sys/kernel/mm/transparent_hugepage/enabled';
  const event = `events: [{ at: 1s, write: { path: ${file}, text: never } }]\nprocesses:\n`;
  assert.doesNotThrow(changed('processes:\n', event));
});

test('a good scenario is read with its units', () => {
  const scenario = parseScenario(GOOD, 'good.yaml');
  assert.equal(scenario.duration, 1e9);
  assert.equal(scenario.host.memory, 2 ** 30);
  assert.equal(scenario.processes[0].think, 1000);
});

const CASES: readonly (readonly [what: string, from: string, to: string, told: RegExp])[] = [
  ['unknown key', '  cpu: zen3\n', '  cpu: zen3\n  cpuz: 2\n', /^bad\.yaml:7: host\.cpuz: unknown key cpuz/],
  [
    'unknown CPU',
    'zen3',
    'zen9',
    /^bad\.yaml:6: host\.cpu: not a CPU of the catalogue; there are kunpeng-920, /,
  ],
  [
    'unknown workload',
    'workload: zipf',
    'workload: zpif',
    /^bad\.yaml:10: processes\.0\.workload: no workload is called zpif/,
  ],
  [
    'unknown unit',
    '64MiB',
    '64Mbit',
    /^bad\.yaml:11: processes\.0\.with\.size: "64Mbit" is no size; write size as a number/,
  ],
  [
    'unknown workload parameter',
    'size: 64MiB',
    'size: 64MiB, sized: 3',
    /^bad\.yaml:11: processes\.0\.with\.sized: unknown key sized/,
  ],
  [
    'missing workload parameter',
    '{ size: 64MiB }',
    '{ theta: 1 }',
    /^bad\.yaml:11: processes\.0\.with\.size: /,
  ],
  ['a duration without a unit', 'duration: 1s', 'duration: 5', /^bad\.yaml:4: duration: 5 is no duration/],
  [
    'too little memory',
    '1GiB',
    '4MiB',
    /^bad\.yaml:7: host\.memory: memory must be a multiple of 2 MiB between/,
  ],
  [
    'pages that the CPU does not have',
    'memory: 1GiB',
    'memory: 1GiB\n  pageSize: 64KiB',
    /^bad\.yaml:8: host\.pageSize: x64 has base pages of 4KiB$/m,
  ],
  [
    'memory of less than two huge pages',
    'cpu: zen3\n  memory: 1GiB',
    'cpu: neoverse-n1\n  pageSize: 64KiB\n  memory: 512MiB',
    /^bad\.yaml:8: host\.memory: memory must be a multiple of 512 MiB between 1024 MiB and 4 TiB/,
  ],
  ['too much memory', '1GiB', '900TiB', /^bad\.yaml:7: host\.memory: /],
  ['memory that is no whole block', '1GiB', '1073741825', /^bad\.yaml:7: host\.memory: /],
  ['a negative size', '1GiB', '-1', /^bad\.yaml:7: host\.memory: /],
  ['no processes', 'processes:', 'nobody:', /^bad\.yaml:\d+: /],
  ['not a scenario', 'octavo: scenario', 'octavo: plan', /^bad\.yaml:1: octavo: a scenario begins with/],
  ['another version', 'version: 1', 'version: 7', /^bad\.yaml:2: version: /],
  ['a key that is missing', 'about: for tests\n', '', /^bad\.yaml:1: about: is missing/],
  [
    'a key of the wrong kind',
    'about: for tests',
    'about: [1]',
    /^bad\.yaml:3: about: must be a text, not a list/,
  ],
  [
    'two documents',
    '  - name: one',
    '---\n  - name: one',
    /^bad\.yaml:\d+: \(the file\): a second document begins here/,
  ],
  ['no time at all', 'duration: 1s', 'duration: 0s', /^bad\.yaml:4: duration: must be at least 1ns/],
  [
    'more time than is exact',
    'duration: 1s',
    'duration: 99999999999h',
    /^bad\.yaml:4: duration: longer than 104 days/,
  ],
  [
    'rows of no length',
    'duration: 1s',
    'duration: 1s\nreport: 0s',
    /^bad\.yaml:5: report: must be at least 1ns/,
  ],
  [
    'too many rows',
    'duration: 1s',
    'duration: 1s\nreport: 1ns',
    /^bad\.yaml:5: report: makes 1000000000 rows/,
  ],
  [
    'a row too many',
    'duration: 1s',
    'duration: 1s\nreport: 9999ns',
    /^bad\.yaml:5: report: makes 100011 rows/,
  ],
  [
    'a warm-up of everything',
    'duration: 1s',
    'duration: 1s\nwarmUp: 1s',
    /^bad\.yaml:5: warmUp: must end before/,
  ],
  [
    'accesses that take no time',
    'think: 1us',
    'think: 0s',
    /^bad\.yaml:12: processes\.0\.think: must be at least 0\.1ns/,
  ],
  [
    'a process beyond the end',
    'think: 1us',
    'start: 2s',
    /^bad\.yaml:12: processes\.0\.start: lies beyond the duration/,
  ],
  [
    'an event again and again at once',
    'processes:\n',
    'events:\n  - { at: 0s, every: 0s, advise: { process: one, advice: MADV_COLD, bytes: 2MiB } }\nprocesses:\n',
    /^bad\.yaml:9: events\.0\.every: must be at least 1ns/,
  ],
  [
    'an event beyond the end',
    'processes:\n',
    'events:\n  - { at: 2s, advise: { process: one, advice: MADV_COLD, bytes: 2MiB } }\nprocesses:\n',
    /^bad\.yaml:9: events\.0\.at: lies beyond the duration/,
  ],
  [
    'a write to no file',
    'processes:\n',
    'events:\n  - { at: 1s, write: { path: /nosuch, text: x } }\nprocesses:\n',
    /^bad\.yaml:9: events\.0\.write\.path: this kernel has no such file/,
  ],
  [
    'two processes of one name',
    'think: 1us\n',
    'think: 1us\n  - { name: one, workload: zipf, with: { size: 2MiB } }\n',
    /^bad\.yaml:13: processes\.1\.name: a second process is called one/,
  ],
  [
    'an unknown policy',
    'processes:\n',
    'agent: { policy: foo, targets: [one] }\nprocesses:\n',
    /^bad\.yaml:8: agent\.policy: no policy is called foo; there are return-empty, /,
  ],
  [
    'a parameter of no policy',
    'processes:\n',
    'agent: { policy: chain, targets: [one], parameters: { sparse: 1 } }\nprocesses:\n',
    /^bad\.yaml:8: agent\.parameters\.sparse: unknown parameter; there are emptyAbove, /,
  ],
  [
    'a sampling interval of nothing',
    'processes:\n',
    'damon: [{ targets: [one], sample: 0s }]\nprocesses:\n',
    /^bad\.yaml:8: damon\.0\.sample: must be at least 1us/,
  ],
  [
    'a kdamond beyond the end',
    'processes:\n',
    'damon: [{ targets: [one], at: 2s }]\nprocesses:\n',
    /^bad\.yaml:8: damon\.0\.at: lies beyond the duration/,
  ],
  [
    'phases of no length',
    'workload: zipf\n    with: { size: 64MiB }',
    'workload: stairs\n    with: { size: 64MiB, phase: 0s }',
    /^bad\.yaml:11: processes\.0\.with\.phase: must be at least 1ns/,
  ],
  ['broken YAML', '  cpu: zen3', '  cpu: [zen3', /^bad\.yaml:\d+: \(the file\): /],
  [
    'a THP file that the kernel does not have',
    '1GiB\n',
    '1GiB\n  thp: { enabled: never, hugepages-3kB/enabled: always }\n',
    /^bad\.yaml:8: host\.thp\.hugepages-3kB\/enabled: this kernel has no such file/,
  ],
  [
    'a value that its THP file refuses',
    '1GiB\n',
    '1GiB\n  thp:\n    khugepaged/max_ptes_none: 512\n',
    /^bad\.yaml:9: host\.thp\.khugepaged\/max_ptes_none: the kernel refuses "512" with EINVAL/,
  ],
  [
    'a THP file of another release',
    '1GiB\n',
    '1GiB\n  kernel: "6.12"\n  thp: { hugepages-64kB/enabled: always, hugepages-64kB/stats/split: 1 }\n',
    /^bad\.yaml:9: host\.thp\.hugepages-64kB\/stats\/split: the kernel refuses "1" with EACCES/,
  ],
  [
    'advice to nobody',
    'processes:\n',
    'events:\n  - at: 1s\n    advise: { process: two, advice: MADV_COLD, bytes: 2MiB }\nprocesses:\n',
    /^bad\.yaml:10: events\.0\.advise\.process: no process is called two; there are one/,
  ],
  [
    'an agent for nobody',
    'processes:\n',
    'agent:\n  policy: return-empty\n  targets: [one, two]\nprocesses:\n',
    /^bad\.yaml:10: agent\.targets\.1: no process is called two; there are one/,
  ],
  ['a key twice', '  cpu: zen3\n', '  cpu: zen3\n  cpu: zen4\n', /^bad\.yaml:7: \(the file\): /],
];
for (const [what, from, to, told] of CASES) {
  test(`refused with file, line and key: ${what}`, () => assert.match(wrong(from, to), told));
}

test('text that is no mapping at all is refused', () => {
  for (const text of ['', 'just words', '- 1\n- 2\n', '42']) {
    assert.throws(
      () => parseScenario(text, 'bad.yaml'),
      (problem: OctavoError) => problem.code === 'SCENARIO_INVALID',
    );
  }
});

test('a value can be set from outside, also where there was none', () => {
  const changed = withValue(withValue(GOOD, 'x', 'host.cpu', 'zen5'), 'x', 'processes.0.with.theta', '0.5');
  const scenario = parseScenario(changed, 'x');
  assert.equal(scenario.host.cpu, 'zen5');
  assert.equal(scenario.processes[0].with.theta, 0.5);
});

for (const name of readdirSync(READY)) {
  test(`ready scenario ${name} is in order`, () => {
    const scenario = parseScenario(readFileSync(join(READY, name), 'utf8'), name);
    assert.ok(scenario.about.length > 10);
  });
}

test('docs/simulate.md names every key of a scenario and every workload with its parameters', () => {
  const text = readFileSync(fileURLToPath(new URL('../../../../docs/simulate.md', import.meta.url)), 'utf8');
  const keys = new Set<string>();
  collectKeys(z.toJSONSchema(ScenarioSchema, { io: 'input', unrepresentable: 'any' }), keys);
  for (const [name, { parameters }] of Object.entries(WORKLOADS)) {
    keys.add(name);
    const schema = z.toJSONSchema(parameters, { io: 'input', unrepresentable: 'any' });
    for (const key of Object.keys(schema.properties ?? {})) keys.add(key);
  }
  assert.ok(keys.size > 60, `${keys.size} keys`);
  assert.deepEqual(
    [...keys].filter((key) => !text.includes(`\`${key}\``)),
    [],
  );
});

/** Names of all properties of a JSON schema, at any depth. */
function collectKeys(schema: unknown, into: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return;
  const { properties, ...rest } = schema as { properties?: Record<string, unknown> };
  for (const [name, inner] of Object.entries(properties ?? {})) {
    into.add(name);
    collectKeys(inner, into);
  }
  for (const inner of Object.values(rest)) collectKeys(inner, into);
}
