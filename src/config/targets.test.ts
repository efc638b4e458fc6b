/** Which processes a TARGET word means, on a host with one of each kind; and who is left out, with the reason. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { kernelHost } from '../../test/support/kernels.js';
import type { Host } from '../host/host.js';
import type { ManifestInput } from '../host/recording/manifest.js';
import { OctavoError } from '../vocabulary/errors.js';
import { resolveTarget, type TargetScope } from './targets.js';

const OWN = 900;
/** PF_KTHREAD of include/linux/sched.h. */
const KERNEL_THREAD = 0x00200000;

interface Made {
  readonly command: string;
  readonly cgroup?: string;
  readonly state?: string;
  readonly flags?: number;
}

const PROCESSES: Readonly<Record<number, Made>> = {
  1: { command: 'redis-server', cgroup: '/' },
  2: { command: 'kthreadd', flags: KERNEL_THREAD },
  10: { command: 'redis-server', cgroup: '/system.slice/db.service' },
  11: { command: 'backup', cgroup: '/system.slice/db.service/inner' },
  12: { command: '4711', cgroup: '/system.slice/dbx.service' },
  13: { command: 'a-very-long-nam', cgroup: '/user.slice' },
  14: { command: 'defunct', state: 'Z' },
  15: { command: 'backup', cgroup: '/user.slice' },
  [OWN]: { command: 'octavo' },
};

const MOUNT = '22 28 0:21 / /proc rw,relatime shared:5 - proc proc rw';

function hostWith(mounts = MOUNT, hidden: readonly number[] = [], privileged = false): Host {
  const tree: Record<string, string> = { '/proc/self/mountinfo': mounts };
  const files: Record<string, NonNullable<ManifestInput['files']>[string]> = {};
  const listed = ['15', '16', 'self', ...Object.keys(PROCESSES), ...hidden.map(String)];
  tree['/proc/16/stat'] = 'torn while it was read';
  files['/proc'] = { list: [...new Set(listed)] };
  for (const [pid, made] of Object.entries(PROCESSES)) {
    const { command, state = 'S', flags = 0, cgroup = '/' } = made;
    tree[`/proc/${pid}/stat`] =
      `${pid} (${command}) ${state} 1 1 1 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 ${pid} 4096 1`;
    tree[`/proc/${pid}/cgroup`] = `0::${cgroup}`;
  }
  for (const pid of hidden) files[`/proc/${pid}/stat`] = { read: 'EPERM' };
  return kernelHost({
    tree,
    manifest: {
      octavo: 'host-recording',
      version: 1,
      complete: true,
      recordedAtMs: 0,
      identity: {
        ...{ architecture: 'x64', pageBytes: 4096, blockBytes: 2 ** 21, pid: OWN, userId: 1000 },
        ...{ isPrivileged: privileged, bootId: 'boot' },
      },
      files,
    },
  });
}

const host = hostWith();

const pids = (target: string, scope?: TargetScope) =>
  resolveTarget(host, target, scope).map(({ pid }) => pid);

function failure(target: string, scope?: TargetScope, on: Host = host): OctavoError {
  try {
    resolveTarget(on, target, scope);
  } catch (problem) {
    assert.ok(problem instanceof OctavoError);
    return problem;
  }
  return assert.fail(`${target} was accepted`);
}

describe('a target', () => {
  test('is a pid, with its start, command and cgroup', () => {
    assert.deepEqual(resolveTarget(host, '10'), [
      { pid: 10, startTicks: 10, command: 'redis-server', cgroup: '/system.slice/db.service' },
    ]);
  });

  test('is a command name, of which the kernel keeps 15 bytes', () => {
    assert.deepEqual(pids('backup'), [11, 15]);
    assert.deepEqual(pids('a-very-long-name-indeed'), [13]);
    assert.deepEqual(pids('comm:4711'), [12], 'a name of digits needs comm:');
  });

  test('is a cgroup with everything below it, and nothing beside it', () => {
    assert.deepEqual(pids('cgroup:/system.slice/db.service'), [10, 11]);
    assert.deepEqual(pids('cgroup:/system.slice/db.service/'), [10, 11]);
    assert.deepEqual(pids('cgroup:/'), [10, 11, 12, 13, 15]);
  });

  test('is all of them, but for kernel threads, Octavo, the ended and process 1', () => {
    assert.deepEqual(pids('all'), [10, 11, 12, 13, 15]);
  });

  for (const word of ['', 'a/b', 'cgroup:', 'cgroup:relative', 'name:x', 'comm:', 'comm:a/b'])
    test(`\`${word}\` is none`, () => assert.equal(failure(word).code, 'TARGET_SYNTAX'));
});

describe('process 1', () => {
  test('is meant by its pid or its command: in a container it is the service', () => {
    assert.deepEqual(pids('1'), [1]);
    assert.deepEqual(pids('redis-server'), [1, 10]);
  });

  test('is among all only for looking', () => {
    assert.deepEqual(pids('all', { init: 'any' }), [1, 10, 11, 12, 13, 15]);
    assert.deepEqual(pids('cgroup:/', { init: 'any', only: ['redis-server'] }), [1, 10]);
  });

  test('is not meant where it was not named, and the reason is told when nobody else is', () => {
    const problem = failure('all', { only: ['1'] });
    assert.equal(problem.code, 'TARGET_FORBIDDEN');
    assert.match(problem.message, /process 1 \(redis-server\) is taken only when it is named/);
    assert.equal(failure('1', { init: 'never' }).code, 'TARGET_FORBIDDEN');
  });
});

