/** What this very process shows of itself: its memory, its handle, its niceness, and what it would hand on by execve. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Callers } from './callers.js';
import { hurryThreads, ownThreads } from './hurry.js';
import { linuxHost } from './linux-host.js';
import { Native } from './native.js';
import { openProcessMemory } from './process-memory.js';

const host = linuxHost();
const { pageBytes } = host.identity.geometry;

/** Pages of this program's own text: present, and the same all the time. */
function ownText(): { start: number; end: number } {
  const lines = readFileSync('/proc/self/maps', 'latin1')
    .split('\n')
    .filter((line) => line.includes(' r-xp '));
  const pages = lines.map((line) => {
    const [start, end] = line
      .split(' ')[0]
      .split('-')
      .map((address) => Number(BigInt(`0x${address}`) / BigInt(pageBytes)));
    return { start, end };
  });
  return pages.reduce((most, one) => (one.end - one.start > most.end - most.start ? one : most));
}

function direct(page: number, bytes: number): Buffer {
  const memory = openSync('/proc/self/mem', 'r');
  const into = Buffer.alloc(bytes);
  readSync(memory, into, 0, bytes, BigInt(page) * BigInt(pageBytes));
  closeSync(memory);
  return into;
}

test('memory of a process is read page by page up to the first that is not there', () => {
  const opened = openProcessMemory(process.pid, pageBytes);
  assert.ok(opened.ok);
  const memory = opened.value;
  const { start, end } = ownText();
  const expected = direct(start, 3 * pageBytes);
  const into = Buffer.alloc(3 * pageBytes);
  assert.deepEqual(memory.read({ start, end: start + 3 }, into), { ok: true, value: 3 * pageBytes });
  assert.ok(into.equals(expected));
  const short = Buffer.alloc(2 * pageBytes);
  assert.deepEqual(
    memory.read({ start, end: start + 3 }, short),
    { ok: true, value: 2 * pageBytes },
    'as much as there is room for',
  );
  assert.deepEqual(
    memory.read({ start: 0, end: 2 }, into),
    { ok: true, value: 0 },
    'nothing is mapped there',
  );
  assert.deepEqual(memory.read({ start, end: start }, into), { ok: true, value: 0 });
  if (end - start > 520) {
    direct(start, 520 * pageBytes);
    const many = Buffer.alloc(520 * pageBytes);
    const read = memory.read({ start, end: start + 520 }, many);
    assert.ok(
      read.ok &&
        read.value % pageBytes === 0 &&
        many.subarray(0, read.value).equals(direct(start, read.value)),
    );
  }
  memory.close();
  const closed = memory.read({ start, end: start + 1 }, into);
  assert.deepEqual(closed, { ok: false, error: { errno: 'EBADF', call: `read /proc/${process.pid}/mem` } });
});

test('memory of a process that is not there is refused, with nothing left open', () => {
  const before = readdirSync('/proc/self/fd').length;
  assert.deepEqual(openProcessMemory(2 ** 22 + 1, 4096), {
    ok: false,
    error: { errno: 'ENOENT', call: `open /proc/${2 ** 22 + 1}/mem` },
  });
  assert.equal(readdirSync('/proc/self/fd').length, before);
});

