/** Recordings that perf makes on this machine, in every mode that software events can be recorded in. */
import { spawnSync } from 'node:child_process';
import { openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PerfWords } from './perf-oracle.js';

export interface RecordedCase {
  readonly name: string;
  readonly path: string;
  /** Bytes by file: one `perf.data`, or the files of a directory. */
  readonly files: Uint8Array | Readonly<Record<string, Uint8Array>>;
}

interface Mode {
  readonly name: string;
  readonly options: readonly string[];
  readonly output?: 'pipe' | 'directory';
  /** A further perf command that turns the recording into another. */
  readonly inject?: readonly string[];
}

const FAULTS = ['-e', 'page-faults', '-c', '1', '-d'];

const MODES: readonly Mode[] = [
  { name: 'plain', options: FAULTS },
  { name: 'without addresses', options: ['-e', 'page-faults', '-c', '1'] },
  { name: 'zstd', options: [...FAULTS, '-z'] },
  { name: 'zstd at its highest level below our window', options: [...FAULTS, '-z19'] },
  { name: 'pipe', options: FAULTS, output: 'pipe' },
  { name: 'zstd pipe', options: [...FAULTS, '-z'], output: 'pipe' },
  { name: 'threads', options: [...FAULTS, '--threads'], output: 'directory' },
  { name: 'zstd threads', options: [...FAULTS, '--threads', '-z'], output: 'directory' },
  { name: 'switch events', options: [...FAULTS, '--switch-events'] },
  { name: 'call chains', options: [...FAULTS, '-g'] },
  { name: 'user stacks', options: [...FAULTS, '--call-graph', 'dwarf,512'] },
  { name: 'physical addresses', options: [...FAULTS, '--phys-data'] },
  { name: 'page sizes', options: [...FAULTS, '--data-page-size', '--code-page-size'] },
  { name: 'weights', options: [...FAULTS, '-W', '--transaction'] },
  { name: 'registers', options: [...FAULTS, '--user-regs=ip,sp,ax', '--intr-regs=ip,sp'] },
  {
    name: 'all of it',
    options: [...FAULTS, '-g', '--phys-data', '--data-page-size', '-W', '--all-cgroups', '--sample-cpu'],
  },
  { name: 'two events', options: ['-e', 'page-faults,minor-faults', '-c', '1', '-d'] },
  {
    name: 'events of unlike fields',
    options: [
      '-e',
      'page-faults/call-graph=fp/',
      '-e',
      'minor-faults/call-graph=no,time=0/',
      '-c',
      '1',
      '-d',
    ],
  },
  { name: 'group read', options: ['-e', '{page-faults,minor-faults}:S', '-c', '1', '-d'] },
  { name: 'with a dummy', options: ['-e', 'dummy', ...FAULTS] },
  { name: 'monotonic clock', options: [...FAULTS, '-k', 'CLOCK_MONOTONIC'] },
  { name: 'by frequency', options: ['-e', 'page-faults', '-F', '9999', '-d'] },
  { name: 'whole machine', options: [...FAULTS, '-a'] },
  { name: 'per thread', options: [...FAULTS, '--per-thread'] },
  { name: 'identifier', options: [...FAULTS, '--sample-identifier'] },
  { name: 'build ids in mappings', options: [...FAULTS, '--buildid-mmap'] },
  { name: 'namespaces', options: [...FAULTS, '--namespaces'] },
  { name: 'synthesized at the end', options: [...FAULTS, '--tail-synthesize'] },
  { name: 'overwritten ring', options: [...FAULTS, '--overwrite'] },
  { name: 'a ring too small', options: [...FAULTS, '-m', '1', '-g'] },
  { name: 'injected', options: FAULTS, inject: ['inject', '-b'] },
  { name: 'injected with schedule times', options: [...FAULTS, '--switch-events'], inject: ['inject', '-s'] },
];

/** Touches memory in four threads; small, since every fault becomes a line of text. */
const WORKLOAD = `
const { Worker, isMainThread } = require('node:worker_threads');
if (isMainThread) for (let i = 0; i < 3; i++) new Worker(__filename);
const block = Buffer.alloc(6 << 20);
for (let at = 0; at < block.length; at += 4096) block[at] = 1;
`;

export function workloadText(): string {
  return WORKLOAD;
}

/** Records in one mode after the other; a mode that this perf or kernel refuses is told, not compared. */
export function* recordedCases(
  perf: PerfWords,
  folder: string,
  workload: string,
  tell: (words: string) => void,
): Generator<RecordedCase> {
  for (const mode of MODES) {
    const path = join(folder, `${mode.name.replaceAll(' ', '-')}.data`);
    const refusal = record(perf, mode, path, workload);
    if (refusal === undefined) yield { name: mode.name, path, files: bytesOf(path) };
    else tell(`  not recorded: ${mode.name}: ${refusal}`);
  }
}

function record(perf: PerfWords, mode: Mode, path: string, workload: string): string | undefined {
  const target = mode.inject === undefined ? path : `${path}.raw`;
  const output = mode.output === 'pipe' ? openSync(target, 'w') : 'ignore';
  const [start, ...rest] = [
    ...perf,
    'record',
    '-q',
    '-N',
    '-o',
    mode.output === 'pipe' ? '-' : target,
    ...mode.options,
  ];
  const ended = spawnSync(start, [...rest, '--', process.execPath, workload], {
    stdio: ['ignore', output, 'pipe'],
    encoding: 'utf8',
  });
  if (ended.status !== 0) return firstLine(ended.stderr);
  if (mode.inject === undefined) return undefined;
  const injected = spawnSync(perf[0], [...perf.slice(1), ...mode.inject, '-f', '-i', target, '-o', path], {
    encoding: 'utf8',
  });
  return injected.status === 0 ? undefined : firstLine(injected.stderr);
}

function bytesOf(path: string): Uint8Array | Record<string, Uint8Array> {
  if (!statSync(path).isDirectory()) return new Uint8Array(readFileSync(path));
  const names = readdirSync(path);
  return Object.fromEntries(
    names.map((name) => [`perf.dir/${name}`, new Uint8Array(readFileSync(join(path, name)))]),
  );
}

function firstLine(text: string): string {
  return text.split('\n').find((line) => line.trim() !== '') ?? 'no message';
}
