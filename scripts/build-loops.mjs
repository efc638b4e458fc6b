// Compiles the loops of assembly/ to WebAssembly, as modules of dist/ that hold them. The compiler takes seconds, so
// its results are kept by what they were made from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { signatures } from './loop-signatures.mjs';

/** The room of src/ that each loop belongs to. */
const LOOPS = {
  samples: 'formats/sample-loop',
  heat: 'hotness/heat-loop',
  tally: 'formats/perf-data/tally-loop',
  parquet: 'formats/parquet/encode-loop',
};
const OPTIONS = [
  '-O3',
  '--runtime',
  'stub',
  '--noAssert',
  '--importMemory',
  '--enable',
  'simd',
  '--bindings',
  'raw',
];

/** Writes their signatures into src/, where they are not so yet: before types are checked. */
export function declareLoops(root) {
  for (const [name, room] of Object.entries(LOOPS)) {
    const offered = readFileSync(`${compiled(root, name)}.d.ts`, 'utf8');
    const host = join(root, 'assembly', name, 'host.ts');
    const text = signatures(name, offered, existsSync(host) ? host : undefined);
    const path = join(root, 'src', room, 'binary.d.ts');
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
  }
}

export function buildLoops(root) {
  for (const [name, room] of Object.entries(LOOPS)) {
    const bytes = readFileSync(`${compiled(root, name)}.wasm`);
    const module = join(root, 'dist/src', room, 'binary.js');
    mkdirSync(dirname(module), { recursive: true });
    writeFileSync(module, `export const BINARY =\n  '${bytes.toString('base64')}';\n`);
  }
}

/** Path of its files without .wasm and .d.ts. */
function compiled(root, name) {
  const compiler = join(root, 'node_modules/assemblyscript');
  const folder = join(root, 'assembly', name);
  const hash = createHash('sha256').update(OPTIONS.join(' '));
  hash.update(readFileSync(join(compiler, 'package.json')));
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  const kept = join(root, '.cache/loops', `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(`${kept}.wasm`)) compile(root, compiler, name, kept);
  return kept;
}

function compile(root, compiler, name, kept) {
  console.log(`octavo: compiling the loop of ${name} …`);
  mkdirSync(dirname(kept), { recursive: true });
  const fresh = `${kept}.${process.pid}`;
  const words = [
    join(compiler, 'bin/asc.js'),
    `assembly/${name}/index.ts`,
    ...OPTIONS,
    '--outFile',
    `${fresh}.wasm`,
  ];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`octavo: compiling the loop of ${name} failed`);
    process.exit(1);
  }
  rmSync(`${fresh}.js`);
  for (const part of ['d.ts', 'wasm']) renameSync(`${fresh}.${part}`, `${kept}.${part}`);
}
