// The scripts are type-checked as JavaScript against the sources they are built with: node scripts/check-scripts.mjs
// They import what the build makes (`../dist/src/…`). Where they are checked, `dist` is a link to the root of the checkout, so
// that those names mean the TypeScript they are made from, and no build is needed.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './prepare.mjs';

const place = join(root, '.cache/check-scripts');
const OPTIONS = {
  extends: '../../tsconfig.json',
  compilerOptions: {
    incremental: false,
    tsBuildInfoFile: null,
    noEmit: true,
    rootDir: '.',
    allowJs: true,
    checkJs: true,
    preserveSymlinks: true,
    // A parameter without JSDoc is `any` here; everything else is as strict as in src/.
    noImplicitAny: false,
  },
  include: ['scripts/**/*.mjs', 'scripts/**/*.cjs', 'dist/src/**/*.d.ts'],
};

rmSync(place, { recursive: true, force: true });
mkdirSync(place, { recursive: true });
for (const [name, target] of [
  ['dist', '.'],
  ['scripts', 'scripts'],
  ['node_modules', 'node_modules'],
])
  symlinkSync(relative(place, join(root, target)) || '.', join(place, name));
writeFileSync(join(place, 'tsconfig.json'), JSON.stringify(OPTIONS));
const compiler = join(root, 'node_modules/typescript/bin/tsc');
const { stdout, error } = spawnSync(process.execPath, [compiler, '-p', place, '--pretty', 'false'], {
  cwd: place,
  encoding: 'utf8',
});
if (error) throw error;
// What is wrong in src/ without noImplicitAny is not wrong in the build, which has it.
const problems = stdout.split('\n').filter((line) => /^(scripts\/|error )/.test(line));
if (problems.length > 0) {
  console.error(problems.join('\n'));
  console.error(`${problems.length} errors of types in scripts (scripts/check-scripts.mjs)`);
  process.exit(1);
}
console.log('scripts: types agree');
