/**
 * Every looking command on every kind of process, as root and as an ordinary user: the exit code and the code of the
 * failure. The table is printed, so that a reader sees what a user gets. Nothing here acts or writes to DAMON: what
 * could is asked with --dry-run, or as a user who may not.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { MAIN } from './octavo.js';

const NOBODY = 65534;
const PF_KTHREAD = 0x00200000;
/** Above every pid that the kernel gives: PID_MAX_LIMIT is 4194304. */
const NO_PID = '4194303';
const AS_NOBODY = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--inh-caps=-all'];
const CONTAINER = ['--pid', '--mount', '--fork', '--mount-proc'];

const isRoot = process.getuid?.() === 0;
const setpriv = spawnSync('setpriv', ['--version']).error === undefined;

type User = 'root' | 'user';
type Kind = 'own' | 'other’s' | 'none' | 'ended' | 'kernel thread' | 'pid 1' | 'name';

/** Commands with TARGET where it belongs; those that need DAMON’s files end with 5 for an ordinary user. */
const COMMANDS: readonly (readonly [line: string, users: readonly User[], needsDamon: boolean])[] = [
  ['inspect TARGET --content none', ['root', 'user'], false],
  ['inspect TARGET --explain 0x1000', ['root', 'user'], false],
  ['plan TARGET --source smaps', ['root', 'user'], false],
  ['run TARGET --source smaps --dry-run', ['root', 'user'], false],
  ['damon act TARGET --action stat --range 0x200000 --dry-run', ['user'], true],
  ['damon heatmap TARGET --for 100ms', ['user'], true],
];

/** Exit code and failure code of a looking command. 0x1000 is mapped in no ordinary process. */
function expected(line: string, user: User, kind: Kind, damon: boolean): string {
  const missing: Partial<Record<Kind, string>> = {
    none: '4 TARGET_NOT_FOUND',
    ended: '4 TARGET_GONE',
    'kernel thread': '8 TARGET_FORBIDDEN',
  };
  const foreign = kind === 'other’s' || kind === 'pid 1' || kind === 'name';
  const refused = missing[kind];
  if (refused !== undefined) return refused;
  const hidden = kind === 'pid 1' && !maySee('/proc/1/smaps');
  if (damon || hidden || (user === 'user' && foreign)) return '5 PERMISSION';
  return line.includes('--explain') ? '3 ADDRESS_UNMAPPED' : '0';
}

const started: ChildProcess[] = [];
let folder = '';
const targets: Record<User, Partial<Record<Kind, string>>> = { root: {}, user: {} };

