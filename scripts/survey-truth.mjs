// A survey beside the truth: Redis, PostgreSQL, a JVM, a workload with empty huge pages and 300 small processes, each in
// a memory cgroup of its own where this user may make one. Prints the table, the time, how long mmap_lock was held, and
// for every figure whether the truth lies within its bounds; exits 1 where it does not. What is absent is skipped, told
// with the reason. Needs a build. Ends what it starts.
//   node scripts/survey-truth.mjs [--budget 2s] [--small 300]
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { budget: { type: 'string', default: '2s' }, small: { type: 'string', default: '300' } },
});
const root = join(fileURLToPath(import.meta.url), '..', '..');
const OCTAVO = join(root, 'bundle', 'octavo.sh');
const folder = mkdtempSync(join(tmpdir(), 'octavo-survey-'));
const started = [];
const cgroups = [];
const skipped = [];

try {
  await startAll();
  await settle();
  process.exitCode = report();
} finally {
  await endAll();
}

async function startAll() {
  small(Number(values.small));
  empty();
  await redis();
  await postgres();
  await jvm();
}

/** Runs a command in a memory cgroup of its own. */
function start(name, command, args, options = {}) {
  const cgroup = makeCgroup(name);
  const enter = cgroup === undefined ? '' : `echo $$ > ${cgroup}/cgroup.procs && `;
  const child = spawn('sh', ['-c', `${enter}exec "$0" "$@"`, command, ...args], {
    stdio: 'ignore',
    ...options,
  });
  child.on('error', (problem) => skipped.push(`${name}: ${problem.message}`));
  started.push({ name, child, cgroup });
  return child;
}

function makeCgroup(name) {
  const base = ['/sys/fs/cgroup/memory', '/sys/fs/cgroup'].find((path) => existsSync(`${path}/cgroup.procs`));
  if (base === undefined) return undefined;
  const path = join(base, `octavo-survey-${process.pid}`, name);
  try {
    mkdirSync(path, { recursive: true });
    if (!existsSync(`${path}/memory.stat`)) return undefined;
    cgroups.push(path);
    return path;
  } catch {
    return undefined;
  }
}

/** Why a program cannot be used; undefined when it can. */
function lacks(program, args = ['--version']) {
  return spawnSync(program, args).error === undefined ? undefined : `${program} is not installed`;
}

function skip(name, why) {
  skipped.push(`${name}: ${why}`);
}

function small(count) {
  const args = ['-c', `for i in $(seq ${count}); do sleep 600 & done; wait`];
  start('small', 'bash', args);
}

/** Huge pages of which a third of the blocks is nearly empty, a third half, a third full: it marks every block. */
function empty() {
  const why = lacks('python3');
  if (why) return skip('bloat', why);
  const program = [
    'import mmap,random,time',
    'random.seed(5)',
    'm=mmap.mmap(-1,514<<20,flags=mmap.MAP_PRIVATE|mmap.MAP_ANONYMOUS)',
    'm.madvise(14)',
    'for b in range(256):',
    '  for p in random.sample(range(512),(512,256,20)[b%3]): m[(b<<21)+p*4096]=7',
    'time.sleep(600)',
  ].join('\n');
  // A name of its own, so that no other program of that language is in its row.
  const named = join(folder, 'octavo-bloat');
  symlinkSync(
    spawnSync('python3', ['-c', 'import sys;print(sys.executable)'], { encoding: 'utf8' }).stdout.trim(),
    named,
  );
  start('bloat', named, ['-c', program]);
}

async function redis() {
  const why = lacks('redis-server');
  if (why) return skip('redis', why);
  const socket = join(folder, 'redis.sock');
  const config = [
    '--port',
    '0',
    '--unixsocket',
    socket,
    '--save',
    '',
    '--dir',
    folder,
    '--disable-thp',
    'no',
  ];
  start('redis', 'redis-server', config);
  await until(() => spawnSync('redis-cli', ['-s', socket, 'ping']).status === 0);
  const fill = ['-t', 'set', '-n', '200000', '-r', '200000', '-d', '300', '-q'];
  spawnSync('redis-benchmark', ['-s', socket, ...fill]);
}

