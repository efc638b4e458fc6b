// A long random run on the model: `npm run fuzz:model -- [STEPS] [SEED]`, 10^6 steps unless told otherwise.
// Every invariant (frames, folios, mappings, counters, content) is checked after each step; the first violation ends it.
import { prepare } from './prepare.mjs';

prepare();
const { runRandomOperations } = await import('../dist/test/model/random-operations.js');
const steps = Number(process.argv[2] ?? 1_000_000);
const seed = Number(process.argv[3] ?? 1);
const PIECE = 10_000;
const started = Date.now();
const counts = {};
for (let done = 0, piece = 0; done < steps; done += PIECE, piece++) {
  const architecture = piece % 2 === 0 ? 'x64' : 'arm64';
  const take = Math.min(PIECE, steps - done);
  const run = runRandomOperations({
    seed: seed + piece,
    steps: take,
    hugeOrder: 4,
    frames: 256,
    architecture,
  });
  for (const [name, count] of Object.entries(run.counts)) counts[name] = (counts[name] ?? 0) + count;
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  if (piece % 10 === 9)
    console.log(`octavo: ${done + take} steps, every invariant held after each one, ${seconds} s`);
}
console.log(JSON.stringify(counts));
console.log(`octavo: ${steps} operations from seed ${seed} on: no violation`);
