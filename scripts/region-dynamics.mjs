// DAMON's region dynamics of the model beside recordings of real kernels, as a table:
// node scripts/region-dynamics.mjs [SEEDS]. What the columns mean: docs/model-damon.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepare, root } from './prepare.mjs';

prepare();
const load = (name) => import(join(root, 'dist/test/damon', `${name}.js`));
const { PATTERNS, parseSnapshot, RECORDED_GENERATIONS } = await load('dynamics-patterns');
const { replay } = await load('dynamics-replay');
const { differences, figuresOf, meanOf, quantile } = await load('dynamics-compare');

const seeds = Array.from({ length: Number(process.argv[2] ?? 3) }, (_, index) => index + 1);
const range = (values, digits) =>
  [0.1, 0.5, 0.9].map((share) => quantile(values, share).toFixed(digits)).join(' / ');
const row = ({ counts, sizes, ages, hotBytes }) =>
  `${meanOf(counts).toFixed(1)} | ${range(sizes, 0)} | ${range(ages, 2)} | ${(meanOf(hotBytes) / 2 ** 20).toFixed(2)}`;

console.log('| kernel | pattern | | regions | pages: 10 / 50 / 90 % | age | hot MiB |');
console.log('| --- | --- | --- | --- | --- | --- | --- |');
const apart = [];
for (const generation of RECORDED_GENERATIONS) {
  for (const pattern of PATTERNS) {
    const path = join(root, 'test/fixtures/dynamics', `${generation}-${pattern.name}.txt`);
    const lines = readFileSync(path, 'utf8').trim().split('\n').slice(1);
    const recorded = figuresOf([lines.map(parseSnapshot)]);
    const model = figuresOf(seeds.map((seed) => replay(pattern, generation, seed)));
    console.log(`| ${generation} | ${pattern.name} | recorded | ${row(recorded)} |`);
    console.log(`| | | model | ${row(model)} |`);
    const { counts, sizes, ages, heat } = differences(recorded, model);
    apart.push([
      generation,
      pattern.name,
      counts.toFixed(2),
      sizes.toFixed(3),
      ages.toFixed(3),
      heat.toFixed(3),
    ]);
  }
}
console.log(
  '\n| kernel | pattern | regions apart | sizes | ages | hot MiB |\n| --- | --- | --- | --- | --- | --- |',
);
for (const cells of apart) console.log(`| ${cells.join(' | ')} |`);
