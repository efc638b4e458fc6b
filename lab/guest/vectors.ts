/** Runs in the guest: every vector on this kernel, each with DAMON and the trace cleared before. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runVector, VECTORS, type VectorKernel } from '../../test/damon/kernel-vectors.js';
import type { GuestJob } from '../image.js';
import type { GuestMessage } from '../messages.js';

const PORT = '/dev/vport0p1';
const KDAMONDS = '/sys/kernel/mm/damon/admin/kdamonds';
const TRACING = '/sys/kernel/tracing';
const WORKLOAD = fileURLToPath(new URL('dynamics-workload.js', import.meta.url));

const job = JSON.parse(readFileSync('/octavo/job.json', 'utf8')) as GuestJob;
const port = openSync(PORT, 'w');
const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]);

function say(message: GuestMessage): void {
  const line = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let written = 0; written < line.length; ) written += writeSync(port, line, written);
}

const placeOf = (path: string): string => (path.startsWith('/') ? path : `${KDAMONDS}/${path}`);

/** One write(2) without truncating. */
function write(path: string, text: string): string {
  try {
    const descriptor = openSync(placeOf(path), 'r+');
    try {
      writeSync(descriptor, Buffer.from(text));
    } finally {
      closeSync(descriptor);
    }
    return 'ok';
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code ?? String(problem);
  }
}

function read(path: string): string {
  try {
    return readFileSync(placeOf(path), 'utf8').replace(/\n$/, '');
  } catch (problem) {
    return (problem as NodeJS.ErrnoException).code ?? String(problem);
  }
}

function trace(): string[] {
  const lines = readFileSync(`${TRACING}/trace`, 'utf8').split('\n');
  return lines.flatMap((line) => /^.{16}-\d+ .*?: (damo\w+: .*)$/.exec(line)?.[1] ?? []);
}

async function idleProcess(): Promise<{ process: ChildProcess; start: bigint }> {
  const process = spawn(globalThis.process.execPath, [WORKLOAD, 'idle'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const start = await new Promise<bigint>((done) => {
    process.stdout?.once('data', (chunk) => done(BigInt(String(chunk).trim())));
  });
  return { process, start };
}

function clear(): void {
  write('0/state', 'off');
  write('nr_kdamonds', '0');
  writeFileSync(`${TRACING}/trace`, '');
  writeFileSync(`${TRACING}/events/damon/enable`, '1');
}

say({
  kind: 'ready',
  release: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
  uptimeSeconds: uptime(),
});
writeFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'never');
const [first, second] = [await idleProcess(), await idleProcess()];
const kernel: VectorKernel = {
  write,
  read,
  trace,
  wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  pids: [first.process.pid ?? 0, second.process.pid ?? 0],
  start: first.start,
};
for (const vector of VECTORS[job.series as keyof typeof VECTORS]) {
  const began = uptime();
  clear();
  const lines = await runVector(vector, kernel);
  const rows = Object.fromEntries(lines.map((line, index) => [`line ${index}`, line]));
  say({ kind: 'rows', scenario: vector.name, rows, seconds: uptime() - began });
}
say({ kind: 'end', uptimeSeconds: uptime() });
process.exit(0);
