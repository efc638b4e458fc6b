/**
 * The kernel of kernel/: Debian's source package of the same release as the lab's 7.3, with the series applied, in
 * the smallest configuration. Built once for a state of kernel/ and then cached, because it takes minutes. Source and
 * objects are kept as well: when kernel/ changes, make builds what depends on the change.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { fetchKernel, LabUnavailable } from './apt.js';
import { applySeries, failure, filesBelow, runCommand, treePlaces, unpackSource } from './kernel-tree.js';
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

/** What the kernel is made from; documents, the proof programs and what mails say do not count. */
const INGREDIENTS = ['apply.sh', 'configure.sh', 'tools/apply-edits.pl', 'series', 'config/lab.config'];
const WORDS = /\/(message|notes|reviewers|version)$/;
const TOOLS = ['make', 'gcc', 'flex', 'bison', 'bc', 'perl', 'lz4'];
const JOBS = '2';
/** Steps of make between two lines of progress, and of a whole build of this configuration. */
const STEPS_PER_LINE = 200;
const USUAL_STEPS = 1600;
const KEPT_LINES = 40;

type Say = (line: string) => void;

/** Path of the kernel image when this state of kernel/ has been built before. */
export function builtOctavoKernel(root: string, cache: string): string | undefined {
  const image = octavoKernelPath(root, cache);
  return existsSync(image) ? image : undefined;
}

/** Path of the kernel image, built now if need be. */
export async function octavoKernel(root: string, cache: string, say: Say): Promise<string> {
  const built = builtOctavoKernel(root, cache);
  if (built) return built;
  checkTools();
  const archive = fetchKernel(SOURCE, cache, say);
  const image = octavoKernelPath(root, cache);
  const home = join(cache, 'octavo');
  startOver(home);
  const places = treePlaces(home);
  const objects = join(home, 'objects');
  if (!existsSync(places.source)) say('unpacking the kernel source');
  unpackSource(archive, places, runCommand);
  const changed = applySeries(join(root, 'kernel'), places, runCommand);
  say(`the series is in the source: ${changed.length} files changed`);
  const config = join(root, 'kernel', 'config', 'lab.config');
  runCommand(join(root, 'kernel', 'configure.sh'), [places.source, objects, config]);
  await build(places.source, objects, say);
  // Under its name only when it is whole.
  copyFileSync(join(objects, 'arch/x86/boot/bzImage'), `${image}.partial`);
  renameSync(`${image}.partial`, image);
  return image;
}

/** Another source package: what was kept from the one before is of no use. */
function startOver(home: string): void {
  const stamp = join(home, 'source-package');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === SOURCE.sha256) return;
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  writeFileSync(stamp, SOURCE.sha256);
}

/** Runs make, telling how far it is. */
async function build(source: string, objects: string, say: Say): Promise<void> {
  say('building the kernel; the first time takes 12 minutes on two idle cores, and more on busy ones');
  const parameters = ['-n', '19', 'make', '-C', source, `O=${objects}`, `-j${JOBS}`, 'bzImage'];
  const child = spawn('nice', parameters, { stdio: ['ignore', 'pipe', 'pipe'] });
  const last: string[] = [];
  let steps = 0;
  const take = (line: string) => {
    last.push(line);
    if (last.length > KEPT_LINES) last.shift();
    if (!/^ {2}(CC|AS|AR|LD) /.test(line)) return;
    steps++;
    if (steps % STEPS_PER_LINE === 0) say(`  ${steps} steps of at most ${USUAL_STEPS}`);
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (problem) => reject(new LabUnavailable(`make: ${problem.message}`)));
    child.on('close', resolve);
  });
  if (status !== 0) throw failure('nice', parameters, status, last.join('\n'));
}

/** Where the image of this state of kernel/ is, or would be. */
export function octavoKernelPath(root: string, cache: string): string {
  return join(cache, 'octavo', `bzImage-${stateOf(join(root, 'kernel'))}`);
}

/** Digest of everything that the kernel is made from. */
function stateOf(folder: string): string {
  const hash = createHash('sha256').update(SOURCE.sha256);
  const files = INGREDIENTS.flatMap((name) => filesBelow(join(folder, name)));
  for (const file of files.filter((name) => !WORDS.test(name))) {
    hash.update(`${relative(folder, file)}\0`).update(readFileSync(file));
  }
  return hash.digest('hex').slice(0, 16);
}

function checkTools(): void {
  const missing = TOOLS.filter((tool) => spawnSync(tool, ['--version']).error);
  if (missing.length > 0) throw new LabUnavailable(`building a kernel needs ${missing.join(', ')}`);
}
