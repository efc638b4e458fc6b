import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writtenHost } from '../../test/written-host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { resolveTarget, type TargetScope } from './targets.js';

const OWN = 4242;

/** pid, command, parent, start, state, cgroup */
type Drawn = readonly [pid: number, command: string, cgroup?: string, parent?: number, state?: string];

const DRAWN: readonly Drawn[] = [
  [1, 'systemd', '/init.scope', 0],
  [2, 'kthreadd', '/', 0],
  [50, 'kworker/0:1', '/', 2],
  [100, 'redis-server', '/db.slice/redis'],
  [101, 'redis-server', '/db.slice/redis2'],
  [102, 'postgres', '/db.slice'],
  [103, 'averylongcomman', '/web.slice'],
  [104, 'zombie', '/db.slice', 1, 'Z'],
  [105, 'dead', '/db.slice', 1, 'X'],
  [OWN, 'node', '/db.slice'],
];

function world(drawn = DRAWN) {
  const files: Record<string, string> = {};
  for (const [pid, command, cgroup = '/', parent = 1, state = 'S'] of drawn) {
    const fields = [
      state,
      String(parent),
      ...Array<string>(17).fill('0'),
      String(pid * 10),
      ...Array<string>(20).fill('0'),
    ];
    files[`/proc/${pid}/stat`] = `${pid} (${command}) ${fields.join(' ')}\n`;
    files[`/proc/${pid}/cgroup`] = `0::${cgroup}\n`;
  }
  return writtenHost(files, OWN);
}

const pids = (target: string, scope?: TargetScope) =>
  resolveTarget(world().host, target, scope).map(({ pid }) => pid);

function refused(target: string, scope: TargetScope, code: string, says: RegExp) {
  assert.throws(
    () => pids(target, scope),
    (problem: unknown) =>
      problem instanceof OctavoError && problem.code === code && says.test(problem.message),
  );
}

test('a target is a pid, a name, a cgroup with all below it, or all; never init, kernel threads, ourselves or the dead', () => {
  assert.deepEqual(pids('102'), [102]);
  assert.deepEqual(pids('redis-server'), [100, 101]);
  assert.deepEqual(pids('comm:postgres'), [102]);
  assert.deepEqual(pids('averylongcommandname'), [103]);
  assert.deepEqual(pids('cgroup:/db.slice'), [100, 101, 102]);
  assert.deepEqual(pids('cgroup:/db.slice/'), [100, 101, 102]);
  assert.deepEqual(pids('cgroup:/db.slice/redis'), [100]);
  assert.deepEqual(pids('all'), [100, 101, 102, 103]);
  assert.deepEqual(pids('cgroup:/'), [100, 101, 102, 103]);
});

test('who a process is comes with it', () => {
  assert.deepEqual(resolveTarget(world().host, '100'), [
    { pid: 100, startTicks: 1000, command: 'redis-server', cgroup: '/db.slice/redis' },
  ]);
});

test('--deny and --only bind a pid as they bind a name', () => {
  refused('100', { deny: ['redis-server'] }, 'TARGET_FORBIDDEN', /`redis-server` is on the deny list/);
  refused(
    '100',
    { deny: ['cgroup:/db.slice'] },
    'TARGET_FORBIDDEN',
    /`cgroup:\/db.slice` is on the deny list/,
  );
  refused('103', { deny: ['averylongcommandname'] }, 'TARGET_FORBIDDEN', /deny list/);
  refused('100', { only: ['postgres'] }, 'TARGET_FORBIDDEN', /not on the list given by --only/);
  refused('100', { only: ['cgroup:/web.slice'] }, 'TARGET_FORBIDDEN', /--only/);
  assert.deepEqual(pids('100', { deny: ['postgres', 'cgroup:/db.slice/redis2'] }), [100]);
  assert.deepEqual(pids('100', { only: ['postgres', 'redis-server'] }), [100]);
  assert.deepEqual(pids('100', { only: ['cgroup:/db.slice'] }), [100]);
  assert.deepEqual(pids('100', { only: [], deny: [] }), [100]);
  refused('100', { only: ['redis-server'], deny: ['redis-server'] }, 'TARGET_FORBIDDEN', /deny list/);
});

test('--deny and --only leave processes out of a name, a cgroup and all', () => {
  assert.deepEqual(pids('all', { deny: ['redis-server'] }), [102, 103]);
  assert.deepEqual(pids('all', { only: ['cgroup:/db.slice'] }), [100, 101, 102]);
  assert.deepEqual(
    pids('cgroup:/db.slice', { only: ['redis-server'], deny: ['cgroup:/db.slice/redis2'] }),
    [100],
  );
  refused('redis-server', { deny: ['redis-server'] }, 'TARGET_NOT_FOUND', /redis-server/);
});

test('what is never a target is refused by pid with its reason, and nothing is found under names that nobody has', () => {
  refused('50', {}, 'TARGET_FORBIDDEN', /kernel thread/);
  refused(String(OWN), {}, 'TARGET_FORBIDDEN', /Octavo itself/);
  for (const target of ['999', '104', '105', 'nobody', 'systemd'])
    refused(target, {}, 'TARGET_NOT_FOUND', /no process matches/);
  for (const target of ['', 'comm:', 'a/b', 'user:7'])
    refused(target, {}, 'TARGET_SYNTAX', /names no target/);
});

test('a host whose /proc cannot be listed says so', () => {
  const { host } = writtenHost({});
  assert.throws(
    () => resolveTarget(host, 'all'),
    (problem: unknown) =>
      problem instanceof OctavoError && ['FILE_UNREADABLE', 'TARGET_NOT_FOUND'].includes(problem.code),
  );
});
