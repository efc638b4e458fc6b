import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Scenario, ScenarioSchema } from '../simulator/scenario/scenario.js';
import { run } from './cell-job.js';
import type { CellRun } from './cell-run.js';
import { CONTENDERS } from './contenders/catalogue.js';
import { OWN_SOURCE } from './contenders/own.js';
import { dress, onCpu, placeOf, underPressure } from './dress.js';
import { jobOf, plannedCells, scoredCells } from './matrix.js';
import { tableScenarios } from './workload-table.js';

const MIB = 2 ** 20;
const NO_FILES = { texts: {}, traces: {} };

function scenarioOf(
  more: object = {},
  parameters: object = { size: '32MiB', groups: [{ used: '12%' }] },
): Scenario {
  return ScenarioSchema.parse({
    octavo: 'scenario',
    version: 1,
    about: 'tiny',
    duration: '1s',
    warmUp: '300ms',
    host: { cpu: 'zen3', memory: '512MiB' },
    processes: [{ name: 'a', workload: 'mixed-blocks', with: parameters, think: '2us' }],
    pmu: { period: 256 },
    ...more,
  });
}

/** More small pages than any TLB holds. */
const WALKING = scenarioOf({
  processes: [
    {
      name: 'a',
      workload: 'mixed-blocks',
      with: { size: '64MiB', groups: [{ used: '40%' }] },
      think: '300ns',
    },
  ],
});

async function runOf(contender: string, scenario = scenarioOf(), seed = 1): Promise<CellRun> {
  const answer = await run({ scenario, contender, seed, files: NO_FILES });
  assert.ok(answer.kind === 'run', answer.kind === 'none' ? answer.why : '');
  return answer.run;
}

test('every contender has a name of its own, a rule and a source', () => {
  assert.equal(new Set(CONTENDERS.map(({ name }) => name)).size, CONTENDERS.length);
  for (const { name, brief, source } of CONTENDERS) {
    assert.match(name, /^[a-z][a-z-]*$/);
    assert.ok(brief.length > 10 && source.length > 5, name);
  }
});

describe('on sparse memory', () => {
  test('the rulers are what they say', async () => {
    const [never, always] = [await runOf('never'), await runOf('always')];
    assert.ok(always.meanRss === 32 * MIB && never.meanRss < 5 * MIB, `${never.meanRss}`);
    assert.ok(never.processes[0].nsPerAccess > always.processes[0].nsPerAccess);
    assert.ok(never.bound !== null && always.bound === null);
    assert.deepEqual([never.blocks, never.actions, never.agent], [16, 0, null]);
  });

  test('the same seed gives the same run, another one another', async () => {
    assert.deepEqual(await runOf('pcc'), await runOf('pcc'));
    assert.notDeepEqual(await runOf('pcc'), await runOf('pcc', scenarioOf(), 2));
  });

  for (const [name, huge] of [
    ['return-empty', 0],
    ['underused-shrinker', 0],
    ['rfc', 0],
    ['khugepaged', 16],
    ['psi-gate', 16],
    ['ingens', 0],
    ['khugepaged-mthp', 0],
  ] as const) {
    test(`${name} leaves ${huge} of 16 blocks huge in the end`, async () => {
      const { peakRss, actions, meanRss } = await runOf(name);
      if (huge === 0) assert.ok(meanRss < 16 * MIB, `${name}: ${meanRss / MIB} MiB`);
      else assert.equal(peakRss, 32 * MIB);
      if (name === 'ingens' || name === 'psi-gate' || name === 'khugepaged-mthp') assert.equal(actions, 0);
      else assert.ok(actions >= 16, `${actions} actions`);
    });
  }

  test('random splits some, and each block once', async () => {
    const { actions, churn } = await runOf('random');
    assert.ok(actions >= 2 && actions <= 15, String(actions));
    assert.equal(churn, 0);
  });

  test('pcc and hawkeye make some blocks huge, memtis and thermostat some small', async () => {
    for (const name of ['pcc', 'hawkeye', 'memtis', 'thermostat']) {
      const { actions, agent } = await runOf(name);
      assert.ok(actions > 0 && actions < 40, `${name}: ${actions}`);
      assert.equal(agent?.turns, 8);
    }
  });

  test('damon-ethp asks khugepaged for what is hot', async () => {
    const { actions, workNs } = await runOf('damon-ethp', scenarioOf({ duration: '3s', warmUp: '1s' }));
    assert.ok(actions > 0 && workNs > 0, `${actions} ${workNs}`);
  });
});

test('nothing is changed on memory that is in use and cold to a sampler', async () => {
  const dense = scenarioOf({}, { size: '32MiB', groups: [{ used: '100%' }] });
  for (const name of ['return-empty', 'underused-shrinker', 'psi-gate'])
    assert.equal((await runOf(name, dense)).actions, 0, name);
});

