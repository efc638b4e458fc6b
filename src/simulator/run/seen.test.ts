/** What an outcome tells of DAMON and of competitors, in numbers that follow from the scenario. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeatFile } from '../../formats/heat-file/read.js';
import { DamagedParquet } from '../../formats/parquet/read.js';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { heatText } from '../scenario/heat-text.js';
import { parseScenario, withValue } from '../scenario/scenario-text.js';
import { RankedTable } from '../workloads/ranked-table.js';
import { zipfWeights } from '../workloads/zipf.js';
import type { SimulationOutcome } from './outcome.js';
import { Simulation } from './simulation.js';

const TEXT = `octavo: scenario
version: 1
about: "small"
duration: 600ms
warmUp: 100ms
report: 100ms
host: { cpu: neoverse-n1, cpus: 1, memory: 256MiB, thp: { enabled: never } }
processes:
  - { name: store, workload: gups, with: { size: 8MiB }, think: 2us }
`;

async function outcome(text: string): Promise<SimulationOutcome> {
  const scenario = parseScenario(text, 'small.yaml');
  const simulation = new Simulation(scenario, 1, { readText: () => '', progress: () => undefined });
  await simulation.run();
  return simulation.outcome([1, 1], 'small.yaml');
}

test('DAMON sees all of a process that touches all of it, in every sample', async () => {
  const { damon, costs, agent } = await outcome(`${TEXT}damon:
  - { at: 0s, operations: vaddr, targets: [store], sample: 5ms, aggregation: 100ms }
`);
  const [seen] = damon;
  assert.equal(seen.operations, 'vaddr');
  assert.ok(seen.running);
  assert.ok(seen.regions >= 1, `${seen.regions} regions`);
  assert.ok(seen.touchedBytes > 6 * MIB && seen.touchedBytes < 10 * MIB, `${seen.touchedBytes} touched`);
  assert.ok(seen.hotBytes > 2 * MIB && seen.hotBytes < 10 * MIB, `${seen.hotBytes} hot`);
  assert.ok(seen.cpuMs > 0);
  assert.equal(agent, undefined);
  for (const [name, cost] of Object.entries(costs)) assert.ok(Number.isFinite(cost), `${name}: ${cost}`);
});

test('a competitor empties the TLB between the turns', async () => {
  const [alone, beside] = await Promise.all([
    outcome(TEXT),
    outcome(TEXT.replace('memory: 256MiB', 'memory: 256MiB, competitor: true')),
  ]);
  const misses = ({ tlb, processes: [{ accesses }] }: SimulationOutcome) => tlb.walks / accesses;
  assert.ok(misses(beside) > misses(alone) * 1.005, `${misses(beside)} beside, ${misses(alone)} alone`);
});

test('a key that has no place, or a value that is none, is refused with both', () => {
  assert.equal(parseScenario(withValue(TEXT, 'small.yaml', 'host.cpu', 'zen3'), 'x').host.cpu, 'zen3');
  assert.equal(
    parseScenario(withValue(TEXT, 'small.yaml', 'processes.0.think', '1us'), 'x').processes[0].think,
    1000,
  );
  assert.throws(() => withValue(TEXT, 'small.yaml', 'version.deeper', '1'), { code: 'SCENARIO_INVALID' });
});

test('a heat file that breaks off within its rows is refused; a fault of ours is not called that', async (t) => {
  const bytes = new TextEncoder().encode('PAR1 and so on, PAR1');
  const opened = (fault: Error) => {
    t.mock.method(HeatFile, 'open', () => ({
      groups() {
        throw fault;
      },
    }));
    return heatText(bytes, 'heat.parquet', GEOMETRY_4K);
  };
  const facts = { path: 'heat.parquet', problem: 'column x', place: 'byte 9' };
  await assert.rejects(opened(new DamagedParquet('column x', 'byte 9')), { code: 'FILE_MALFORMED', facts });
  await assert.rejects(opened(new RangeError('a fault')), RangeError);
});

test('zipf: the weight of a rank is its power, and tables leave twelve bits for places at least', () => {
  assert.deepEqual([...zipfWeights(4, 1)], [1, 1 / 2, 1 / 3, 1 / 4]);
  assert.deepEqual([...zipfWeights(3, 0)], [1, 1, 1]);
  assert.equal(new RankedTable(zipfWeights(10, 1)).placeBits, 12);
});
