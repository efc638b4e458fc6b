// What `octavo simulate` runs, timed: a zipf process over 4 GiB of base pages on the model kernel, its slices, clock,
// timeline and TLB, without and with khugepaged collapsing and a PMU sampling. Processor time, alternating.
// usage: node scripts/bench/simulator/whole-run.mjs [rounds]
import { availableParallelism } from 'node:os';

const dist = new URL('../../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { parseScenario } = await load('simulator/scenario/scenario-text.js');
const { Simulation } = await load('simulator/run/simulation.js');

const rounds = Number(process.argv[2] ?? 5);
const SECOND = 1e9;
/** By when every page is populated, and how long is measured, in virtual time. */
const WARM_UP = 6;
const MEASURED = 8;
const PLAIN = `
octavo: scenario
version: 1
about: zipf over 4 GiB
duration: ${WARM_UP + MEASURED}s
warmUp: ${WARM_UP}s
host: { cpu: ice-lake, memory: 6GiB, thp: { enabled: never, khugepaged/scan_sleep_millisecs: 1000 } }
processes: [{ name: kv, workload: zipf, with: { size: 4GiB }, think: 500ns }]
`;
const MONITORED = `${PLAIN}
pmu: { period: 4096 }
events:
  - at: ${WARM_UP}s
    write: { path: /sys/kernel/mm/transparent_hugepage/enabled, text: always }
`;
const plain = [];
const monitored = [];
console.log(`${rounds} rounds on ${availableParallelism()} processors, ${MEASURED} s of virtual time each`);
for (let round = 0; round < rounds; round++) {
  plain.push(await play(PLAIN));
  monitored.push(await play(MONITORED));
}
say('octavo simulate, zipf 4 GiB', plain, 'M accesses/s');
say('with khugepaged and a PMU', monitored, 'M accesses/s');
say(
  'with khugepaged and a PMU / without',
  plain.map((rate, i) => monitored[i] / rate),
  '×',
);

/** Millions of accesses of the measured part for each second of processor time. */
async function play(text) {
  const simulation = new Simulation(parseScenario(text, 'bench'), 1, {
    readText: () => '',
    progress: () => undefined,
  });
  await simulation.advanceTo(WARM_UP * SECOND);
  const accesses = simulation.processes[0].accesses;
  const start = process.cpuUsage();
  for (let second = 1; second <= MEASURED; second++) await simulation.advanceTo((WARM_UP + second) * SECOND);
  const { user, system } = process.cpuUsage(start);
  return (simulation.processes[0].accesses - accesses) / (user + system);
}

function say(name, values, unit) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `${name.padEnd(40)} ${middle.toFixed(2)} ${unit} (${sorted[0].toFixed(2)} … ${sorted.at(-1).toFixed(2)})`,
  );
}