async function postgres() {
  const bin = readdirSync('/usr/lib/postgresql', { withFileTypes: false }).sort().at(-1);
  if (bin === undefined) return skip('postgresql', 'it is not installed');
  const programs = `/usr/lib/postgresql/${bin}/bin`;
  const data = join(folder, 'pg');
  const isRoot = process.getuid?.() === 0;
  if (isRoot && lacks('setpriv'))
    return skip('postgresql', 'it does not run as root, and setpriv is not installed');
  mkdirSync(data);
  const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  if (isRoot) spawnSync('chown', ['-R', '65534:65534', data]);
  spawnSync('chmod', ['755', folder]);
  const run = (program, args) => [...as, join(programs, program), ...args];
  const made = run('initdb', ['-D', data, '-A', 'trust', '-U', 'db', '--no-sync']);
  const init = spawnSync(made[0], made.slice(1), { cwd: '/' });
  if (init.status !== 0) return skip('postgresql', `initdb: ${String(init.stderr).split('\n')[0]}`);
  const server = run('postgres', [
    '-D',
    data,
    '-k',
    data,
    '-c',
    'listen_addresses=',
    '-c',
    'shared_buffers=128MB',
  ]);
  start('postgresql', server[0], server.slice(1), { cwd: '/' });
  await until(() => existsSync(join(data, '.s.PGSQL.5432')));
  spawnSync(join(programs, 'psql'), [
    '-h',
    data,
    '-U',
    'db',
    '-d',
    'postgres',
    '-c',
    'create table t as select g, md5(g::text) from generate_series(1, 300000) g',
  ]);
}

async function jvm() {
  const why = lacks('java', ['-version']);
  if (why) return skip('jvm', why);
  const source = join(folder, 'Heap.java');
  const body =
    'byte[][] b=new byte[96][]; for(int i=0;i<96;i++){b[i]=new byte[1<<20]; for(int j=0;j<b[i].length;j+=4096*(1+i%3))b[i][j]=1;} Thread.sleep(600000);';
  writeFileSync(source, `public class Heap{public static void main(String[] a)throws Exception{${body}}}`);
  start('jvm', 'java', ['-Xms256m', '-Xmx256m', '-XX:+UseTransparentHugePages', '-XX:+UseSerialGC', source]);
}

async function until(done) {
  for (let tries = 0; tries < 100 && !done(); tries++)
    await new Promise((resolve) => setTimeout(resolve, 100));
}

/** Until resident memory stands still. */
async function settle() {
  const resident = () => pids().reduce((sum, pid) => sum + (statusOf(pid).VmRSS ?? 0), 0);
  let before = -1;
  for (let tries = 0; tries < 60; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const now = resident();
    if (tries > 5 && Math.abs(now - before) < 0.002 * now) return;
    before = now;
  }
}

function descendants(pid) {
  const below = readText(`/proc/${pid}/task/${pid}/children`).trim();
  const children = below === '' ? [] : below.split(' ').map(Number);
  return [pid, ...children.flatMap(descendants)];
}

