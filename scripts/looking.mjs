// Shows that looking changes nothing, on processes that share memory by fork: Pss, AnonHugePages and the frames of huge
// pages before and after inspect, plan and run --dry-run. Needs root. `node scripts/looking.mjs PID…` looks at these
// processes and their children; `--redis` at a Redis of its own in the middle of a BGSAVE, `--prefork` at a parent of four;
// without words it does both.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, readSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { prepare, root } from './prepare.mjs';

const MAIN = join(root, 'dist/src/main.js');
const THP = 1n << 22n;
const PRESENT = 1n << 63n;
const FRAME = (1n << 55n) - 1n;
const directory = mkdtempSync(join(tmpdir(), 'octavo-looking-'));
const environment = { ...process.env, OCTAVO_STATE: join(directory, 'state') };

prepare();
const given = process.argv.slice(2);
const words = given.length > 0 ? given : ['--redis', '--prefork'];
try {
  if (words.includes('--redis')) await withRedis((pid) => stopped(pid, 'Redis in BGSAVE'));
  if (words.includes('--prefork')) await withPrefork((pid) => stopped(pid, 'a parent with four children'));
  for (const pid of words.filter((word) => /^\d+$/.test(word))) report(`process ${pid}`, Number(pid));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

/**
 * Looks at a process of our own while it and its children are stopped: Redis's child gives values back as soon as it has
 * saved them, and a runtime collects garbage, which would pass for a trace.
 */
function stopped(pid, title) {
  const family = [pid, ...childrenOf(pid)];
  for (const one of family) process.kill(one, 'SIGSTOP');
  try {
    report(title, pid);
  } finally {
    for (const one of family) process.kill(one, 'SIGCONT');
  }
}

/** Prints a row for the state at first and one after each command; the exit code is 1 when they differ. */
function report(title, pid) {
  const family = [pid, ...childrenOf(pid)];
  const rows = [['before', ...stateOf(family)]];
  for (const line of [
    ['inspect', pid, '--content', 'all'],
    ['plan', pid],
    ['run', pid, '--dry-run'],
  ]) {
    const ended = octavo(...line);
    const { steps } = line[0] === 'plan' ? JSON.parse(octavo('plan', pid, '--json').stdout) : {};
    const note = steps === undefined ? '' : ` (${steps.length} steps)`;
    rows.push([`after ${line.join(' ')}${note}`, ...stateOf(family)]);
    if (ended.status !== 0) throw new Error(ended.stderr);
  }
  console.log(`\n${title}: process ${pid} and ${family.length - 1} children`);
  printTable([['moment', 'Pss, sum', 'AnonHugePages, each', 'huge pages’ frames'], ...rows]);
  const states = new Set(rows.map(([, ...state]) => state.join()));
  console.log(states.size === 1 ? 'equal' : 'DIFFERENT');
  if (states.size > 1) process.exitCode = 1;
}

function octavo(...line) {
  return spawnSync(process.execPath, [MAIN, ...line.map(String)], { encoding: 'utf8', env: environment });
}

function stateOf(family) {
  const pss = family.reduce((sum, pid) => sum + rollupKb(pid, 'Pss_Anon'), 0);
  const huge = family.map((pid) => `${rollupKb(pid, 'AnonHugePages') / 1024}`);
  const frames = family.flatMap((pid) => hugeFrames(pid));
  const hash = createHash('sha256').update(frames.join(' ')).digest('hex').slice(0, 12);
  return [`${Math.round(pss / 1024)} MiB`, `${huge.join(', ')} MiB`, `${frames.length}, ${hash}`];
}

function rollupKb(pid, field) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(new RegExp(`^${field}: +(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}

/** Frames of all pages that are part of a transparent huge page, in the order of addresses. */
function hugeFrames(pid) {
  const pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  const flags = openSync('/proc/kpageflags', 'r');
  const found = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').trim().split('\n')) {
    const [start, end] = line
      .split(' ')[0]
      .split('-')
      .map((text) => Number.parseInt(text, 16) / 4096);
    if (line.endsWith('[vsyscall]')) continue;
    for (let page = start; page < end; page += 512) {
      const entries = wordsAt(pagemap, page, Math.min(512, end - page));
      for (const entry of entries) if (entry & PRESENT) found.push(Number(entry & FRAME));
    }
  }
  const known = new Map();
  const isHuge = (frame) => {
    const window = Math.floor(frame / 512);
    if (!known.has(window)) known.set(window, wordsAt(flags, window * 512, 512));
    return ((known.get(window)[frame % 512] ?? 0n) & THP) !== 0n;
  };
  const huge = found.filter(isHuge);
  closeSync(pagemap);
  closeSync(flags);
  return huge;
}

function wordsAt(descriptor, first, count) {
  const words = new BigUint64Array(count);
  const bytes = new Uint8Array(words.buffer);
  const read = readSync(descriptor, bytes, 0, bytes.length, first * 8);
  return words.subarray(0, read / 8);
}

function childrenOf(pid) {
  const own = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
  return own.flatMap((child) => [child, ...childrenOf(child)]);
}

/** A Redis with half a gigabyte in huge pages, whose child takes a minute to save it. */
async function withRedis(act) {
  const socket = join(directory, 'redis.sock');
  const parameters = ['--port', '0', '--unixsocket', socket, '--dir', directory, '--save', ''];
  const more = ['--disable-thp', 'no', '--enable-debug-command', 'yes', '--daemonize', 'no'];
  const server = spawn('redis-server', [...parameters, ...more], { stdio: 'ignore' });
  const ended = new Promise((resolve) => server.on('close', resolve));
  try {
    await new Promise((resolve, reject) => {
      server.on('error', reject);
      server.on('spawn', resolve);
    });
    const ask = await redisAt(socket);
    await ask('DEBUG POPULATE 50000 key 10000');
    await ask('CONFIG SET rdb-key-save-delay 50000');
    octavo('run', server.pid, '--policy', 'collapse-dense', '--max-bytes', '2G', '--max-pressure', '100');
    await ask('BGSAVE');
    while (childrenOf(server.pid).length === 0) await setTimeout(1);
    await act(server.pid);
  } finally {
    for (const pid of childrenOf(server.pid)) process.kill(pid, 'SIGKILL');
    server.kill('SIGKILL');
    await ended;
  }
}

async function redisAt(socket) {
  for (let attempt = 0; attempt < 100; attempt++) {
    const client = await new Promise((resolve) => {
      const opened = connect(socket, () => resolve(opened)).on('error', () => resolve(undefined));
    });
    if (client)
      return (line) => new Promise((resolve) => client.once('data', resolve) && client.write(`${line}\r\n`));
    await setTimeout(100);
  }
  throw new Error('redis-server does not answer');
}

/** 64 huge pages that four children share. */
async function withPrefork(act) {
  const { WorkloadClient } = await import(join(root, 'dist/demo/workload-client.js'));
  const workload = await WorkloadClient.start();
  try {
    const { blockBytes } = workload.greeting;
    await workload.ask('map', { name: 'shared', bytes: 64 * blockBytes, huge: 'advise', populate: true });
    await workload.ask('fill', { name: 'shared', pattern: { every: 64 } });
    for (let child = 0; child < 4; child++) await workload.ask('fork', {});
    await act(workload.pid);
  } finally {
    await workload.end();
  }
}

function printTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  for (const row of rows)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    );
}
