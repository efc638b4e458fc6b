// A sweep on two worker threads against the same sweep on one, alternating: by the clock, and by the processor time
// of the workers divided by their number, which is what the clock would say if nothing else ran on this machine and
// both ended together (they end within one of sixteen simulations).
// usage: node scripts/bench/simulator/sweep.mjs [rounds]
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const dist = new URL('../../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { runJobs } = await load('host/worker-pool.js');
const { JOBS_MODULE } = await load('simulator/run/jobs.js');
const { parseScenario, withValue } = await load('simulator/scenario/scenario-text.js');

const rounds = Number(process.argv[2] ?? 3);
const TASKS = '/proc/self/task';
const changes = {
  'processes.0.think': '500ns',
  'processes.0.with.size': '256MiB',
  duration: '2s',
  warmUp: '1s',
};
let text = readFileSync(new URL('../../../scenarios/zipf.yaml', import.meta.url), 'utf8');
for (const [key, value] of Object.entries(changes)) text = withValue(text, 'zipf', key, value);
const cpus = ['zen3', 'zen4', 'zen5', 'ice-lake', 'neoverse-n1', 'neoverse-v1', 'neoverse-v2', 'kunpeng-920'];
const jobs = cpus.flatMap((cpu) =>
  [1, 2].map((seed) => ({
    kind: 'simulate',
    scenario: parseScenario(withValue(text, 'zipf', 'host.cpu', cpu), 'zipf'),
    seed,
    name: cpu,
    files: {},
  })),
);
const threads = Math.min(2, availableParallelism());
const ratios = { clock: [], processor: [] };
console.log(`${jobs.length} simulations, ${rounds} rounds of one thread and of ${threads}`);
for (let round = 0; round < rounds; round++) {
  const one = await measure(1);
  const two = await measure(threads);
  if (JSON.stringify(one.answers) !== JSON.stringify(two.answers)) throw new Error('the outcomes differ');
  for (const kind of ['clock', 'processor']) {
    ratios[kind].push(one[kind] / two[kind]);
    const seconds = (value) => `${(value / 1000).toFixed(2)} s`;
    console.log(
      `${kind.padEnd(10)} one ${seconds(one[kind])}, ${threads} ${seconds(two[kind])}: ${ratios[kind].at(-1).toFixed(2)} ×`,
    );
  }
}
for (const kind of ['clock', 'processor']) {
  const sorted = ratios[kind].sort((a, b) => a - b);
  console.log(
    `median by ${kind.padEnd(10)} ${sorted[Math.floor(sorted.length / 2)].toFixed(2)} × (target ≥ 1.7 with 2 idle cores)`,
  );
}

/** Milliseconds by the clock, and of processor time for each worker, start-up included. */
async function measure(count) {
  const others = new Set(readdirSync(TASKS));
  const start = performance.now();
  let processor = 0;
  const answers = await runJobs({ url: JOBS_MODULE }, jobs, count, () => {
    processor = Math.max(processor, workerTime(others) / count);
  });
  return { clock: performance.now() - start, processor, answers };
}

function workerTime(others) {
  let sum = 0;
  for (const task of readdirSync(TASKS)) {
    if (!others.has(task)) sum += Number(readFileSync(`${TASKS}/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return sum / 1e6;
}
