/**
 * Every command, stopped by every signal in the middle of a long input: how long until it has ended, its exit code, and
 * that nothing of it is left. A command without a row here fails.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { routes } from '../../src/cli/application/catalogue.js';
import { manualCommands } from '../../src/cli/manual.js';
import { EXIT } from '../../src/vocabulary/errors.js';
import { MAIN } from './octavo.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
type Signal = (typeof SIGNALS)[number];

/** How long a command may take to end on an idle machine. */
const BOUND_MS = 100;
/** CPU time of the program that tells how busy the machine is at that moment: as much longer may a command take. */
const REFERENCE_MS = 20;
/** On a busy machine one measurement says little: one of so many must keep the bound. */
const TRIES = 4;

const directory = mkdtempSync(join(tmpdir(), 'octavo-stop-'));
const at = (name: string) => join(directory, name);
const state = at('state');
const isRoot = process.geteuid?.() === 0;

interface Row {
  readonly words: () => readonly string[];
  /** Standard input that never ends: nothing is written to it. */
  readonly stalled?: boolean;
  /** Why this cannot be run here. */
  readonly lacks?: string | undefined;
  /** When it is in the middle of its work. */
  readonly ready?: () => boolean;
  /** Reads something again on SIGHUP. */
  readonly reloads?: boolean;
  /** Ends as its program does. */
  readonly becomes?: boolean;
}

/** What reads nothing long of its own reads a recorded host whose manifest never comes. */
const onStalledHost = (...words: string[]): Row => ({
  words: () => ['--host', at('stalled-host'), ...words],
});
const perf = spawnSync('perf', ['--version']).status === 0 ? undefined : 'perf is not installed';
const fuse = isRoot && existsSync('/dev/fuse') ? undefined : 'needs root and /dev/fuse';

const ROWS: Readonly<Record<string, Row>> = {
  doctor: onStalledHost('doctor'),
  survey: onStalledHost('survey'),
  top: onStalledHost('top'),
  dashboard: {
    words: () => ['dashboard', '--listen', `unix:${at('dashboard.sock')}`, '--state', state],
    ready: () => existsSync(at('dashboard.sock')),
  },
  inspect: onStalledHost('inspect', 'all'),
  plan: { words: () => ['plan', String(target.pid), '--perf', at('fifo')] },
  apply: { words: () => ['apply', '-'], stalled: true },
  undo: onStalledHost('undo', 'r1'),
  run: {
    words: () => ['run', String(target.pid), '--every', '100ms', '--state', state],
    ready: () => existsSync(state),
  },
  runs: onStalledHost('runs'),
  explain: onStalledHost('explain', 'all'),
  history: onStalledHost('history'),
  import: { words: () => ['import', '-', '--out', at('heat.parquet')], stalled: true },
  record: {
    words: () => [
      'record',
      String(target.pid),
      '--event',
      'faults',
      '--for',
      '1m',
      '--out',
      at('heat.parquet'),
    ],
    lacks: perf,
    ready: () => childrenOf(running?.pid).length > 0,
  },
  report: { words: () => ['report', at('fifo')] },
  'heat show': { words: () => ['heat', 'show', at('fifo')] },
  'heat merge': { words: () => ['heat', 'merge', at('fifo'), at('fifo'), '--out', at('heat.parquet')] },
  'heat diff': { words: () => ['heat', 'diff', at('fifo'), at('fifo')] },
  probe: onStalledHost('probe', '1'),
  agent: {
    words: () => ['agent', '--config', at('agent.yaml')],
    ready: () => existsSync(at('agent-run/status.json')),
    reloads: true,
  },
  status: onStalledHost('status'),
  'config check': { words: () => ['config', 'check', at('fifo')] },
  'config explain': onStalledHost('config', 'explain'),
  'config print': { words: () => ['config', 'print', at('fifo')] },
  'config schema': onStalledHost('config', 'schema'),
  'config unit': onStalledHost('config', 'unit'),
  simulate: { words: () => ['simulate', at('long.yaml')] },
  compare: { words: () => ['compare', at('long.yaml'), '--cache', at('cells')] },
  'model shell': { words: () => ['model', 'shell', '--script', at('long.octavo')] },
  'model run': {
    words: () => ['model', 'run', '--', 'sleep', '60'],
    lacks: fuse,
    ready: () => spawnedIn(running?.pid, 'sleep'),
  },
  'model mount': {
    words: () => ['model', 'mount', at('mount')],
    lacks: fuse,
    ready: () => mountedAt(at('mount')),
  },
  'record-host': { words: () => ['record-host', at('recorded'), '--', 'report', at('fifo')] },
  launch: {
    words: () => ['launch', '--thp', 'never', '--', 'sleep', '60'],
    becomes: true,
    ready: () => commandOf(running?.pid) === 'sleep',
  },
  'damon status': onStalledHost('damon', 'status'),
  'damon show': onStalledHost('damon', 'show'),
  'damon act': onStalledHost('damon', 'act', 'split', '1', '0x200000'),
  'damon apply': { words: () => ['damon', 'apply', at('fifo')] },
  'damon heatmap': onStalledHost('damon', 'heatmap', '1'),
  help: onStalledHost('help'),
  man: onStalledHost('man'),
  completion: onStalledHost('completion', 'bash'),
  __complete: onStalledHost('__complete', '--', 'doc'),
};

