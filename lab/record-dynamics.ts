/**
 * Records how DAMON's regions develop on a real kernel under known access patterns, into test/fixtures/dynamics:
 * `node dist/lab/record-dynamics.js --kernel 7.3`. The guest's time is counted in instructions, so that a recording
 * does not depend on the machine's load. test/damon/region-dynamics.test.ts sets the model beside them.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PATTERNS } from '../test/damon/dynamics-patterns.js';
import { fetchKernel, LabUnavailable } from './apt.js';
import { baseArchive, jobArchive } from './image.js';
import { labKernel } from './kernels.js';
import type { GuestMessage } from './messages.js';
import { boot } from './qemu.js';

const ROOT = join(fileURLToPath(new URL('.', import.meta.url)), '..', '..');
const CACHE = join(ROOT, '.cache', 'lab');
const FIXTURES = join(ROOT, 'test', 'fixtures', 'dynamics');
const HOURS_PER_KERNEL = 2;

const { values } = parseArgs({
  options: {
    kernel: { type: 'string', multiple: true },
    pattern: { type: 'string', multiple: true },
  },
});

const say = (line: string) => console.error(`lab: ${line}`);

async function record(series: string, patterns: readonly string[]): Promise<void> {
  const kernel = labKernel(series);
  if (!kernel) throw new LabUnavailable(`no kernel ${series} in lab/kernels.ts`);
  const image = fetchKernel(kernel, CACHE, say);
  const folder = mkdtempSync(join(tmpdir(), 'octavo-dynamics-'));
  let release = '';
  const take = (message: GuestMessage) => {
    if (message.kind === 'ready') release = message.release;
    if (message.kind !== 'rows') return;
    keep(series, release, message.scenario, Object.values(message.rows).map(String));
    say(`${series} ${message.scenario}: ${message.seconds.toFixed(0)} s of the guest's time`);
  };
  try {
    const root = join(folder, 'root.cpio');
    copyFileSync(baseArchive(CACHE), root);
    const job = join(folder, 'job.cpio');
    jobArchive(ROOT, { series, scenarios: patterns }, job, 'dynamics');
    await appendFile(root, await readFile(job));
    const machine = { kernel: image, root, socket: join(folder, 'results'), memoryMiB: 1024 };
    const timeoutMs = HOURS_PER_KERNEL * 3_600_000;
    const outcome = await boot({ ...machine, timeoutMs, steady: true }, take);
    if (!outcome.finished) throw new LabUnavailable(`the guest did not finish:\n${outcome.console}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function keep(series: string, release: string, pattern: string, lines: readonly string[]): void {
  mkdirSync(FIXTURES, { recursive: true });
  const head = `# ${release} ${pattern}: AGGREGATION PAGES:ACCESSES:AGE … (lab/record-dynamics.ts)`;
  writeFileSync(join(FIXTURES, `${series}-${pattern}.txt`), `${[head, ...lines].join('\n')}\n`);
}

try {
  const patterns = values.pattern ?? PATTERNS.map(({ name }) => name);
  for (const series of values.kernel ?? ['7.3', '6.12']) await record(series, patterns);
} catch (problem) {
  if (!(problem instanceof LabUnavailable)) throw problem;
  say(problem.message);
  process.exitCode = 2;
}
