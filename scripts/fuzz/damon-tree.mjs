// Random writers on DAMON's tree over a live model: nothing may throw, and every invariant of memory must hold.
// Usage: node scripts/fuzz/damon-tree.mjs [WRITES] [SEED] [GENERATION]
import { existsSync } from 'node:fs';

const built = new URL('../../dist/test/damon/model-fuzz.js', import.meta.url);
if (!existsSync(built)) {
  console.error('build first: npm run build');
  process.exit(1);
}
const { fuzzModel } = await import(built.href);
const [writes = '200000', seed = '1', generation = '7.3-rfc'] = process.argv.slice(2);
const started = performance.now();
const outcome = fuzzModel(generation, Number(seed), Number(writes), (done) => {
  process.stderr.write(`\r${done} of ${writes} writes`);
});
process.stderr.write('\n');
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${outcome.writes} writes, ${outcome.commands} commands in ${seconds} s, seed ${seed}, ${generation}`,
);
console.log([...outcome.answers].map(([name, count]) => `${name} ${count}`).join(', '));
console.log(
  `kdamonds started ${outcome.started}, folios split ${outcome.split}, collapsed ${outcome.collapsed}`,
);
console.log(`invariants checked ${outcome.checks} times, violations ${outcome.violations.length}`);
for (const sentence of outcome.violations.slice(0, 10)) console.log(`  ${sentence}`);
process.exit(outcome.violations.length === 0 ? 0 : 1);
