/** What a scenario does beside its workloads: events, kdamonds, limits, backing, and how it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KDAMONDS_PATH } from '../../model/kernel/damon/on-model/model-damon.js';
import { parseScenario } from '../scenario/scenario-text.js';
import { streamSeed } from './running-process.js';
import { Simulation } from './simulation.js';

const HEAD = `octavo: scenario
version: 1
about: "small"
duration: 400ms
warmUp: 100ms
report: 100ms
host: { cpu: neoverse-n1, cpus: 1, memory: 256MiB, thp: { enabled: never } }
`;
const STORE = `processes:
  - { name: store, workload: gups, with: { size: 8MiB }, think: 2us }
`;

async function run(text: string): Promise<Simulation> {
  const scenario = parseScenario(text, 'small.yaml');
  const simulation = new Simulation(scenario, scenario.seed, {
    readText: () => '',
    progress: () => undefined,
  });
  await simulation.run();
  return simulation;
}

const read = ({ machine }: Simulation, path: string) => {
  const text = machine.host.files.readText(path);
  assert.ok(text.ok, path);
  return text.value.trim();
};

const damon = (simulation: Simulation, path: string) =>
  read(simulation, `${KDAMONDS_PATH}/0/contexts/0/${path}`);
const smaps = (simulation: Simulation, name: string) =>
  Number(
    new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(
      read(simulation, `/proc/${simulation.processes[0].task.pid}/smaps_rollup`),
    )?.[1],
  );

test('a write to a kernel file happens at its time, with numbers as text', async () => {
  const simulation = await run(`${HEAD}${STORE}events:
  - { at: 200ms, write: { path: /sys/kernel/mm/transparent_hugepage/enabled, text: always } }
  - { at: 200ms, write: { path: /sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan, text: 77 } }
`);
  assert.equal(read(simulation, '/sys/kernel/mm/transparent_hugepage/enabled'), '[always] madvise never');
  assert.equal(read(simulation, '/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan'), '77');
});

test('an advice on a process is told with the huge blocks that it made or broke, and ends with the area', async () => {
  const simulation = await run(`${HEAD}${STORE}events:
  - { at: 150ms, advise: { process: store, advice: MADV_COLLAPSE, from: 2MiB, bytes: 4MiB } }
  - { at: 250ms, advise: { process: store, advice: MADV_COLD, from: 2MiB, bytes: 4KiB } }
  - { at: 350ms, advise: { process: store, advice: MADV_COLD, from: 0, bytes: 64GiB } }
`);
  assert.deepEqual(simulation.notes, [
    '0.150 s MADV_COLLAPSE on store: +2 huge blocks',
    '0.250 s MADV_COLD on store: -1 huge blocks',
    '0.350 s MADV_COLD on store: +0 huge blocks',
  ]);
  assert.equal(smaps(simulation, 'AnonHugePages'), 2048);
  const rows = simulation.timeline.map(({ collapses, splits }) => [collapses, splits]);
  assert.deepEqual(rows, [[0, 0], [2, 0], [0, 1], [0, 0]]); // biome-ignore format: rows
});

test('an event that is repeated comes again every so often', async () => {
  const simulation = await run(`${HEAD}${STORE}events:
  - { at: 110ms, every: 100ms, advise: { process: store, advice: MADV_WILLNEED, bytes: 4KiB } }
`);
  assert.deepEqual(
    simulation.notes.map((note) => note.slice(0, 7)),
    ['0.110 s', '0.210 s', '0.310 s'],
  );
});

test('an event on a process that does not run ends the scenario at its time', async () => {
  const text = `${HEAD}processes:
  - { name: store, workload: gups, with: { size: 8MiB }, think: 2us, start: 300ms }
events:
  - { at: 200ms, advise: { process: store, advice: MADV_COLD, bytes: 4KiB } }
`;
  await assert.rejects(run(text), {
    code: 'SCENARIO_FAILED',
    facts: { time: '0.200 s', problem: 'no process store is running' },
  });
});

test('somebody who splits again and again is counted, with and without patience', async () => {
  const huge = HEAD.replace('enabled: never', 'enabled: always');
  const events = (more: string) => `${huge}${STORE}events:
  - { at: 150ms, every: 50ms, split: { process: store, bytes: 4MiB${more} } }
  - { at: 160ms, every: 50ms, advise: { process: store, advice: MADV_COLLAPSE, bytes: 4MiB } }
`;
  const splitter = async (more: string) => {
    const simulation = await run(events(more));
    const { notes } = simulation.outcome([1, 1], 'x');
    return notes.find((note) => note.startsWith('splitter'));
  };
  assert.match((await splitter('')) ?? '', /^splitter: 12 splits in [\d.]+ ms, 10 undone by khugepaged$/);
  assert.match(
    (await splitter(', backOff: 60ms')) ?? '',
    /^splitter: 4 splits in [\d.]+ ms, 4 undone by khugepaged, held back 8 times$/,
  );
});

const KDAMOND = (
  more: string,
) => `${HEAD.replace('memory: 256MiB', 'memory: 256MiB, kernel: 7.3-rfc')}${STORE}damon:
  - { at: 50ms, sample: 5ms, aggregation: 50ms, update: 1s, regions: [5, 50], ${more} }
`;

test('a kdamond is set up as its scenario describes it, and turned on at its time', async () => {
  const simulation = await run(KDAMOND('operations: fvaddr, targets: [store], schemes: [{ action: stat, accesses: [1, 20], age: [2, 30], every: 40ms, passes: 3, quota: { bytes: 4MiB, time: 7ms, window: 900ms } }]')); // biome-ignore format: one row
  const expected: readonly (readonly [string, string])[] = [
    ['operations', 'fvaddr'],
    ['monitoring_attrs/intervals/sample_us', '5000'],
    ['monitoring_attrs/intervals/aggr_us', '50000'],
    ['monitoring_attrs/intervals/update_us', '1000000'],
    ['monitoring_attrs/nr_regions/min', '5'],
    ['monitoring_attrs/nr_regions/max', '50'],
    ['targets/nr_targets', '1'],
    ['targets/0/pid_target', `${simulation.processes[0].task.pid}`],
    ['schemes/0/action', 'stat'],
    ['schemes/0/access_pattern/sz/max', '18446744073709551615'],
    ['schemes/0/access_pattern/nr_accesses/min', '1'],
    ['schemes/0/access_pattern/nr_accesses/max', '20'],
    ['schemes/0/access_pattern/age/min', '2'],
    ['schemes/0/access_pattern/age/max', '30'],
    ['schemes/0/apply_interval_us', '40000'],
    ['schemes/0/stats/max_nr_snapshots', '3'],
    ['schemes/0/quotas/bytes', `${4 << 20}`],
    ['schemes/0/quotas/ms', '7'],
    ['schemes/0/quotas/reset_interval_ms', '900'],
  ];
  for (const [path, value] of expected) assert.equal(damon(simulation, path), value, path);
  const { window } = simulation.processes[0];
  const region = ['start', 'end'].map(
    (end) => Number(damon(simulation, `targets/0/regions/0/${end}`)) / 4096,
  );
  assert.deepEqual(region, [window.firstPage, window.firstPage + window.pages]);
  const [outcome] = simulation.outcome([1, 1], 'x').damon;
  assert.deepEqual([outcome.operations, outcome.running, outcome.schemes.length], ['fvaddr', true, 1]);
  assert.ok(outcome.schemes[0].passes > 0 && outcome.regions >= 5 && outcome.hotBytes > 0);
});

test('a kdamond of physical memory watches all of it', async () => {
  const simulation = await run(KDAMOND('operations: paddr, schemes: []'));
  assert.deepEqual(
    ['nr_targets', '0/regions/0/start', '0/regions/0/end'].map((path) =>
      damon(simulation, `targets/${path}`),
    ),
    ['1', '0', `${256 << 20}`],
  );
  assert.equal(damon(simulation, 'schemes/nr_schemes'), '0');
});

test('a scheme has an order and parts of processes where the kernel knows both', async () => {
  const simulation = await run(KDAMOND('operations: vaddr, targets: [store], schemes: [{ action: split, order: 2, only: [{ process: store, from: 2MiB, bytes: 2MiB }, { process: store, bytes: 4KiB }] }]')); // biome-ignore format: one row
  const start = simulation.processes[0].window.firstPage * 4096;
  assert.equal(damon(simulation, 'schemes/0/target_order'), '2');
  const filters = 'schemes/0/core_filters';
  assert.equal(damon(simulation, `${filters}/nr_filters`), '2');
  const filter = (place: number) =>
    ['type', 'matching', 'allow', 'addr_start', 'addr_end'].map((name) =>
      damon(simulation, `${filters}/${place}/${name}`),
    );
  assert.deepEqual(filter(0), ['addr', 'Y', 'Y', `${start + (2 << 20)}`, `${start + (4 << 20)}`]);
  assert.deepEqual(filter(1), ['addr', 'Y', 'Y', `${start}`, `${start + 4096}`]);
  assert.equal(damon(simulation, 'targets/0/regions/nr_regions'), '0', 'vaddr finds its regions itself');
});

test('memory of a tmpfs is shared memory, and an advice at the start marks the area', async () => {
  const tmpfs = await run(`${HEAD}${STORE.replace('think', 'backing: tmpfs, think')}`);
  assert.ok(smaps(tmpfs, 'Pss_Shmem') > 0 && smaps(tmpfs, 'Pss_Anon') === 0);
  assert.ok(smaps(tmpfs, 'ShmemPmdMapped') > 0, 'mounted with huge=always');
  const plain = await run(`${HEAD}${STORE}`);
  assert.deepEqual([smaps(plain, 'Pss_Shmem'), smaps(plain, 'AnonHugePages')], [0, 0]);
  const flags = (simulation: Simulation) => {
    const { task, window } = simulation.processes[0];
    return task.mm?.vmaOf(window.firstPage)?.flags ?? 0;
  };
  const advised = await run(`${HEAD}${STORE.replace('think', 'advice: hugepage, think')}`);
  const kept = await run(`${HEAD}${STORE.replace('think', 'advice: nohugepage, think')}`);
  assert.equal(new Set([flags(plain), flags(advised), flags(kept)]).size, 3);
});

test('a process may have a limit of its own, and a host too little memory: the killed are told', async () => {
  const limited = `${HEAD}processes:
  - { name: store, workload: gups, with: { size: 8MiB }, think: 1us, limit: 4MiB }
  - { name: other, workload: gups, with: { size: 1MiB }, think: 1us }
`;
  const simulation = await run(limited);
  assert.match(simulation.notes.join(), /the OOM killer ended store \(pid \d+\)/);
  assert.deepEqual(
    simulation.processes.map(({ killed }) => killed),
    [true, false],
  );
  assert.equal(read(simulation, '/sys/fs/cgroup/store/memory.max'), `${4 << 20}`);
  const alone = limited.replace(/ {2}- \{ name: other.*\n/, '');
  await assert.rejects(
    run(alone),
    (problem: { code?: string; facts?: { problem: string; time: string } }) => {
      assert.deepEqual(
        [problem.code, problem.facts?.problem],
        ['SCENARIO_FAILED', 'store: out of memory, and no process is left'],
      );
      assert.match(problem.facts?.time ?? '', /^0\.\d{3} s$/);
      return true;
    },
  );
});

test('rows of the timeline come at each report, with the rate since the last one', async () => {
  const simulation = await run(`${HEAD}${STORE}`);
  assert.deepEqual(
    simulation.timeline.map(({ atMs }) => atMs),
    [100, 200, 300, 400],
  );
  for (const { processes, tlb } of simulation.timeline) {
    assert.ok(processes[0].perSecond > 1e5 && processes[0].perSecond < 5e5, `${processes[0].perSecond}`);
    assert.ok(tlb.accesses > 0);
  }
  const outcome = simulation.outcome([2, 4], 'named');
  const [store] = outcome.processes;
  assert.deepEqual(
    [outcome.scenario, outcome.about, outcome.durationMs, store.allBasePerSecond, store.allHugePerSecond],
    ['named', 'small', 400, 5e8, 2.5e8],
  );
  const whole = simulation.processes[0].accesses;
  assert.ok(store.accesses > 0.7 * whole && store.accesses < 0.8 * whole, 'without the warm-up');
  const [base, huge] = simulation.baselineRequests();
  assert.deepEqual(
    [base.kind, huge.kind, base.process, base.seed],
    ['base', 'huge', 0, simulation.machine.seed],
  );
  assert.ok(Math.abs(base.accesses + base.warmUp - whole) < 1);
});

test('random streams of one seed differ by process and thread, and from seed to seed', () => {
  const seeds = [0, 1, 2].flatMap((seed) => [0, 1, 63, 64].map((stream) => streamSeed(seed, stream)));
  assert.equal(new Set(seeds).size, seeds.length);
  assert.equal(streamSeed(1, 1), (Math.imul(1, 0x9e3779b1) ^ Math.imul(2, 0x85ebca6b)) >>> 0);
});

test('the same seed gives the same simulation, another one another', async () => {
  const accesses = async (seed: number) => (await run(`${HEAD}seed: ${seed}\n${STORE}`)).outcome([1, 1], 'x');
  assert.deepEqual(await accesses(5), await accesses(5));
  assert.notDeepEqual((await accesses(5)).tlb, (await accesses(6)).tlb);
});
