/**
 * The kernel of kernel/: Debian's source package of the same release as the lab's 7.3, with the series applied, in
 * the smallest configuration. Built once for a state of kernel/ and then cached, because it takes minutes.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fetchKernel, LabUnavailable } from './apt.js';
import type { LabKernel } from './kernels.js';

/** Column of test/conformance/differences.ts, and the name on the command line. */
export const OCTAVO_SERIES = 'octavo';

const SOURCE: LabKernel = {
  series: OCTAVO_SERIES,
  release: 'linux-source-7.3.4-1~bpo13+1',
  suite: 'trixie-backports',
  package: 'linux-source-7.3',
  version: '7.3.4-1~bpo13+1',
  sha256: '703e369ddd4cce971452f5a593ee55df3a5c10c83caf0fa0df039633ed181ee3',
  image: 'usr/src/linux-source-7.3.tar.xz',
};

/** What the kernel is made from; documents and the proof programs do not count. */
const INGREDIENTS = ['apply.sh', 'configure.sh', 'tools/apply-edits.pl', 'series', 'config/lab.config'];
const TOOLS = ['make', 'gcc', 'flex', 'bison', 'bc', 'perl', 'lz4'];
const JOBS = '2';

type Say = (line: string) => void;

/** Path of the kernel image when this state of kernel/ has been built before. */
export function builtOctavoKernel(root: string, cache: string): string | undefined {
  const image = octavoKernelPath(root, cache);
  return existsSync(image) ? image : undefined;
}

/** Path of the kernel image, built now if need be. */
export function octavoKernel(root: string, cache: string, say: Say): string {
  const built = builtOctavoKernel(root, cache);
  if (built) return built;
  checkTools();
  const archive = fetchKernel(SOURCE, cache, say);
  const image = octavoKernelPath(root, cache);
  const work = join(cache, 'octavo', 'build');
  rmSync(work, { recursive: true, force: true });
  const source = join(work, 'source');
  const objects = join(work, 'objects');
  mkdirSync(source, { recursive: true });
  say('unpacking the kernel source');
  run('tar', ['-C', source, '--strip-components=1', '-xf', archive]);
  run(join(root, 'kernel', 'apply.sh'), [source]);
  run(join(root, 'kernel', 'configure.sh'), [source, objects, join(root, 'kernel', 'config', 'lab.config')]);
  say('building the kernel; this takes 12 minutes on two idle cores, and more on busy ones');
  run('nice', ['-n', '19', 'make', '-s', '-C', source, `O=${objects}`, `-j${JOBS}`, 'bzImage']);
  copyFileSync(join(objects, 'arch/x86/boot/bzImage'), image);
  rmSync(work, { recursive: true, force: true });
  return image;
}

/** Where the image of this state of kernel/ is, or would be. */
export function octavoKernelPath(root: string, cache: string): string {
  return join(cache, 'octavo', `bzImage-${stateOf(join(root, 'kernel'))}`);
}

/** Digest of everything that the kernel is made from. */
function stateOf(folder: string): string {
  const hash = createHash('sha256').update(SOURCE.sha256);
  for (const file of INGREDIENTS.flatMap((name) => filesBelow(join(folder, name)))) {
    hash.update(`${relative(folder, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}

function checkTools(): void {
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length > 0) throw new LabUnavailable(`building a kernel needs ${missing.join(', ')}`);
}

function run(command: string, parameters: readonly string[]): void {
  const result = spawnSync(command, parameters, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (result.error) throw new LabUnavailable(`${command}: ${result.error.message}`);
  if (result.status === 0) return;
  const last = `${result.stdout}${result.stderr}`.trim().split('\n').slice(-12).join('\n  | ');
  throw new LabUnavailable(`${[command, ...parameters].join(' ')} ended with ${result.status}\n  | ${last}`);
}
