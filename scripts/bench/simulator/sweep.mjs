// A sweep on worker threads against the same sweep on one: wall time, alternating.
// usage: node scripts/bench/simulator/sweep.mjs [rounds]
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const dist = new URL('../../../dist/src/', import.meta.url);
const load = (path) => import(new URL(path, dist).href);
const { runJobs } = await load('host/worker-pool.js');
const { JOBS_MODULE } = await load('simulator/jobs.js');
const { parseScenario, withValue } = await load('simulator/scenario-text.js');

const rounds = Number(process.argv[2] ?? 3);
const text = readFileSync(new URL('../../../scenarios/zipf.yaml', import.meta.url), 'utf8');
const jobs = [
  'zen3',
  'zen4',
  'zen5',
  'ice-lake',
  'neoverse-n1',
  'neoverse-v1',
  'neoverse-v2',
  'kunpeng-920',
].map((cpu) => ({
  kind: 'simulate',
  scenario: parseScenario(
    withValue(withValue(text, 'zipf', 'host.cpu', cpu), 'zipf', 'processes.0.think', '1us'),
    'zipf',
  ),
  seed: 1,
  name: cpu,
  files: {},
}));
const threads = Math.min(2, availableParallelism());
const ratios = [];
for (let round = 0; round < rounds; round++) {
  const one = await time(1);
  const two = await time(threads);
  ratios.push(one / two);
  console.log(
    `one thread ${(one / 1000).toFixed(2)} s, ${threads} threads ${(two / 1000).toFixed(2)} s: ${(one / two).toFixed(2)} ×`,
  );
}
ratios.sort((a, b) => a - b);
console.log(`median ${ratios[Math.floor(ratios.length / 2)].toFixed(2)} × (target ≥ 1.7 with 2 idle cores)`);

async function time(count) {
  const start = performance.now();
  await runJobs({ url: JOBS_MODULE }, jobs, count);
  return performance.now() - start;
}
