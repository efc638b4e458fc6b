// Compiles the loops of assembly/ to WebAssembly, as modules of dist/ that hold them. The compiler takes seconds, so
// its results are kept by what they were made from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The room of src/ that each loop belongs to. */
const LOOPS = {
  samples: 'formats/sample-loop',
  heat: 'hotness/heat-loop',
  tally: 'formats/perf-data/tally-loop',
  parquet: 'formats/parquet/encode-loop',
};
const OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--importMemory', '--enable', 'simd'];

export function buildLoops(root) {
  for (const [name, room] of Object.entries(LOOPS)) {
    const bytes = readFileSync(compiled(root, name));
    const module = join(root, 'dist/src', room, 'binary.js');
    mkdirSync(dirname(module), { recursive: true });
    writeFileSync(module, `export const BINARY =\n  '${bytes.toString('base64')}';\n`);
  }
}

function compiled(root, name) {
  const compiler = join(root, 'node_modules/assemblyscript');
  const folder = join(root, 'assembly', name);
  const hash = createHash('sha256').update(OPTIONS.join(' '));
  hash.update(readFileSync(join(compiler, 'package.json')));
  for (const file of readdirSync(folder).sort()) hash.update(file).update(readFileSync(join(folder, file)));
  const kept = join(root, '.cache/loops', `${name}-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(kept)) compile(root, compiler, name, kept);
  return kept;
}

function compile(root, compiler, name, kept) {
  console.log(`octavo: compiling the loop of ${name} …`);
  mkdirSync(dirname(kept), { recursive: true });
  const fresh = `${kept}.${process.pid}`;
  const words = [join(compiler, 'bin/asc.js'), `assembly/${name}/index.ts`, ...OPTIONS, '--outFile', fresh];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`octavo: compiling the loop of ${name} failed`);
    process.exit(1);
  }
  renameSync(fresh, kept);
}
