// Compiles the sample kernel of assembly/ to WebAssembly, as a module of dist/ that holds it. The compiler takes
// seconds, so its result is kept by what it was made from.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const OPTIONS = ['-O3', '--runtime', 'stub', '--noAssert', '--importMemory'];

export function buildKernel(root) {
  const compiler = join(root, 'node_modules/assemblyscript');
  const sources = readdirSync(join(root, 'assembly')).filter((name) => name.endsWith('.ts'));
  const hash = createHash('sha256').update(OPTIONS.join(' '));
  hash.update(readFileSync(join(compiler, 'package.json')));
  for (const name of sources.sort()) hash.update(name).update(readFileSync(join(root, 'assembly', name)));
  const kept = join(root, '.cache/sample-kernel', `${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(kept)) compile(root, compiler, kept);
  const module = join(root, 'dist/src/formats/sample-kernel/binary.js');
  mkdirSync(dirname(module), { recursive: true });
  writeFileSync(module, `export const BINARY =\n  '${readFileSync(kept).toString('base64')}';\n`);
}

function compile(root, compiler, kept) {
  console.log('octavo: compiling the sample kernel …');
  mkdirSync(dirname(kept), { recursive: true });
  const fresh = `${kept}.${process.pid}`;
  const words = [join(compiler, 'bin/asc.js'), 'assembly/index.ts', ...OPTIONS, '--outFile', fresh];
  const { status } = spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error('octavo: compiling the sample kernel failed');
    process.exit(1);
  }
  renameSync(fresh, kept);
}
