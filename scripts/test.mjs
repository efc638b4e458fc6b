// Installs, builds, checks the house and runs every test. `npm test -- PART…` runs the files whose path has a PART.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { prepare, root, run } from './prepare.mjs';

prepare();
const wanted = process.argv.slice(2);
if (wanted.length === 0) {
  run(
    process.execPath,
    [join(root, 'node_modules/@biomejs/biome/bin/biome'), 'check', '.'],
    'checking style',
  );
  run(process.execPath, [join(root, 'scripts/check-arrows.mjs')], 'checking arrows');
}
const files = [...testFiles(join(root, 'dist'))]
  .filter((file) => wanted.length === 0 || wanted.some((part) => relative(root, file).includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`octavo: no test file matches ${wanted.join(' ')}`);
  process.exit(1);
}
console.log(`octavo: running ${files.length} test files …`);
// One file at a time: live tests measure this machine's memory and must not disturb each other.
const flags = ['--test', '--test-concurrency=1', '--enable-source-maps'];
const result = spawnSync(process.execPath, [...flags, ...files], { cwd: root, stdio: 'inherit' });
process.exit(result.status ?? 1);

function* testFiles(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testFiles(path);
    else if (entry.name.endsWith('.test.js')) yield path;
  }
}