test('what cannot run is told with its reason', async () => {
  const old = scenarioOf({ host: { cpu: 'zen3', memory: '512MiB', kernel: '6.12' } });
  const [cell] = plannedCells({
    workloads: [{ name: 'w', scenario: old, files: NO_FILES, pressures: [undefined] }],
    ...{ cpus: undefined, seeds: [1], policies: ['khugepaged-mthp'] },
  }).slice(-1);
  assert.match(cell.unable ?? '', /builds no mTHPs/);
  const full = scenarioOf(
    { host: { cpu: 'zen3', memory: '64MiB' } },
    { size: '128MiB', groups: [{ used: '100%' }] },
  );
  const answer = await run({ scenario: full, contender: 'never', seed: 1, files: NO_FILES });
  assert.ok(answer.kind === 'none' && /memory/.test(answer.why));
  assert.deepEqual(await run({ scenario: full, contender: 'x', seed: 1, files: NO_FILES }), {
    kind: 'none',
    why: 'no policy is called x',
  });
});

test('a contender is put over a scenario without touching it', () => {
  const scenario = scenarioOf({
    host: { cpu: 'zen3', memory: '512MiB', thp: { enabled: 'never', defrag: 'defer' } },
  });
  const before = structuredClone(scenario);
  for (const contender of CONTENDERS) {
    const dressed = dress(scenario, contender);
    assert.ok(
      ScenarioSchema.safeParse({ ...dressed, damon: [] }).success || dressed.report < 1e9,
      contender.name,
    );
    assert.equal(dressed.host.thp.defrag, 'defer', contender.name);
    assert.equal(dressed.agent !== undefined, contender.rule !== undefined, contender.name);
  }
  assert.deepEqual(scenario, before);
});

test('only rules that look at samples have a PMU', () => {
  const scenario = { ...scenarioOf(), pmu: undefined };
  const pmuOf = (name: string) => dress(scenario, CONTENDERS.find((one) => one.name === name)!).pmu;
  assert.equal(pmuOf('never'), undefined);
  assert.equal(pmuOf('random'), undefined);
  assert.equal(pmuOf('memtis')?.period, 4096);
});

test('a rule is made anew for each run: what it remembers ends with the run', () => {
  const place = placeOf(scenarioOf());
  for (const { name, source, rule } of CONTENDERS) {
    if (rule === undefined || source === OWN_SOURCE) continue;
    assert.notEqual(rule(place).kind, rule(place).kind, name);
  }
});

test('pressure bounds each process by its data, and gives it room to swap', async () => {
  const tight = underPressure(scenarioOf(), 1.15);
  assert.deepEqual(tight.processes[0].limit, { ofData: 1.15 });
  assert.ok(tight.host.swap >= 512 * MIB && tight.host.zswap > 0);
  const own = scenarioOf({
    processes: [{ name: 'a', workload: 'gups', with: { size: '8MiB' }, limit: '6MiB' }],
    host: { cpu: 'zen3', memory: '512MiB', swap: '64MiB' },
  });
  assert.deepEqual(underPressure(own, 2).processes[0].limit, { bytes: 6 * MIB }, 'its own bound stays');
  assert.equal(underPressure(own, 2).host.swap, 64 * MIB);
  const { peakRss } = await runOf('always', tight);
  assert.ok(peakRss < 6 * MIB, `the data takes 4 of 32 MiB, and ${peakRss / MIB} were resident`);
});

test('a CPU without the base pages of a scenario has no cell', () => {
  const arm = scenarioOf({ host: { cpu: 'neoverse-n1', memory: '2GiB', pageSize: '64KiB' } });
  assert.equal(onCpu(arm, 'zen3'), undefined);
  assert.equal(onCpu(arm, 'kunpeng-920')?.host.cpu, 'kunpeng-920');
});

test('the matrix: rulers first, then every policy on every row', () => {
  const workloads = [{ name: 'w', scenario: scenarioOf(), files: NO_FILES, pressures: [undefined, 1.5] }];
  const cells = plannedCells({
    workloads,
    cpus: ['zen3', 'zen4'],
    seeds: [1, 2],
    policies: ['random', 'never'],
  });
  assert.deepEqual([...new Set(cells.map(({ place }) => place.policy))], ['never', 'always', 'random']);
  assert.equal(cells.length, 3 * 2 * 2 * 2);
  const tight = cells.filter(({ place }) => place.pressure === '1.5');
  assert.equal(tight.length, 12);
  assert.deepEqual(jobOf(tight[0]).scenario.processes[0].limit, { ofData: 1.5 });
  assert.equal(jobOf(cells[0]).scenario.host.cpu, 'zen3');
});

test('cells are scored against the rulers of their own row', async () => {
  const cells = plannedCells({
    workloads: [{ name: 'w', scenario: WALKING, files: NO_FILES, pressures: [undefined] }],
    ...{ cpus: undefined, seeds: [1], policies: ['random'] },
  });
  const answers = await Promise.all(cells.map((cell) => run(jobOf(cell))));
  const [never, always, own] = scoredCells(cells, answers);
  assert.deepEqual(
    [never.bloatRemoved, never.speedKept, always.bloatRemoved, always.speedKept],
    [1, 0, 0, 1],
  );
  assert.ok((own.bloatRemoved ?? 0) > 0.1 && (own.speedKept ?? 1) < 1);
  assert.ok((own.bound ?? 0) >= (own.product ?? 1), 'nobody beats the bound');
});

test('every line of the table is a scenario, under a name of its own', () => {
  const lines = tableScenarios();
  assert.equal(new Set(lines.map(({ name }) => name)).size, lines.length);
  for (const { scenario } of lines) assert.equal(scenario.agent, undefined);
});