describe('what is no target', () => {
  const rows = [
    ['2', 'TARGET_FORBIDDEN', /kernel thread/, 8],
    ['kthreadd', 'TARGET_FORBIDDEN', /kernel thread/, 8],
    [String(OWN), 'TARGET_FORBIDDEN', /Octavo itself/, 8],
    ['14', 'TARGET_GONE', /process 14 has ended/, 4],
    ['16', 'TARGET_NOT_FOUND', /no process matches `16`/, 4],
    ['99', 'TARGET_NOT_FOUND', /no process matches `99`/, 4],
    ['nginx', 'TARGET_NOT_FOUND', /no process matches `nginx`/, 4],
    ['cgroup:/nowhere', 'TARGET_NOT_FOUND', /no process matches/, 4],
  ] as const;
  for (const [target, code, says, exit] of rows) {
    test(`${target}: ${code}`, () => {
      const problem = failure(target);
      assert.equal(problem.code, code);
      assert.equal(problem.exitCode, exit);
      assert.match(problem.message, says);
    });
  }
});

describe('--deny and --only', () => {
  test('leave out of a group what they say', () => {
    assert.deepEqual(pids('all', { deny: ['backup'] }), [10, 12, 13]);
    assert.deepEqual(pids('all', { deny: ['cgroup:/system.slice'] }), [13, 15]);
    assert.deepEqual(pids('all', { only: ['backup', 'cgroup:/user.slice'] }), [11, 13, 15]);
    assert.deepEqual(pids('all', { only: ['backup'], deny: ['cgroup:/user.slice'] }), [11]);
    assert.deepEqual(pids('backup', { deny: ['15'] }), [11], 'by pid');
    assert.deepEqual(pids('all', { deny: ['4711'] }), [10, 11, 13, 15], 'a number is a command as well');
    assert.deepEqual(pids('all', { only: ['comm:4711'] }), [12]);
    assert.deepEqual(pids('all', { deny: ['a-very-long-name-indeed'] }), [10, 11, 12, 15]);
  });

  test('bind a pid as well: a denied process is not touched because it was named', () => {
    const denied = failure('10', { deny: ['redis-server'] });
    assert.equal(denied.code, 'TARGET_FORBIDDEN');
    assert.match(denied.message, /`redis-server` is on the deny list/);
    assert.equal(failure('10', { deny: ['cgroup:/system.slice/db.service'] }).code, 'TARGET_FORBIDDEN');
    assert.equal(failure('10', { deny: ['10'] }).code, 'TARGET_FORBIDDEN');
    assert.match(failure('10', { only: ['backup'] }).message, /not on the list given by --only/);
    assert.deepEqual(pids('10', { only: ['redis-server'], deny: ['backup'] }), [10]);
    assert.deepEqual(pids('10', { only: [] }), [10], 'an empty list allows everything');
  });

  test('say why when they leave nobody, but not that Octavo itself is never meant', () => {
    assert.match(failure('all', { only: ['backup'], deny: ['backup'] }).message, /deny list|only/);
    const alone = hostWith(`${MOUNT},hidepid=2`);
    const others = ['10', '11', '12', '13', '15', '1'];
    assert.match(failure('all', { deny: others, init: 'any' }, alone).message, /deny list/);
    assert.equal(failure('cgroup:/none', {}, alone).code, 'TARGET_UNSEEN');
    assert.match(failure('backup', { deny: ['backup'] }).message, /deny list/);
  });

  test('refuse a pattern that protects nothing', () => {
    for (const pattern of ['cgroup:db.service', 'a/b', 'cgroup:', 'x:y']) {
      assert.equal(failure('10', { deny: [pattern] }).code, 'TARGET_SYNTAX');
      assert.equal(failure('10', { only: [pattern] }).code, 'TARGET_SYNTAX');
    }
  });
});

describe('with hidepid', () => {
  test('=noaccess, a refused pid is PERMISSION, and so is a name that may be behind it', () => {
    const hiding = hostWith(MOUNT, [20, 21]);
    for (const target of ['20', 'nginx', 'cgroup:/nowhere']) {
      const problem = failure(target, {}, hiding);
      assert.equal(problem.code, 'PERMISSION');
      assert.match(problem.message, /read \/proc\/20\/stat.* \(EPERM\)/);
    }
    assert.equal(failure('99', {}, hiding).code, 'TARGET_NOT_FOUND', 'that pid is not listed at all');
    assert.equal(resolveTarget(hiding, 'backup').length, 2, 'what is seen is found all the same');
  });

  for (const option of ['hidepid=invisible', 'hidepid=2', 'hidepid=ptraceable']) {
    test(`${option}, who is not seen may be there`, () => {
      const hiding = hostWith(`${MOUNT},gid=4,${option}`);
      for (const target of ['99', 'nginx']) {
        const problem = failure(target, {}, hiding);
        assert.equal(problem.code, 'TARGET_UNSEEN');
        assert.equal(problem.exitCode, 5);
        assert.match(problem.message, new RegExp(option));
      }
      const root = hostWith(`${MOUNT},${option}`, [], true);
      assert.equal(failure('99', {}, root).code, 'TARGET_NOT_FOUND', 'root sees everybody');
    });
  }

  test('=off and =noaccess hide nobody from the list', () => {
    for (const option of ['hidepid=off', 'hidepid=1'])
      assert.equal(failure('99', {}, hostWith(`${MOUNT},${option}`)).code, 'TARGET_NOT_FOUND');
  });
});
