/** Work has its price: whoever is kept waiting by it loses the time, and the tail shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_COSTS } from '../../model/kernel/state/costs.js';
import { parseScenario } from '../scenario/scenario-text.js';
import type { SimulationOutcome } from './outcome.js';
import { Simulation } from './simulation.js';

interface Change {
  readonly host?: string;
  readonly process?: string;
  readonly size?: string;
  readonly rest?: string;
  readonly cpu?: string;
  readonly thp?: string;
  readonly workload?: string;
  readonly duration?: string;
  readonly warmUp?: string;
}

async function outcome(change: Change): Promise<SimulationOutcome> {
  const { host = '', process = '', size = '8MiB', rest = '', thp = 'always' } = change;
  const { workload = 'gups', duration = '4s', warmUp = '1s', cpu = 'zen3' } = change;
  const text = `octavo: scenario
version: 1
about: test
duration: ${duration}
warmUp: ${warmUp}
host: { cpu: ${cpu}, memory: 256MiB, thp: { enabled: ${thp} } ${host} }
processes:
  - { name: one, workload: ${workload}, with: { size: ${size} }, think: 1us ${process} }
${rest}`;
  const scenario = parseScenario(text, 'test.yaml');
  const simulation = new Simulation(scenario, 1, { readText: () => '', progress: () => undefined });
  await simulation.run();
  return simulation.outcome([1, 1], 'test');
}

const SPLIT = 'events:\n  - { at: 2s, split: { process: one, from: 0, bytes: 2MiB } }\n';
const US = 1000;
const SPLIT_NS = DEFAULT_COSTS.splitFolio + DEFAULT_COSTS.splitPmd;

test('a thread that touches a block that is split waits for the whole split', async () => {
  const calm = (await outcome({ host: ', cpus: 2' })).processes[0];
  const { processes, costs } = await outcome({ host: ', cpus: 2', rest: SPLIT });
  const split = processes[0];
  assert.ok(calm.worstGapNs < 10 * US, `${calm.worstGapNs} ns without`);
  assert.equal(calm.nsPerAccess.stall, 0);
  // The accesses touch the block within the first few microseconds of it.
  assert.ok(
    split.worstGapNs > 0.85 * SPLIT_NS && split.worstGapNs < 1.1 * SPLIT_NS,
    `${split.worstGapNs} ns`,
  );
  assert.ok(split.nsPerAccess.stall * split.accesses > 0.85 * SPLIT_NS);
  assert.ok(costs.heldNs >= SPLIT_NS);
  assert.ok(split.perSecond < calm.perSecond);
});

test('on one CPU a thread loses the time that the split computes, and is not charged for it twice', async () => {
  const [beside, shared] = await Promise.all([
    outcome({ host: ', cpus: 2', rest: SPLIT }),
    outcome({ host: ', cpus: 1', rest: SPLIT }),
  ]);
  const stall = ({ processes: [{ nsPerAccess, accesses }] }: SimulationOutcome) =>
    nsPerAccess.stall * accesses;
  assert.ok(Math.abs(stall(shared) / stall(beside) - 1) < 0.1, `${stall(shared)} and ${stall(beside)} ns`);
});

test('a process that is not concerned loses the CPU that the split takes, where there is no idle one', async () => {
  const two = '}\n  - { name: two, workload: gups, with: { size: 8MiB }, think: 1us';
  const stalls = async (cpus: number) => {
    const { processes } = await outcome({ host: `, cpus: ${cpus}`, process: two, rest: SPLIT });
    return processes.reduce((sum, { nsPerAccess, accesses }) => sum + nsPerAccess.stall * accesses, 0);
  };
  const [one, four] = [await stalls(1), await stalls(4)];
  assert.ok(one > SPLIT_NS && one < 2.2 * SPLIT_NS, `${one} ns`);
  assert.ok(four > 0.85 * SPLIT_NS && four < 1.1 * SPLIT_NS, `${four} ns`);
});

test('nobody waits for a split of memory that it does not touch', async () => {
  const apart = SPLIT.replace('from: 0', 'from: 8MiB');
  const { processes, costs } = await outcome({
    host: ', cpus: 4',
    rest: apart,
    process: '}\n  - { name: two, workload: gups, with: { size: 16MiB }, think: 1us',
  });
  assert.ok(costs.heldNs < 1000 * US);
  assert.equal(processes[1].nsPerAccess.stall, 0);
});

test('a collapse keeps faults of the whole mapping waiting, not only its block', async () => {
  const faulting = {
    host: ', cpus: 2',
    thp: 'never',
    workload: 'sequential',
    size: '128MiB',
    warmUp: '1ms',
    duration: '100ms',
  };
  // At 20 ms the walk from start to end has left the first block behind, and faults in every page that it comes to.
  const rest =
    'events:\n  - { at: 20ms, advise: { process: one, advice: MADV_COLLAPSE, from: 0, bytes: 2MiB } }\n';
  const calm = await outcome(faulting);
  const { processes, costs } = await outcome({ ...faulting, rest });
  assert.equal(costs.collapses, 1);
  assert.ok(calm.processes[0].worstGapNs < 10 * US, `${calm.processes[0].worstGapNs} ns without`);
  assert.ok(processes[0].worstGapNs > 400 * US, `${processes[0].worstGapNs} ns`);
});

test('shootdowns interrupt every CPU that runs the process, and nobody on arm64', async () => {
  const rest =
    'events:\n  - { at: 2s, every: 1ms, advise: { process: one, advice: MADV_COLD, from: 0, bytes: 2MiB } }\n';
  const found = await outcome({ host: ', cpus: 4', process: ', threads: 3', rest });
  const onArm = await outcome({ host: ', cpus: 4', cpu: 'neoverse-n1', process: ', threads: 3', rest });
  assert.equal(onArm.processes[0].nsPerAccess.stall, 0);
  assert.ok(found.costs.shootdowns >= 1999, `${found.costs.shootdowns}`);
  const { nsPerAccess, accesses } = found.processes[0];
  // Three CPUs run it, 1.5 us each time.
  const expected = 2000 * 3 * 1.5 * US;
  const stall = nsPerAccess.stall * accesses;
  assert.ok(Math.abs(stall / expected - 1) < 0.1, `${stall} ns for ${expected}`);
});

test('time splits up into its parts without a rest', async () => {
  const { processes } = await outcome({ rest: SPLIT });
  const { think, translation, fault, stall } = processes[0].nsPerAccess;
  assert.ok(Math.abs((think + translation + fault + stall) * (processes[0].perSecond / 1e9) - 1) < 1e-9);
  assert.ok(Math.abs(think - 1 * US) < 1e-6);
});

test('memory is told over time: a peak that is past, and a mean between', async () => {
  const rest =
    'events:\n  - { at: 2500ms, advise: { process: one, advice: MADV_PAGEOUT, from: 0, bytes: 64MiB } }\n';
  const { processes } = await outcome({ size: '64MiB', host: ', cpus: 2, swap: 128MiB', rest });
  const [{ rss, meanRss, peakRss, majorFaults }] = processes;
  assert.ok(peakRss >= 63 * 2 ** 20 && peakRss >= meanRss && meanRss > 0, `${rss} ${meanRss} ${peakRss}`);
  assert.ok(majorFaults > 1000, `${majorFaults} major faults`);
  assert.ok(processes[0].nsPerAccess.fault > 100, 'and they were charged');
});

test('a limit as a share of the data: with swap it pages, and the faults are charged', async () => {
  const at = (limit: string, swap = '64MiB') =>
    outcome({ thp: 'never', size: '16MiB', host: `, cpus: 2, swap: ${swap}`, process: `, limit: ${limit}` });
  const [roomy, tight] = [await at('115%'), await at('90%')];
  assert.equal(roomy.processes[0].majorFaults, 0);
  assert.ok(tight.processes[0].majorFaults > 1000);
  assert.ok(tight.processes[0].peakRss <= 0.9 * 16 * 2 ** 20);
  assert.ok(tight.processes[0].perSecond < roomy.processes[0].perSecond / 2);
  assert.ok(tight.processes[0].accessTime.p99Ns > 60 * US, 'a page of swap takes 60 us');
});

test('with zswap a major fault costs less than from the device', async () => {
  const tight = (zswap: string) =>
    outcome({
      thp: 'never',
      size: '16MiB',
      host: `, cpus: 2, swap: 64MiB, zswap: ${zswap}`,
      process: ', limit: 90%',
    });
  const [device, compressed] = [await tight('0'), await tight('32MiB')];
  assert.ok(compressed.processes[0].nsPerAccess.fault < device.processes[0].nsPerAccess.fault / 3);
});

test('collapse only: prctl leaves faults and khugepaged small, a call makes blocks huge', async () => {
  const collapse =
    'events:\n  - { at: 2s, advise: { process: one, advice: MADV_COLLAPSE, from: 0, bytes: 4MiB } }\n';
  const host = ', cpus: 2';
  const never = await outcome({ host, process: ', prctl: thp-except-advised' });
  assert.equal(never.processes[0].pmdMapped, 0);
  const called = await outcome({ host, process: ', prctl: thp-except-advised', rest: collapse });
  assert.equal(called.processes[0].pmdMapped, 4 * 2 ** 20);
  const refused = await outcome({ host, process: ', prctl: thp-disable', rest: collapse });
  assert.match(refused.notes.join(), /MADV_COLLAPSE on one: EINVAL/);
});

test('a registered process is healed by khugepaged when it is switched on later; another is not', async () => {
  const rest =
    'events:\n  - { at: 100ms, write: { path: /sys/kernel/mm/transparent_hugepage/enabled, text: always } }\n';
  const at = (registered: boolean) =>
    outcome({
      thp: 'never, khugepaged/scan_sleep_millisecs: 100',
      host: ', cpus: 2',
      process: `, registered: ${registered}`,
      rest,
    });
  assert.equal((await at(true)).processes[0].pmdMapped, 8 * 2 ** 20);
  assert.equal((await at(false)).processes[0].pmdMapped, 0);
});

test('khugepaged heals to the enabled orders, also below the huge page', async () => {
  const rest =
    'events:\n  - { at: 1500ms, advise: { process: one, advice: MADV_COLD, from: 0, bytes: 4KiB } }\n';
  const { processes } = await outcome({
    thp: 'never, hugepages-64kB/enabled: always, khugepaged/scan_sleep_millisecs: 50',
    host: ', cpus: 2',
    process: ', registered: true',
    rest,
  });
  assert.equal(processes[0].byOrder[4], 8 * 2 ** 20);
});

test('the faults of defrag: always compacts at the fault, defer does not', async () => {
  const at = async (defrag: string) => {
    const { processes, events } = await outcome({
      thp: `always, defrag: ${defrag}`,
      size: '192MiB',
      workload: 'sequential',
      warmUp: '1us',
      duration: '400ms',
      host: ', cpus: 1, fragmentation: 0.5',
    });
    return { fault: processes[0].nsPerAccess.fault, stalls: events.compact_stall ?? 0 };
  };
  const [always, defer, never] = [await at('always'), await at('defer'), await at('never')];
  assert.ok(always.stalls > 0 && always.fault > 1.05 * defer.fault, JSON.stringify({ always, defer }));
  assert.equal(defer.stalls, 0);
  assert.equal(never.stalls, 0);
});
