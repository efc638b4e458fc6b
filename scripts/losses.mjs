// Builds what is missing and tells what separates a policy from the bound, workload by workload:
// node scripts/losses.mjs [--workloads a,b] [--cpus zen3] [--seeds 1] [--policy octavo]
//   unreachable  what the best known layout for exact rates misses of the bound
//   decided      what the policy misses of that with plenty of samples, and after it has settled
//   timing       what it loses by changes that are felt and come late
//   unknown      what it loses by having the samples that it has
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare, root } from './prepare.mjs';

prepare();
const load = (path) => import(pathToFileURL(join(root, 'dist/src', path)).href);
const { runCell } = await load('compare/cell-run.js');
const { cellOf, withBestKnown } = await load('compare/cells.js');
const { CPUS } = await load('model/cpus/catalogue.js');
const { contenderOf } = await load('compare/contenders/catalogue.js');
const { onCpu } = await load('compare/dress.js');
const { tableScenarios } = await load('compare/workload-table.js');

/** Samples for each that there is, where heat is as good as known. */
const PLENTY = 32;
const FILES = { texts: {}, columns: {}, bytes: {} };

const { values } = parseArgs({
  options: {
    workloads: { type: 'string' },
    cpus: { type: 'string', default: 'zen3' },
    seeds: { type: 'string', default: '1' },
    policy: { type: 'string', default: 'octavo' },
  },
});

const sampledMore = (scenario) => ({
  ...scenario,
  pmu: { ...scenario.pmu, period: Math.max(1, Math.round(scenario.pmu.period / PLENTY)) },
});
/** Plenty of samples would cost more than they are worth: here they cost nothing. */
async function withFreeSamples(cpu, run) {
  const { pmu } = CPUS[cpu];
  const { sampleNs } = pmu;
  pmu.sampleNs = { ...sampleNs, value: 0 };
  try {
    return await run();
  } finally {
    pmu.sampleNs = sampleNs;
  }
}
/** Twice as long, and measured in the second half. */
const settled = (scenario) => ({ ...scenario, duration: 2 * scenario.duration, warmUp: scenario.duration });

/** What the policy is worth in a scenario, between the rulers of this one. */
async function judgeOf(place, scenario, policy) {
  const run = (name) => runCell(scenario, contenderOf(name), place.seed, FILES);
  const rulers = { never: await run('never'), always: await run('always') };
  return async (changed) => {
    const answer = { kind: 'run', run: await runCell(changed, contenderOf(policy), place.seed, FILES) };
    return withBestKnown([cellOf({ ...place, policy }, answer, rulers)])[0];
  };
}

const percent = (share) => (share === null ? '–' : `${(100 * share).toFixed(1)}`).padStart(6);
const names = values.workloads?.split(',');
console.log(
  'workload       cpu               seed  bound  known  B×S | unreachable  decided  timing  unknown (points)',
);
for (const { name, scenario } of tableScenarios()) {
  if (names !== undefined && !names.includes(name)) continue;
  for (const cpu of values.cpus.split(',')) {
    for (const seed of values.seeds.split(',').map(Number)) {
      const place = { workload: name, cpu, pressure: 'none', seed };
      const there = onCpu(scenario, cpu);
      if (there === undefined) continue;
      const judge = await judgeOf(place, there, values.policy);
      const own = await judge(there);
      if (own.bound === null) continue;
      const known = await withFreeSamples(cpu, () => judge(sampledMore(there)));
      const late = settled(sampledMore(there));
      const judgeLate = await judgeOf(place, late, values.policy);
      const rested = await withFreeSamples(cpu, () => judgeLate(late));
      const losses = [
        own.bound - own.bestKnown,
        own.bestKnown - rested.product,
        rested.product - known.product,
        known.product - own.product,
      ];
      const head = `${name.padEnd(14)} ${cpu.padEnd(17)} ${String(seed).padStart(4)}`;
      console.log(
        `${head} ${[own.bound, own.bestKnown, own.product].map(percent).join(' ')} |      ${losses.map(percent).join('   ')}`,
      );
    }
  }
}