test('a handle knows its process until it has ended or the handle was closed', async (context) => {
  const child = spawn('sleep', ['60']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const opened = host.calls.openProcess(child.pid as number);
  if (!opened.ok) return context.skip(`pidfd_open: ${opened.error.errno}`);
  const handle = opened.value;
  assert.equal(handle.isAlive(), true);
  child.kill('SIGKILL');
  await ended;
  assert.equal(handle.isAlive(), false);
  handle.close();
  handle.close();
  assert.equal(handle.isAlive(), false);
});

test('threads are raised while locks are held, and put back', (context) => {
  const threads = readdirSync('/proc/self/task').map(Number);
  const before = threads.map((thread) => getPriority(thread));
  const putBack = hurryThreads(ownThreads());
  const during = threads.map((thread) => getPriority(thread));
  putBack();
  assert.deepEqual(
    threads.map((thread) => getPriority(thread)),
    before,
  );
  if (process.geteuid?.() !== 0) return context.skip('raising threads needs CAP_SYS_NICE');
  assert.ok(
    during.every((nice) => nice <= -15),
    `${during}`,
  );
});

/** Scheduling policy of a thread: 0 usual, 1 SCHED_FIFO (field 41 of its stat). */
function policyOf(thread: number): number {
  const stat = readFileSync(`/proc/self/task/${thread}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38]);
}

test('threads that carry out calls, and no others, hurry while locks are held', async (context) => {
  const architecture = process.arch;
  if (architecture !== 'x64' && architecture !== 'arm64') return context.skip('no calls here');
  const states = () =>
    ownThreads().map((thread) => ({ thread, policy: policyOf(thread), nice: getPriority(thread) }));
  const usual = getPriority(process.pid);
  for (const [blockBytes, policy] of [
    [2 ** 21, 1],
    [2 ** 29, 0],
  ]) {
    const callers = new Callers(new Native(architecture), blockBytes);
    for (let turn = 0; turn < 2; turn++) {
      const putBack = await callers.hurry();
      const during = states();
      putBack();
      for (const after of states()) assert.deepEqual([after.policy, after.nice], [0, usual]);
      const raised = during.filter((one) => one.policy === 1 || one.nice <= -15);
      if (raised.length === 0) return context.skip('hurrying needs CAP_SYS_NICE');
      assert.ok(
        raised.every(({ thread }) => thread !== process.pid),
        'the thread that decides is none of them',
      );
      const isReal = raised.some((one) => one.policy === 1);
      if (policy === 0) assert.equal(isReal, false, 'long calls would keep a CPU from others');
      else if (!isReal) context.diagnostic('SCHED_FIFO is refused here');
    }
  }
});

/** Policies of all threads of a process that has prepared so: before, in and after a hurry. */
function hurried(prepare: string): { before: number[]; during: number[]; after: number[] } {
  const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const text = `
    const { Callers } = await import(${module('./callers.js')});
    const { Native } = await import(${module('./native.js')});
    const { ownThreads } = await import(${module('./hurry.js')});
    const { default: koffi } = await import('koffi');
    const native = new Native(process.arch);
    await native.callAsync('gettid');
    const setLimit = (limit, most) => {
      if (koffi.load(null).func('setrlimit', 'int', ['int', 'uint64_t *'])(limit, [most, most]) !== 0) throw new Error('setrlimit');
    };
    const policies = () => ownThreads().map((thread) => native.call('sched_getscheduler', thread).value & 0xff);
    ${prepare}
    const told = { before: policies() };
    const putBack = await new Callers(native, 2 ** 21).hurry();
    told.during = policies();
    putBack();
    told.after = policies();
    console.log(JSON.stringify(told));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

const isTimeUnbounded = /^Max realtime timeout\s+unlimited/m.test(
  readFileSync('/proc/self/limits', 'latin1'),
);
const canBeRealTime = () =>
  ['x64', 'arm64'].includes(process.arch) && process.geteuid?.() === 0 && hurried('').during.includes(1);

test('threads get back the policy that they had, and those that are real-time on purpose stay so', (context) => {
  if (!canBeRealTime()) return context.skip('SCHED_FIFO is refused here');
  const policy = (number: number, priority: number) => `
    const { address, bytes } = native.arena(4);
    bytes[0] = ${priority};
    for (const thread of ownThreads()) native.call('sched_setscheduler', thread, ${number}, address);`;
  const batch = hurried(policy(3, 0));
  assert.ok(batch.before.includes(3) && batch.during.includes(1));
  assert.deepEqual([batch.after.includes(1), batch.after], [false, batch.before]);
  const roundRobin = hurried(policy(2, 5));
  assert.ok(roundRobin.before.includes(2));
  assert.ok(!roundRobin.during.includes(1), `${roundRobin.during}`);
});

test('threads are put back also where the kernel leaves nobody a flag to clear (without CAP_SYS_NICE)', async () => {
  const RESET_ON_FORK = 0x4000_0000;
  let policy = 0;
  const call = (name: string, _thread: number, wanted = 0) => {
    if (name === 'sched_getscheduler') return { value: policy, errno: undefined };
    const isRefused = (policy & RESET_ON_FORK) !== 0 && (wanted & RESET_ON_FORK) === 0;
    if (!isRefused) policy = wanted;
    return { value: isRefused ? -1 : 0, errno: isRefused ? 'EPERM' : undefined };
  };
  const native = {
    call,
    callAsync: async () => ({ value: 2 ** 22, errno: undefined }),
    arena: () => ({ address: 0n, bytes: new Uint8Array(8) }),
  };
  const callers = new Callers(native as unknown as Native, 2 ** 21);
  for (let again = 0; again < 2; again++) {
    const putBack = await callers.hurry();
    if (isTimeUnbounded) assert.equal(policy, 1 | RESET_ON_FORK);
    putBack();
    assert.equal(policy & 0xff, 0);
  }
});

test('threads are not real-time where the kernel would end them for the CPU time they take', (context) => {
  if (!canBeRealTime()) return context.skip('SCHED_FIFO is refused here');
  const RLIMIT_RTTIME = 15;
  assert.ok(!hurried(`setLimit(${RLIMIT_RTTIME}, 1_000_000);`).during.includes(1));
});

interface HandedOn {
  readonly ignored: string;
  readonly blocked: string;
  readonly limit: string;
  readonly flags: readonly string[];
  readonly refusal: { readonly errno: string; readonly call: string };
}

/** What a process has become just before an execve that the kernel refuses. */
function handedOn(ignored: bigint, blocked: bigint, openFiles: bigint | undefined): HandedOn {
  const become = new URL('./become.js', import.meta.url).href;
  const limit = openFiles === undefined ? 'undefined' : `${openFiles}n`;
  const text = `
    const { becomeProgram } = await import(${JSON.stringify(become)});
    const { openSync, readFileSync } = await import('node:fs');
    const files = [openSync('/dev/null', 'r'), openSync('/dev/null', 'r')];
    const refusal = becomeProgram('/no/such/program', ['x'], { ignored: ${ignored}n, blocked: ${blocked}n, openFiles: ${limit}, files: files.slice(0, 1) });
    const status = readFileSync('/proc/self/status', 'latin1');
    const row = (name) => new RegExp('^' + name + ':\\\\s*(\\\\S+)', 'm').exec(status)[1];
    const flags = files.map((file) => /flags:\\s*(\\d+)/.exec(readFileSync('/proc/self/fdinfo/' + file, 'latin1'))[1]);
    const [, soft] = /Max open files\\s+(\\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'));
    console.log(JSON.stringify({ refusal, ignored: row('SigIgn'), blocked: row('SigBlk'), limit: soft, flags }));`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', text], { encoding: 'utf8' });
  assert.equal(child.status, 0, child.stderr);
  return JSON.parse(child.stdout);
}

const bit = (signal: number) => 1n << BigInt(signal - 1);
const SIGPIPE = bit(13);
/** 32 and 33 are the C library's own. */
const OURS = ~(bit(9) | bit(19) | bit(32) | bit(33));

test('a program would start with the signals, mask, files and limit of before Node', () => {
  const ignored = bit(1) | bit(2) | bit(64);
  const plain = handedOn(ignored, bit(10) | bit(14), 333n);
  assert.deepEqual(plain.refusal, { errno: 'ENOENT', call: 'execve /no/such/program' });
  assert.equal(
    BigInt(`0x${plain.ignored}`) & OURS,
    ignored | SIGPIPE,
    'but for SIGPIPE, which this process goes on to ignore',
  );
  assert.equal(BigInt(`0x${plain.blocked}`), bit(10) | bit(14));
  assert.equal(plain.limit, '333');
  const closedOnExec = plain.flags.map((flags) => (Number.parseInt(flags, 8) & 0o2000000) !== 0);
  assert.deepEqual(closedOnExec, [false, true], 'inherited files stay, those of Node do not');
});

test('a limit beyond the hard one is the hard one, and an unknown one is left as it is', () => {
  const hard = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  assert.equal(handedOn(0n, 0n, 2n ** 64n - 1n).limit, hard);
  assert.equal(handedOn(0n, 0n, undefined).limit, hard, 'Node has raised it');
});

test('a process can be ended at once, with its code', () => {
  const end = new URL('./end-process.js', import.meta.url).href;
  for (const code of [0, 7, 130]) {
    const text = `const { endProcess } = await import(${JSON.stringify(end)}); setInterval(() => {}, 1000); endProcess(${code});`;
    assert.equal(spawnSync(process.execPath, ['--input-type=module', '-e', text]).status, code);
  }
});

test('the tests run the built program', () => {
  assert.ok(statSync(fileURLToPath(new URL('./become.js', import.meta.url))).isFile());
});
