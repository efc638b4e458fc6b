// Installs, builds, checks the house and runs every test. `npm test -- PART…` runs the files whose path has a PART;
// `--seed N` draws other cases for the properties than every run does, `--seed random` any.
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { prepare, root, run } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

/** Tests that neither look at this machine's processes nor at a clock: they only share the CPUs. */
const COMPUTED =
  /^dist\/(demo|lab\/(back-off\/|cpio|kernel-tree|needs|octavo-kernel)|src\/(agent\/(?!live\/)|base|dashboard\/(map|view|wire)|vocabulary|formats|hotness|belief|policies|planning|kernel-rules|model|simulator|compare|damon|actuators|config|cycle|cli|library|guards|history|reports|sampling|services|survey|top)\/|test\/(agent\/on-the-model|damon\/|model\/|kernel\/|calibration\/|ranking\/|conformance\/))/;
/** Tests that start programs, of which nothing but the result is looked at. */
const STARTED = [
  /^dist\/lab\/(lab|run)\.test\.js$/,
  /^dist\/src\/sources\/(?!occupancy|perf-live|perf-pipe|resolver)/,
  /^dist\/src\/verification\//,
  /^dist\/test\/[\w-]+\.test\.js$/,
  /^dist\/test\/agent\/unit\./,
  /^dist\/test\/contracts\/(actuator-model|perf-corpus|perf-views|pmu-recordings|policy|region-heat|settings)\./,
  /^dist\/test\/differential\/written\./,
  /^dist\/test\/end-to-end\/(bundle|compare|completion|compressed|demo|distributions|duplicates|hangup|heat|heat-pictures|history|import-parts|model-run|natures|package|prepared|recorded-host|report-rows|samples|simulate|stock-tool|streams|touched|touched-perf|trace|user-table|views)\./,
];

/** The seed of test/support/properties.ts. */
const USUAL_SEED = '1';

const { values, positionals: wanted } = parseArgs({
  options: { seed: { type: 'string', default: USUAL_SEED } },
  allowPositionals: true,
});
const seed = values.seed === 'random' ? String(randomInt(2 ** 31)) : values.seed;
if (!/^\d+$/.test(seed)) {
  console.error(`octavo: --seed ${seed}: expected a whole number, or random`);
  process.exit(2);
}
process.env.OCTAVO_TEST_SEED = seed;

prepare();
if (wanted.length === 0) {
  run(
    process.execPath,
    [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.'],
    'checking style',
  );
  run(process.execPath, [join(root, 'scripts/check-arrows.mjs')], 'checking arrows');
  run(process.execPath, [join(root, 'scripts/check-names.mjs')], 'checking names');
}
const files = [...testFiles(join(root, 'dist'))]
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`octavo: no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
console.log(`octavo: running ${files.length} test files, cases drawn with seed ${seed} …`);
// Live tests measure this machine's memory and time, so they run one file at a time and alone.
const cpus = availableParallelism();
/** @type {{ files: string[], concurrency: number }[]} */
const groups = [
  { files: [], concurrency: Math.min(4, cpus) },
  { files: [], concurrency: Math.min(3, cpus) },
  { files: [], concurrency: 1 },
];
for (const file of files) groups[groupOf(relative(root, file))].files.push(file);
// What users install starts in half the time of the build that it is made from.
process.env.OCTAVO_TEST_MAIN ??= join(root, 'bundle/octavo.js');
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`;
process.exit((await runTests(groups, process.stdout)) ? 0 : 1);

function* testFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.js')) yield path;
  }
}

function groupOf(path) {
  if (COMPUTED.test(path)) return 0;
  return STARTED.some((place) => place.test(path)) ? 1 : 2;
}
