// Installs, builds, checks the house and runs every test. `npm test -- PART…` runs the files whose path has a PART;
// `--seed N` draws other cases for the properties than every run does, `--seed random` any.
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIfStale, fail, install, root } from './prepare.mjs';
import { runTests } from './run-tests.mjs';
import { groupsOf } from './test-plan.mjs';

/** The seed of test/support/properties.ts. */
const USUAL_SEED = '1';

/** They need no build, and run beside it. */
const CHECKS = {
  style: ['node_modules/@biomejs/biome/bin/biome', 'check', '.'],
  arrows: ['scripts/check-arrows.mjs'],
  names: ['scripts/check-names.mjs'],
};

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

install();
const checks = wanted.length === 0 ? Object.entries(CHECKS).map(begun) : [];
buildIfStale();
for (const check of checks) await check;
const files = [...testFiles(join(root, 'dist'))]
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`octavo: no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
console.log(`octavo: running ${files.length} test files, cases drawn with seed ${seed} …`);
// What users install starts in half the time of the build that it is made from.
process.env.OCTAVO_TEST_MAIN ??= join(root, 'bundle/octavo.js');
process.env.NODE_OPTIONS = `${process.env.NODE_OPTIONS ?? ''} --enable-source-maps`;
process.exit((await runTests(groupsOf(root, files), process.stdout)) ? 0 : 1);

/** Ends the run when the check fails; shows what it says then only. */
async function begun([what, words]) {
  const child = spawn(process.execPath, words, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let told = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (told += text));
  const status = await new Promise((resolve) => {
    child.on('close', (code, signal) => resolve(signal ?? code));
    child.on('error', (problem) => resolve(problem.message));
  });
  console.log(`octavo: checking ${what} …`);
  if (status === 0) return;
  console.error(told);
  fail(`checking ${what} failed (${status})`);
}

function* testFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.js')) yield path;
  }
}
