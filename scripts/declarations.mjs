// Type declarations of the library, for the package: those that its entry leads to, and no others.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { root, run } from './prepare.mjs';

const ENTRY = 'library/library';

/** With tabs for indentation: the package has a bound. */
function copyTight(from, to) {
  const text = readFileSync(from, 'utf8').replace(/^(?: {4})+/gm, (blanks) => '\t'.repeat(blanks.length / 4));
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to, text);
}

/** Writes `into`/types/…, and returns the path of the entry's declaration relative to `into`. */
export function declare(into) {
  const all = mkdtempSync(join(tmpdir(), 'octavo-declarations-'));
  try {
    const { target, module, moduleResolution } = readOptions();
    run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        ...[join(root, 'src', `${ENTRY}.ts`), '--ignoreConfig', '--rootDir', join(root, 'src')],
        ...[
          '--target',
          target,
          '--module',
          module,
          '--moduleResolution',
          moduleResolution,
          '--types',
          'node',
        ],
        ...['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', '--resolveJsonModule'],
        ...['--declaration', '--emitDeclarationOnly', '--outDir', all],
      ],
      'declaring types',
    );
    for (const path of reached(join(all, `${ENTRY}.d.ts`)))
      copyTight(path, join(into, 'types', relative(all, path)));
    writeFileSync(join(into, 'types/package.json'), '{ "type": "module" }\n');
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}

function readOptions() {
  return JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')).compilerOptions;
}

/** The file, and whatever it imports. Another package's types would be missing where Octavo is installed. */
function reached(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)) {
    if (!target.startsWith('.')) throw new Error(`${path}: the library's types need those of ${target}`);
    reached(join(dirname(path), target.replace(/\.js$/, '.d.ts')), seen);
  }
  return seen;
}
