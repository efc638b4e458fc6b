/** T1 and T2 come out of the model by themselves: clearing flushes no TLB, and a huge page has one accessed bit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HotMaps } from '../../src/hotness/hot-maps.js';
import type { KdamondOutcome } from '../../src/simulator/run/damon-runs.js';
import { Simulation } from '../../src/simulator/run/simulation.js';
import { parseScenario } from '../../src/simulator/scenario/scenario-text.js';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

interface Setting {
  readonly workload: string;
  readonly size: string;
  readonly thp: 'always' | 'never';
  readonly competitor?: boolean;
  readonly pmu?: boolean;
  /** When the memory is populated, and time between accesses. */
  readonly from?: number;
  readonly think?: string;
}

/** 300 ms of monitoring after the memory is populated. */
async function monitor(setting: Setting): Promise<Simulation> {
  const { workload, size, thp, competitor = false, pmu = false, from = 4000, think = '450ns' } = setting;
  const text = `octavo: scenario
version: 1
about: "blind spots"
duration: ${from + 300}ms
warmUp: ${from + 100}ms
report: ${from + 300}ms
host: { cpu: kunpeng-920, cpus: 1, memory: 20GiB, competitor: ${competitor}, thp: { enabled: ${thp} } }
processes:
  - { name: hot, workload: ${workload}, with: { size: ${size} }, think: ${think} }
damon:
  - { at: ${from}ms, operations: fvaddr, targets: [hot] }
${pmu ? 'pmu: { period: 64 }' : ''}
`;
  const scenario = parseScenario(text, 'blind-spots');
  const simulation = new Simulation(scenario, 1, { readText: () => '', progress: () => undefined });
  await simulation.advanceTo(scenario.duration);
  return simulation;
}

const seenBy = (simulation: Simulation): KdamondOutcome => simulation.outcome([], 'blind-spots').damon[0];

const REACH_4_GIB = [
  ['1GiB', 0, 500],
  ['2GiB', 0, 1000],
  ['4GiB', 0, 1500],
  ['8GiB', 1, 2500],
  ['16GiB', 1, 4500],
] as const;

for (const [size, sees, from] of REACH_4_GIB) {
  test(`T1: ${size} in 2 MiB pages, reach 4 GiB: DAMON sees ${sees === 0 ? 'nothing' : 'all'} of it`, async () => {
    const { hotBytes } = seenBy(await monitor({ workload: 'one-page-per-block', size, thp: 'always', from }));
    const bytes = Number.parseInt(size, 10) * GIB;
    assert.ok(Math.abs(hotBytes / bytes - sees) < 0.01, `${hotBytes} of ${bytes}`);
  });
}

for (const [size, least, most] of [
  ['4MiB', 0, 0.01],
  ['16MiB', 0.9, 1],
  ['32MiB', 0.9, 1],
] as const) {
  // biome-ignore format: a table
  test(`T1: ${size} in 4 KiB pages, reach 8 MiB`, async () => {
    const { hotBytes } = seenBy(await monitor({ workload: 'gups', size, thp: 'never', from: 200, think: '100ns' }));
    const share = hotBytes / (Number.parseInt(size, 10) * MIB);
    assert.ok(share >= least && share <= most, `share ${share}`);
  });
}

test('T2: one page in 512: all of 8 GiB looks hot under huge pages, about the truth under small ones', async () => {
  const setting = { workload: 'one-page-per-block', size: '8GiB', competitor: true, pmu: true, from: 2500 };
  const huge = await monitor({ ...setting, thp: 'always' });
  const truth = (8 * GIB) / 512;
  assert.ok(seenBy(huge).hotBytes >= 512 * truth * 0.99, `${seenBy(huge).hotBytes / truth} times the truth`);

  const small = await monitor({ ...setting, thp: 'never' });
  assert.ok(seenBy(small).hotBytes < 8 * truth, `${seenBy(small).hotBytes / truth} times the truth`);

  const { pmu, kernel } = huge.machine;
  assert.ok(pmu);
  const maps = new HotMaps({ geometry: kernel.geometry, detail: 'counts' } as never);
  maps.addSamples(pmu.samples.batch(kernel.geometry, pmu.settings.period, 0));
  const [map] = maps.build([]);
  let touched = 0;
  for (const block of map.blocks()) touched += map.block(block)?.touched ?? 0;
  assert.ok(touched <= 4096 && touched > 4000, `${touched} sub-pages of 4096, one a block`);
});