let running: ChildProcess | undefined;
const target = setUp();
const table: string[] = [];

function setUp(): ChildProcess {
  for (const name of ['stalled-host', 'mount']) mkdirSync(at(name), { recursive: true });
  for (const name of ['fifo', 'stalled-host/octavo-host.json']) {
    assert.equal(spawnSync('mkfifo', [at(name)]).status, 0, 'mkfifo');
  }
  writeFileSync(at('long.yaml'), longScenario());
  writeFileSync(at('agent.yaml'), agentConfiguration());
  writeFileSync(at('long.octavo'), 'spawn a size=64M touch=write\nadvance 1000000s\n');
  return spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
}

after(() => {
  target.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
  console.log(['command × signal → ms, exit code', ...table].join('\n'));
});

test('every command has a row', () => {
  const words = manualCommands(routes).map((one) => one.words);
  assert.deepEqual([...words, '__complete'].sort(), Object.keys(ROWS).sort());
});

for (const [name, row] of Object.entries(ROWS)) {
  describe(`${name} in the middle of its work`, { skip: row.lacks ?? false }, () => {
    const signals = SIGNALS.filter((signal) => row.reloads !== true || signal !== 'SIGHUP');
    for (const signal of signals) test(`ends by ${signal}`, () => stopped(name, row, signal));
  });
}

async function stopped(name: string, row: Row, signal: Signal): Promise<void> {
  const measured: string[] = [];
  for (let tries = 0; tries < TRIES; tries++) {
    const { ms, end, stretch } = await stopOnce(row, signal);
    measured.push(`${ms.toFixed(0)} ms on a machine ${stretch.toFixed(1)} times as slow as idle`);
    if (ms > BOUND_MS * stretch) continue;
    table.push(`${name.padEnd(14)} ${signal.padEnd(8)} ${ms.toFixed(0).padStart(4)} ms  ${end}`);
    return;
  }
  assert.fail(measured.join(', '));
}

async function stopOnce(row: Row, signal: Signal): Promise<{ ms: number; end: unknown; stretch: number }> {
  const child = spawn(process.execPath, [MAIN, ...row.words()], {
    stdio: [row.stalled === true ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, OCTAVO_STATE: at('own-state') },
  });
  running = child;
  const reference = await startReference(signal);
  try {
    let told = '';
    child.stderr?.on('data', (text) => {
      told += text;
    });
    child.stdout?.resume();
    await inTheMiddle(child, row, () => told);
    const descendants = allBelow(child.pid);
    const ends = [endOf(child, signal), endOf(reference, signal)] as const;
    const [{ ms, code, by }, empty] = await Promise.all(ends);
    if (row.becomes === true) assert.equal(by, signal);
    else assert.equal(code, EXIT.interrupted, `${by ?? code}: ${told}`);
    await nothingLeft(descendants);
    return { ms, end: code ?? by, stretch: Math.max(1, empty.ms / REFERENCE_MS) };
  } finally {
    child.kill('SIGKILL');
    reference.kill('SIGKILL');
    running = undefined;
  }
}

