/**
 * Records real kernels for the tests of the model, into test/fixtures: `node dist/lab/record-kernel.js --kernel 7.3`.
 * `dynamics`: how DAMON's regions develop under known access patterns; `vectors`: what scripts over DAMON's files
 * meet. The guest's time is counted in instructions, so that a recording does not depend on the machine's load.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PATTERNS } from '../test/damon/dynamics-patterns.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { baseArchive, jobArchive, ownPrograms } from './image.js';
import { labKernel } from './kernels.js';
import type { GuestMessage } from './messages.js';
import { boot } from './qemu.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const CACHE = join(ROOT, '.cache', 'lab');
const FIXTURES = join(ROOT, 'test', 'fixtures');
const GUESTS = ['dynamics', 'vectors'] as const;
const HOURS_PER_KERNEL = 2;

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    what: { type: 'string', multiple: true },
    pattern: { type: 'string', multiple: true },
  },
});

const say = (line: string) => console.error(`lab: ${line}`);

async function record(series: string, guest: string, patterns: readonly string[]): Promise<void> {
  const kernel = labKernel(series);
  if (!kernel) throw new LabUnavailable(`no kernel ${series} in lab/kernels.ts`);
  const image = fetchKernel(kernel, CACHE, say);
  const folder = mkdtempSync(join(tmpdir(), 'octavo-dynamics-'));
  let release = '';
  const vectors: string[] = [];
  const take = (message: GuestMessage) => {
    if (message.kind === 'ready') release = message.release;
    if (message.kind !== 'rows') return;
    const lines = Object.values(message.rows).map(String);
    if (guest === 'dynamics') keepPattern(series, release, message.scenario, lines);
    else vectors.push(`## ${message.scenario}`, ...lines);
    say(`${series} ${message.scenario}: ${message.seconds.toFixed(0)} s of the guest's time`);
  };
  try {
    const root = join(folder, 'root.cpio');
    copyFileSync(baseArchive(CACHE, ownPrograms()), root);
    const job = join(folder, 'job.cpio');
    jobArchive(ROOT, { series, scenarios: patterns }, job, { guest });
    await appendFile(root, await readFile(job));
    const machine = { kernel: image, root, socket: join(folder, 'results'), memoryMiB: 1024 };
    const timeoutMs = HOURS_PER_KERNEL * 3_600_000;
    const outcome = await boot({ ...machine, timeoutMs, steady: true }, take);
    if (!outcome.finished) throw new LabUnavailable(`the guest did not finish:\n${outcome.console}`);
    if (vectors.length > 0)
      keep('vectors', `${series}.txt`, [`# ${release} (lab/record-kernel.ts)`, ...vectors]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keepPattern(series: string, release: string, pattern: string, lines: readonly string[]): void {
  const head = `# ${release} ${pattern}: AGGREGATION PAGES:ACCESSES:AGE … (lab/record-kernel.ts)`;
  keep('dynamics', `${series}-${pattern}.txt`, [head, ...lines]);
}

function keep(folder: string, name: string, lines: readonly string[]): void {
  mkdirSync(join(FIXTURES, folder), { recursive: true });
  writeFileSync(join(FIXTURES, folder, name), `${lines.join('\n')}\n`);
}

try {
  const patterns = values.pattern ?? PATTERNS.map(({ name }) => name);
  for (const series of values.kernel ?? ['7.3', '6.12']) {
    for (const guest of values.what ?? GUESTS) await record(series, guest, patterns);
  }
} catch (problem) {
  if (!(problem instanceof LabUnavailable)) throw problem;
  say(problem.message);
  process.exitCode = 2;
}