describe('who gets which answer', { skip: skipReason() }, () => {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'octavo-users-'));
    chmodSync(folder, 0o777);
    const named = join(folder, 'octavo-foreign');
    copyFileSync('/bin/sleep', named);
    chmodSync(named, 0o755);
    const [own, other, foreign] = [
      start(['sleep', '600'], NOBODY),
      start(['sleep', '600'], 0),
      start([named, '600'], 0),
    ];
    const ended = await zombie();
    const shared = { none: NO_PID, ended, 'pid 1': '1', ...kernelThread() };
    targets.user = { own, 'other’s': other, name: 'octavo-foreign', ...shared };
    targets.root = { own: other, 'other’s': own, name: foreign === '' ? '' : 'octavo-foreign', ...shared };
  });

  after(() => {
    for (const child of started) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test('for every command, user and kind of process', { timeout: 300_000 }, (context) => {
    const wrong: string[] = [];
    for (const [line, users, damon] of COMMANDS) {
      for (const user of users) {
        const cells = (Object.entries(targets[user]) as [Kind, string][]).map(([kind, target]) => {
          const got = answer(user, line.replace('TARGET', target));
          const want = expected(line, user, kind, damon);
          if (got !== want) wrong.push(`${user}: ${line} on ${kind} (${target}): ${got}, not ${want}`);
          return `${kind}: ${got}`;
        });
        context.diagnostic(`${user}: octavo ${line} | ${cells.join(' | ')}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test('a live process is never said to have ended, also among others', () => {
    const { text } = run('user', ['plan', 'octavo-foreign']);
    assert.match(text, /PERMISSION: not permitted: read \/proc\/\d+\/smaps/);
    assert.doesNotMatch(text, /has ended/);
    const all = run('user', ['inspect', 'all', '--content', 'none']);
    assert.equal(all.code, 0);
    assert.match(all.text, /processes? left out: not permitted/);
    assert.equal(all.text.match(/not permitted/g)?.length, 1, 'told once, not for each');
  });

  test('pid 1 that is the service of a container: named, never among all', { skip: noNamespaces() }, () => {
    const [byPid, byName, all, look] = inContainer([
      'plan 1 --source smaps',
      'plan sh --source smaps',
      'plan all --source smaps',
      'inspect all --content none',
    ]);
    assert.match(byPid, /^0 .* for 1 \(sh\)/);
    assert.match(byName, /^0 .* for 1 \(sh\)/);
    assert.match(all, /^8 octavo: TARGET_FORBIDDEN: .*process 1 \(sh\) is taken only when it is named/);
    assert.match(look, /^0 Process 1 \(sh\)/);
  });

  for (const [option, code] of [
    ['1', 'PERMISSION'],
    ['2', 'TARGET_UNSEEN'],
  ] as const) {
    test(`/proc mounted with hidepid=${option}: ${code}, never “ended”`, { skip: noNamespaces() }, () => {
      const lines = ['inspect 1', 'plan 1', 'plan sleep', 'plan all'];
      for (const told of inContainer(lines, option)) assert.match(told, new RegExp(`^5 octavo: ${code}: `));
    });
  }

  test('plan all as an ordinary user plans its own and says how many were left out', () => {
    const { code, text } = run('user', ['plan', 'all', '--source', 'smaps']);
    assert.equal(code, 0);
    assert.match(text, /note: \d+ process(es were| was) left out: not permitted/);
  });

  test('DAMON’s files that this user may not open are 5, not 6', () => {
    if (!readable('/sys/kernel/mm/damon/admin/kdamonds')) return;
    for (const words of [
      ['damon', 'status'],
      ['damon', 'show'],
      ['damon', 'status', '--recover'],
    ]) {
      const { code, text } = run('user', words);
      assert.equal(code, 5, text);
      assert.match(text, /PERMISSION/);
    }
  });
});

function skipReason(): string | false {
  if (!isRoot) return 'needs root, to be two users';
  if (!setpriv) return 'setpriv (util-linux) is not installed';
  const asNobody = spawnSync('setpriv', [...AS_NOBODY, process.execPath, MAIN, '--version']);
  return asNobody.status === 0 ? false : 'an ordinary user may not read this checkout';
}

function noNamespaces(): string | false {
  const tried = spawnSync('unshare', [...CONTAINER, 'true']);
  return tried.status === 0 ? false : 'needs unshare (util-linux) and the right to make namespaces';
}

/** Runs command lines below a shell that is process 1; as an ordinary user where /proc hides others. */
function inContainer(lines: readonly string[], hidepid?: string): readonly string[] {
  const octavo = `${process.execPath} ${MAIN}`;
  const user = hidepid === undefined ? '' : `setpriv ${AS_NOBODY.join(' ')} `;
  const script = [
    ...(hidepid === undefined ? [] : [`mount -o remount,hidepid=${hidepid} /proc || exit 9`, 'sleep 60 &']),
    ...lines.map((line) => `text=$(${user}${octavo} ${line} 2>&1); echo "@@@$? $text"`),
    ...(hidepid === undefined ? [] : ['kill %1 2>/dev/null || kill $!']),
  ].join('\n');
  const env = { ...process.env, OCTAVO_STATE: join(folder, 'container'), HOME: folder };
  const { stdout, stderr } = spawnSync('unshare', [...CONTAINER, 'sh', '-c', script], {
    encoding: 'utf8',
    env,
  });
  const told = stdout.split('@@@').slice(1);
  assert.equal(told.length, lines.length, stderr);
  return told;
}

function start([file, ...words]: readonly string[], uid: number): string {
  const child = spawn(file, words, { uid, gid: uid, stdio: 'ignore' });
  started.push(child);
  return String(child.pid);
}

/** A child that ended and that nobody waits for: the shell became sleep, which does not. */
async function zombie(): Promise<string> {
  const child = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  started.push(child);
  const pid = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (chunk: Buffer) => resolve(String(chunk).trim())),
  );
  for (let tries = 0; tries < 100; tries++) {
    if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return pid;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the child did not become a zombie');
}

/** A container has none. */
function kernelThread(): { 'kernel thread'?: string } {
  const found = readdirSync('/proc').find((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8')
        .replace(/^.*\) /s, '')
        .split(' ');
      return (Number(fields[6]) & PF_KTHREAD) !== 0;
    } catch {
      return false;
    }
  });
  return found === undefined ? {} : { 'kernel thread': found };
}

/** Root of a container or a sandbox may not see everybody either. */
function maySee(path: string): boolean {
  try {
    return readFileSync(path).length >= 0;
  } catch {
    return false;
  }
}

function readable(path: string): boolean {
  try {
    return readdirSync(path).length > 0;
  } catch {
    return false;
  }
}

function run(user: User, words: readonly string[]): { readonly code: number | null; readonly text: string } {
  const line = [process.execPath, MAIN, ...words];
  const [file, ...rest] = user === 'root' ? line : ['setpriv', ...AS_NOBODY, ...line];
  const env = { ...process.env, OCTAVO_STATE: join(folder, user), HOME: folder };
  const { status, stdout, stderr } = spawnSync(file, rest, { encoding: 'utf8', env, cwd: folder });
  return { code: status, text: stdout + stderr };
}

/** `5 PERMISSION` */
function answer(user: User, line: string): string {
  const { code, text } = run(user, line.split(' '));
  const failed = /^octavo: ([A-Z_]+): /m.exec(text)?.[1];
  return failed === undefined ? String(code) : `${code} ${failed}`;
}