function pids() {
  return started.flatMap(({ child }) => (child.pid === undefined ? [] : descendants(child.pid)));
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function statusOf(pid) {
  const lines = [...readText(`/proc/${pid}/status`).matchAll(/^(\w+):\s+(\d+) kB$/gm)];
  return Object.fromEntries(lines.map(([, name, kB]) => [name, Number(kB) * 1024]));
}

/** What smaps and every huge page say, process by process, with nothing sampled. */
function truthOf(pid) {
  const smaps = readText(`/proc/${pid}/smaps`);
  const sum = (field) =>
    [...smaps.matchAll(new RegExp(`^${field}: +(\\d+) kB`, 'gm'))].reduce(
      (all, [, kB]) => all + Number(kB) * 1024,
      0,
    );
  const huge = sum('AnonHugePages') + sum('ShmemPmdMapped') + sum('FilePmdMapped');
  const told = { resident: sum('Rss'), huge, emptyInHuge: 0, unmappedHeld: 0, holes: 0 };
  const seen = octavo(['inspect', String(pid), '--content', huge === 0 ? 'none' : 'all', '--json']);
  if (seen.status !== 0) return undefined;
  const [{ totals, content, geometry }] = JSON.parse(seen.stdout).processes;
  return {
    ...told,
    emptyInHuge: (content?.zeroPages ?? 0) * geometry.pageBytes,
    unmappedHeld: totals.unmappedBytes,
    holes: totals.holeBytes,
  };
}

function octavo(words) {
  return spawnSync('sh', [OCTAVO, ...words], { encoding: 'utf8', maxBuffer: 2 ** 28 });
}

function report() {
  const before = Date.now();
  const run = octavo(['survey', '--by', 'process', '--json', '--budget', values.budget]);
  const wholeMs = Date.now() - before;
  if (run.status !== 0) throw new Error(run.stderr);
  const survey = JSON.parse(run.stdout);
  console.log(octavo(['survey', '--by', 'process', '--budget', values.budget, '--rows', '12']).stdout);
  for (const line of skipped) console.log(`skipped: ${line}`);
  const own = new Set(pids());
  const { longestLock } = survey.spent;
  const count = survey.targets.reduce((sum, { processes }) => sum + processes, 0);
  console.log(
    `${count} processes on ${availableParallelism()} CPUs: survey ${survey.spent.ms} ms of ${survey.bounds.ms} ms, the command ${wholeMs} ms`,
  );
  console.log(
    `mmap_lock: ${longestLock?.us ?? 0} us at most of any process (${longestLock?.withInterruptionsUs ?? 0} us with what interrupted it), bound ${survey.bounds.lockUs} us`,
  );
  let wrong = 0;
  for (const target of survey.targets) {
    if (!target.pids.every((pid) => own.has(pid)) || target.bytes.resident < 2 ** 20) continue;
    wrong += compare(target);
  }
  return wrong === 0 ? 0 : 1;
}

/** How many figures of a target have the truth outside their bounds. Memory that moves meanwhile is allowed 3 % and 1 MiB. */
function compare(target) {
  const truths = target.pids.map(truthOf);
  if (truths.some((one) => one === undefined)) return 0;
  let wrong = 0;
  for (const figure of ['resident', 'huge', 'emptyInHuge', 'unmappedHeld', 'holes']) {
    const truth = truths.reduce((sum, one) => sum + one[figure], 0);
    const bounds = target.bounds[figure];
    // A cgroup counts each page once; RSS counts it for each process that maps it.
    const isShared = figure === 'resident' && target.countedBy === 'cgroup' && target.pids.length > 1;
    const slack = 0.03 * truth + 2 ** 20;
    const isWithin =
      bounds === null ||
      ((bounds.low ?? 0) <= truth + slack && (bounds.high === null || truth <= bounds.high + slack));
    if (!isWithin && !isShared) wrong++;
    const mib = (bytes) => (bytes === null || bytes === undefined ? '?' : (bytes / 2 ** 20).toFixed(1));
    console.log(
      [
        target.name.padEnd(16),
        figure.padEnd(12),
        `truth ${mib(truth)}`.padEnd(16),
        `said ${mib(target.bytes[figure])}`.padEnd(14),
        `between ${mib(bounds?.low)} and ${mib(bounds?.high)} MiB`.padEnd(36),
        isWithin ? 'holds' : isShared ? 'shared pages counted once' : 'WRONG',
      ].join(' '),
    );
  }
  return wrong;
}

async function endAll() {
  const all = pids().reverse();
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    for (const pid of all) {
      try {
        process.kill(pid, signal);
      } catch {
        // It has ended.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 1500));
  }
  for (const path of cgroups.reverse()) removeQuietly(path);
  if (cgroups.length > 0) removeQuietly(join(cgroups[0], '..'));
  rmSync(folder, { recursive: true, force: true });
}

function removeQuietly(path) {
  try {
    rmdirSync(path);
  } catch {
    // Something is still in it.
  }
}