/** A program that listens for the signal and then needs so much CPU time to end. */
async function startReference(signal: Signal): Promise<ChildProcess> {
  const busy = `const { user, system } = process.cpuUsage();
    const spent = () => { const now = process.cpuUsage(); return (now.user + now.system - user - system) / 1000; };
    while (spent() < ${REFERENCE_MS}) {}`;
  const source = `process.on('${signal}', () => { ${busy} process.exit(0); }); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', source], { stdio: 'ignore' });
  while (!listens(child.pid, signal)) await sleep(5);
  return child;
}

/** Sends the signal; how long the process took to end, and how it ended. */
async function endOf(
  child: ChildProcess,
  signal: Signal,
): Promise<{ ms: number; code: number | null; by: string | null }> {
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('exit', (code, by) => resolve([code, by]));
  });
  const asked = performance.now();
  child.kill(signal);
  const [code, by] = await ended;
  return { ms: performance.now() - asked, code, by };
}

/** Waits until the command listens for signals and has begun; fails when it ends by itself. */
async function inTheMiddle(child: ChildProcess, row: Row, told: () => string): Promise<void> {
  const deadline = performance.now() + 60_000;
  const ready = row.becomes === true ? row.ready : () => listens(child.pid) && (row.ready?.() ?? true);
  while (!(ready?.() ?? true)) {
    assert.equal(child.exitCode ?? child.signalCode, null, `ended by itself: ${told()}`);
    assert.ok(performance.now() < deadline, 'never began');
    await sleep(10);
  }
  await sleep(400);
  assert.equal(child.exitCode ?? child.signalCode, null, `ended by itself: ${told()}`);
}

async function nothingLeft(descendants: readonly number[]): Promise<void> {
  for (let tries = 0; tries < 100 && descendants.some((pid) => commandOf(pid) !== undefined); tries++)
    await sleep(10);
  assert.deepEqual(
    descendants.filter((pid) => commandOf(pid) !== undefined),
    [],
    'children are left',
  );
  assert.equal(mountedAt(at('mount')), false, 'a mount is left');
  assert.equal(existsSync(at('heat.parquet')), false, 'a part of the result was written');
  assert.equal(existsSync(at('recorded')), false, 'a part of a recording was written');
  const left = allFiles(directory).filter((path) => /\/lock$|\.lock$|\.new$|model-\d+/.test(path));
  assert.deepEqual(left, [], 'locks or temporary files are left');
}

/** Whether a process has a handler for the signal, or all three. */
function listens(pid: number | undefined, ...signals: Signal[]): boolean {
  const caught = BigInt(`0x${/^SigCgt:\s*(\w+)/m.exec(read(`/proc/${pid}/status`))?.[1] ?? '0'}`);
  const wanted = signals.length > 0 ? signals : SIGNALS;
  return wanted.every((name) => ((caught >> BigInt(constants.signals[name] - 1)) & 1n) === 1n);
}

function childrenOf(pid: number | undefined): number[] {
  const tasks = existsSync(`/proc/${pid}/task`) ? readdirSync(`/proc/${pid}/task`) : [];
  return tasks.flatMap((task) =>
    read(`/proc/${pid}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  );
}

function allBelow(pid: number | undefined): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...allBelow(child)]);
}

function spawnedIn(pid: number | undefined, command: string): boolean {
  return allBelow(pid).some((child) => commandOf(child) === command);
}

/** Undefined for a process that has ended, waited for or not. */
function commandOf(pid: number | undefined): string | undefined {
  const match = /\((.*)\) (\w)/.exec(read(`/proc/${pid}/stat`));
  return match === null || match[2] === 'Z' || match[2] === 'X' ? undefined : match[1];
}

function mountedAt(path: string): boolean {
  return read('/proc/self/mounts').includes(` ${path} `);
}

function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `/${name}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function agentConfiguration(): string {
  return `octavo: agent
version: 1
state: ${at('agent-state')}
runtime: ${at('agent-run')}
targets:
  - name: nobody
    match: { command: no-such-program }
`;
}

/** Runs for years of virtual time. */
function longScenario(): string {
  return `octavo: scenario
version: 1
about: longer than anybody waits
duration: 1000h
report: 1000h
host: { cpu: zen3, memory: 256MiB }
processes:
  - { name: store, workload: zipf, with: { size: 32MiB } }
`;
}
