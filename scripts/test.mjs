// Installs, builds, checks the house and runs every test. `npm test -- PART…` runs the files whose path has a PART.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative } from 'node:path';
import { prepare, root, run } from './prepare.mjs';
import { runTests } from './run-tests.mjs';

/** Rooms whose tests neither look at this machine's processes nor at a clock. */
const COMPUTED =
  /^dist\/(src\/(base|vocabulary|formats|hotness|belief|policies|planning|kernel-rules|model|simulator|compare|damon|actuators|config)|test\/(damon|model|kernel|calibration|ranking))\//;

prepare();
const wanted = process.argv.slice(2);
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
console.log(`octavo: running ${files.length} test files …`);
// Live tests measure this machine's memory and time, so they run one file at a time and alone. What is computed only
// shares the CPUs.
const computed = files.filter((file) => COMPUTED.test(relative(root, file)));
const alone = files.filter((file) => !COMPUTED.test(relative(root, file)));
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`;
const groups = [
  { files: computed, concurrency: Math.min(4, availableParallelism()) },
  { files: alone, concurrency: 1 },
];
process.exit((await runTests(groups, process.stdout)) ? 0 : 1);

function* testFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.js')) yield path;
  }
}
