/** Ready scenarios tell their story, and the same scenario and seed give the same bytes. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runJobs } from '../../src/host/worker-pool.js';
import { JOBS_MODULE, type Job } from '../../src/simulator/run/jobs.js';
import type { SimulationOutcome } from '../../src/simulator/run/outcome.js';
import { simulate } from '../../src/simulator/run/simulation.js';
import { parseScenario, withValue } from '../../src/simulator/scenario/scenario-text.js';
import { OctavoError } from '../../src/vocabulary/errors.js';
import { MIB } from '../../src/vocabulary/units.js';
import { MAIN } from './octavo.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

type Changes = Readonly<Record<string, string>>;

function changed(text: string, changes: Changes): string {
  return Object.entries(changes).reduce((sofar, [key, value]) => withValue(sofar, 'test', key, value), text);
}

function scenario(name: string, changes: Changes = {}) {
  return parseScenario(changed(readFileSync(join(ROOT, 'scenarios', `${name}.yaml`), 'utf8'), changes), name);
}

const context = { readText: () => '', progress: () => undefined };

function run(name: string, changes: Changes = {}, seed = 1): Promise<SimulationOutcome> {
  return simulate(scenario(name, changes), seed, name, context);
}

const SHORT = {
  duration: '2s',
  warmUp: '1s',
  'processes.0.with.size': '64MiB',
  'processes.0.think': '10us',
};

test('THP always, never and madvise', async () => {
  const always = (await run('thp-always', SHORT)).processes[0];
  const never = (await run('thp-never', SHORT)).processes[0];
  assert.equal(always.pmdMapped, 64 * MIB);
  assert.equal(never.pmdMapped, 0);
  assert.equal(never.bloat, 0);
  assert.equal(always.rss - always.bloat, never.rss, 'the same data; the rest is zeroes');
  assert.ok(always.perSecond > never.perSecond);
  assert.ok(Math.abs(always.perSecond / always.allHugePerSecond - 1) < 0.002);
  assert.ok(Math.abs(never.perSecond / never.allBasePerSecond - 1) < 0.002);
  const [asking, silent] = (await run('thp-madvise', SHORT)).processes;
  assert.equal(asking.pmdMapped, asking.rss);
  assert.equal(silent.pmdMapped, 0);
});

const DRIFT = `octavo: scenario
version: 1
about: DAMOS collapses what is hot
duration: 3s
host: { cpu: neoverse-n1, cpus: 1, memory: 2GiB, pageSize: 16KiB, thp: { enabled: never } }
processes:
  - { name: one, workload: zipf, with: { size: 256MiB }, think: 2us }
damon:
  - operations: fvaddr
    targets: [one]
    regions: [3, 4]
    schemes: [{ action: collapse, accesses: [0, 20] }]
`;

test('collapses count those of DAMOS, in blocks of the page size; sweeps show DAMON', async () => {
  const { costs, timeline, processes, pageBytes, blockBytes } = await simulate(
    parseScenario(DRIFT, 'x'),
    1,
    'x',
    context,
  );
  assert.deepEqual([pageBytes, blockBytes], [16_384, 32 * MIB]);
  assert.ok(costs.collapses >= 1, JSON.stringify(costs));
  assert.equal(costs.khugepagedCollapses, 0);
  assert.equal(
    timeline.reduce((sum, row) => sum + row.collapses, 0),
    costs.collapses,
  );
  assert.equal(processes[0].pmdMapped, costs.collapses * blockBytes);
  const folder = mkdtempSync(join(tmpdir(), 'octavo-sweep-'));
  writeFileSync(join(folder, 'x.yaml'), DRIFT);
  const words = ['simulate', join(folder, 'x.yaml'), '--sweep', 'damon.0.schemes.0.accesses=[0,20],[21,22]'];
  const swept = spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  rmSync(folder, { recursive: true, force: true });
  assert.equal(swept.status, 0, swept.stderr);
  const rows = swept.stdout.split('\n').filter((line) => line.includes('=[21,22]'));
  assert.equal(rows.length, 3, swept.stdout);
  assert.match(rows[0], / one .* 0 +0$/, 'nothing collapsed');
  assert.match(rows[1], / kdamond\.0 +fvaddr .* ms /);
  assert.match(rows[2], / kdamond\.0 +collapse +\d+ +0 +0 B/);
});

test('ping-pong: khugepaged undoes every split; back-off ends it', async () => {
  const changes = { duration: '20s', 'processes.0.think': '50us' };
  const fight = await run('ping-pong', changes);
  const patient = await run('ping-pong-back-off', changes);
  assert.ok(fight.costs.splits >= 16 * 10, `${fight.costs.splits} splits`);
  assert.ok(fight.costs.collapses >= fight.costs.splits - 16);
  assert.ok(patient.costs.splits <= fight.costs.splits / 3, `${patient.costs.splits} with back-off`);
  assert.match(patient.notes.join(), /held back \d+ times/);
});

test('Redis: pages are given back, then khugepaged fills the holes again', async () => {
  const { timeline, processes } = await run('redis', {
    duration: '14s',
    report: '1s',
    'processes.0.think': '20us',
    'processes.0.with':
      '{ size: 64MiB, value: 2KiB, deleted: 80%, again: 16MiB, deleteAt: 2s, insertAt: 10s }',
    'host.thp': '{ enabled: always, khugepaged/scan_sleep_millisecs: 4000, khugepaged/pages_to_scan: 65536 }',
  });
  const rss = timeline.map((row) => row.processes[0].rss / MIB);
  assert.ok(
    rss.slice(2, 6).some((mib) => mib < 40),
    `given back: ${rss}`,
  );
  assert.equal(processes[0].rss, 80 * MIB, 'all of it resident again');
  assert.ok(processes[0].bloat > 64 * MIB * 0.6, `${processes[0].bloat / MIB} MiB of holes`);
});

test('a guest with scattered pages is slower than one with huge pages on the same host memory', async () => {
  const { processes, tlb } = await run('kvm-guest', {
    duration: '1s',
    warmUp: '500ms',
    'processes.0.with.size': '64MiB',
    'processes.1.with.size': '64MiB',
    'processes.0.think': '5us',
    'processes.1.think': '5us',
  });
  assert.ok(processes[0].perSecond > processes[1].perSecond);
  assert.ok(tlb.walks > 0);
});

test('one page per block: a gibibyte resident for two mebibytes', async () => {
  const { processes } = await run('one-page-per-block', {
    duration: '1s',
    warmUp: '500ms',
    'processes.0.think': '20us',
  });
  assert.equal(processes[0].rss - processes[0].bloat, 512 * 4096);
});

test('the main job: the empty nine tenths come back, dense blocks stay huge, all verdicts met', async () => {
  const { processes, notes } = await run('main-job', { ...SHORT, duration: '9s', warmUp: '8s' });
  assert.match(notes[0], /Octavo \(return-empty\) on store: (\d+) steps, \1 met/);
  assert.ok(processes[0].rss < 24 * MIB, `${processes[0].rss / MIB} MiB`);
  assert.ok(processes[0].pmdMapped > 0);
});

test('Octavo splits on what the PMU sampled', async () => {
  const { processes, notes } = await run('main-job', {
    ...SHORT,
    duration: '4s',
    warmUp: '3s',
    'processes.0.think': '2us',
    agent: '{ policy: split-sparse, targets: [store], start: 2s, every: 60s, sources: [pmu] }',
    pmu: '{ period: 16, jitter: false, operationsPerAccess: 1 }',
  });
  assert.match(notes[0], /Octavo \(split-sparse\) on store: [1-9]\d* steps, [1-9]\d* met/);
  assert.ok(processes[0].rss < 54 * MIB, `${processes[0].rss / MIB} MiB`);
});

const TOO_LARGE = { 'host.memory': '64MiB', 'processes.0.with': '{ size: 512MiB, used: 100% }' };

test('a process that needs more than the host has stops the scenario, coded', async () => {
  await assert.rejects(
    run('thp-never', TOO_LARGE),
    (problem: OctavoError) => problem.code === 'SCENARIO_FAILED' && /out of memory/.test(problem.message),
  );
});

test('workers give the same outcome as this thread, in the order asked for', async () => {
  const zipf = scenario('zipf', SHORT);
  const jobs = [1, 2, 3].map(
    (seed): Job => ({
      kind: 'simulate',
      scenario: zipf,
      seed,
      name: `seed ${seed}`,
      files: { texts: {}, traces: {} },
    }),
  );
  const outcomes = await runJobs<Job, SimulationOutcome>({ url: JOBS_MODULE }, jobs, 2);
  assert.deepEqual(
    outcomes.map(({ seed }) => seed),
    [1, 2, 3],
  );
  assert.deepEqual(outcomes[1], await simulate(zipf, 2, 'seed 2', context));
  assert.notDeepEqual(outcomes[0].tlb, outcomes[1].tlb);
});

test('failures cross threads with their code', async () => {
  const job: Job = {
    kind: 'simulate',
    scenario: scenario('thp-never', TOO_LARGE),
    seed: 1,
    name: '',
    files: { texts: {}, traces: {} },
  };
  await assert.rejects(
    runJobs<Job, unknown>({ url: JOBS_MODULE }, [job], 1),
    (problem: OctavoError) => problem instanceof OctavoError && problem.code === 'SCENARIO_FAILED',
  );
});

const octavo = (...words: string[]) =>
  spawnSync(process.execPath, [MAIN, ...words], {
    encoding: 'utf8',
    cwd: ROOT,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
  });

test('the command: equal bytes for equal seeds, others for another; tables, sweeps, coded errors', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-simulate-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'small.yaml');
  const small = changed(readFileSync(join(ROOT, 'scenarios/zipf.yaml'), 'utf8'), SHORT);
  writeFileSync(file, small);
  const first = octavo('simulate', file, '--seed', '7', '--json', '--record', join(folder, 'a.data'));
  const second = octavo('simulate', file, '--seed', '7', '--json', '--record', join(folder, 'b.data'));
  assert.equal(first.status, 0, first.stderr);
  assert.equal(first.stdout, second.stdout);
  assert.deepEqual(readFileSync(join(folder, 'a.data')), readFileSync(join(folder, 'b.data')));
  assert.notEqual(octavo('simulate', file, '--seed', '8', '--json').stdout, first.stdout);
  assert.equal(JSON.parse(first.stdout).octavo, 'outcome');
  const swept = octavo('simulate', file, '--sweep', 'host.cpu=zen3,ice-lake', '--sweep', 'seed=1');
  assert.equal(swept.stdout.match(/host\.cpu=/g)?.length, 2, swept.stdout + swept.stderr);
  assert.match(swept.stdout, /accesses\/s {2}× all-4K {2}× all-2M/);

  writeFileSync(file, small.replace('memory: 4GiB', 'memory: 4XiB'));
  const bad = octavo('simulate', file);
  assert.equal(bad.status, 3);
  assert.match(bad.stderr, /SCENARIO_INVALID: .*small\.yaml:\d+: host\.memory: "4XiB" is no size/);
  assert.equal(octavo('simulate').status, 2);
  assert.equal(octavo('simulate', join(folder, 'none.yaml')).status, 3);
});

test('--list names every scenario, CPU and workload', () => {
  const { scenarios, cpus, workloads } = JSON.parse(octavo('simulate', '--list', '--json').stdout);
  assert.ok(scenarios.length >= 13);
  assert.equal(cpus.length, 9);
  assert.equal(workloads.length, 17);
  assert.match(octavo('simulate', '--list').stdout, /ready scenarios\n/);
});
