/**
 * `npm start`. As root on a kernel that can: the live demonstration. Otherwise the same on a recording, saying so.
 * usage: demo.js RECORDING [--recorded] [--mib N] [--record DIR]
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { arch, cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { liveAbilities } from './live-abilities.js';
import { type LiveResult, liveDemo } from './live-demo.js';
import { OctavoCommand } from './octavo-command.js';
import { type Measured, recordedDemo } from './recorded-demo.js';
import { Story } from './story.js';

const MIB = 2 ** 20;
/** The workload takes no more than this share of the memory that is free. */
const MAX_SHARE = 0.4;
const LEAST_MIB = 64;
const BLOCKS_ALIGNED_MIB = 32;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    recorded: { type: 'boolean', default: false },
    mib: { type: 'string', default: '512' },
    record: { type: 'string' },
  },
});
const directory = mkdtempSync(join(tmpdir(), 'octavo-demo-'));
process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const story = new Story(process.stdout);
const octavo = new OctavoCommand(story, join(directory, 'state'));
const sound = await play();
story.line(`\n${story.seconds.toFixed(0)} s in all.`);
process.exit(sound ? 0 : 1);

async function play(): Promise<boolean> {
  const mib = affordableMib(Number(values.mib));
  const missing = values.recorded ? 'asked for with --recorded' : (liveAbilities().missing ?? tooLittle(mib));
  if (missing !== undefined) {
    story.line(`Octavo cannot be shown on live memory here: ${missing}.`);
    if (!values.recorded)
      story.line('Run `npm start` as root on Linux with transparent huge pages for that.');
    return recordedDemo(story, octavo, positionals[0], directory);
  }
  story.line(`Octavo on live memory of this machine: ${machine()}.`);
  const result = await liveDemo({ story, octavo, directory, bytes: mib * MIB, record: values.record });
  if (values.record) keep(values.record, result);
  return result.sound;
}

/** As much as was asked for, less when the machine is small; 0 when it is too small for any. */
function affordableMib(wanted: number): number {
  const available = /^MemAvailable:\s+(\d+) kB/m.exec(textOf('/proc/meminfo'));
  const bound = available ? (Number(available[1]) / 1024) * MAX_SHARE : wanted;
  const mib = Math.floor(Math.min(wanted, bound) / BLOCKS_ALIGNED_MIB) * BLOCKS_ALIGNED_MIB;
  return mib >= LEAST_MIB ? mib : 0;
}

function tooLittle(mib: number): string | undefined {
  return mib === 0 ? `less than ${LEAST_MIB / MAX_SHARE} MiB of memory are free` : undefined;
}

/** What the recorded demonstration tells of the machine and of what acting did there. */
function keep(record: string, { pid, pageBytes, moments }: LiveResult): void {
  const measured: Measured = { octavo: 'demo', version: 1, machine: machine(), pid, pageBytes, moments };
  writeFileSync(join(record, 'measured.json'), `${JSON.stringify(measured, undefined, 1)}\n`);
}

function machine(): string {
  const [first] = cpus();
  return `Linux ${release().replace(/-.*/, '')} on ${arch()}, ${cpus().length} CPUs${first ? ` (${first.model.trim()})` : ''}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
