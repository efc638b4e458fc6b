// What monitoring costs the model: the same accesses without a kdamond and with one at 1000 regions, in turn.
// Usage: node scripts/bench/damon.mjs [ROUNDS]. The goal is a ratio of at least 0.70.
import { existsSync } from 'node:fs';

const built = new URL('../../dist/src/simulator/run/simulation.js', import.meta.url);
if (!existsSync(built)) {
  console.error('build first: npm run build');
  process.exit(1);
}
const { Simulation } = await import(built.href);
const { parseScenario } = await import(
  new URL('../../dist/src/simulator/scenario/scenario-text.js', import.meta.url).href
);

const text = (damon) => `octavo: scenario
version: 1
about: "bench"
duration: 2s
report: 2s
host: { cpu: zen3, cpus: 1, memory: 2GiB, thp: { enabled: always } }
processes:
  - { name: kv, workload: zipf, with: { size: 1GiB }, think: 20ns }
${damon}`;
// 1000 regions are kept by asking for as many at least.
const monitored = `damon:
  - { at: 500ms, operations: fvaddr, targets: [kv], regions: [1000, 1000] }
`;

async function measure(damon) {
  const scenario = parseScenario(text(damon), 'bench');
  const context = { readText: () => '', progress: () => undefined };
  const simulation = new Simulation(scenario, 1, context);
  // Populating takes the first half of a second.
  await simulation.advanceTo(1e9);
  const before = simulation.processes[0].accesses;
  const started = process.cpuUsage();
  await simulation.advanceTo(1.5e9);
  // CPU time, so that other work on the machine does not count.
  const used = process.cpuUsage(started);
  const seconds = (used.user + used.system) / 1e6;
  const accesses = simulation.processes[0].accesses - before;
  const regions = simulation.machine.damon.kdamondOf(0)?.context.targets[0].regions.count;
  return { perSecond: accesses / seconds, regions };
}

const rounds = Number(process.argv[2] ?? 3);
const ratios = [];
// The first run compiles the code that the others share.
await measure(monitored);
for (let round = 0; round < rounds; round++) {
  const plain = await measure('');
  const watched = await measure(monitored);
  ratios.push(watched.perSecond / plain.perSecond);
  console.log(
    `round ${round + 1}: without ${(plain.perSecond / 1e6).toFixed(2)} M accesses/s, ` +
      `with one kdamond at ${watched.regions} regions ${(watched.perSecond / 1e6).toFixed(2)} M/s, ` +
      `ratio ${ratios.at(-1).toFixed(3)}`,
  );
}
ratios.sort((a, b) => a - b);
console.log(`median ratio ${ratios[Math.floor(ratios.length / 2)].toFixed(3)} (goal 0.70)`);
