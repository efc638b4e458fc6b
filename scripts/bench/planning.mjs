// CPU time of a plan of the policy octavo for each GiB mapped, as a ratio to reading the same blocks once: the reading is a sum
// over as many counters as there are sub-pages. usage: node scripts/bench/planning.mjs [--gib 4] [--samples 100] [--rounds 5]
import { parseArgs } from 'node:util';
import { prepare } from '../prepare.mjs';

const { values } = parseArgs({
  options: {
    gib: { type: 'string', default: '4' },
    samples: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
  },
});
prepare();
const { planningBench } = await import('../../dist/test/ranking/planning-bench.js');
const { plan, learn, read } = planningBench({
  gib: Number(values.gib),
  samplesPerBlock: Number(values.samples),
  rounds: Number(values.rounds),
});
const perGiB = (ms) => (ms / Number(values.gib)).toFixed(1);
console.log(`learning a turn   ${perGiB(learn)} ms/GiB`);
console.log(`planning          ${perGiB(plan)} ms/GiB of CPU (at most 50)`);
console.log(
  `reading counters  ${perGiB(read)} ms/GiB; planning takes ${(plan / read).toFixed(1)} times as long`,
);
