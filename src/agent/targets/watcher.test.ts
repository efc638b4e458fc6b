/** Who is there: what a look costs, whom it finds, and what it makes of pids that go to others. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import type { Host } from '../../host/host.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import { loadConfiguration } from '../configuration/read.js';
import { Roster } from './roster.js';
import { Watcher } from './watcher.js';

/** /proc with processes that come and go, and a count of the files that are read. */
class Processes {
  readonly host: Host;
  readonly alive = new Map<
    number,
    { command: string; group: string; start?: number; state?: string; flags?: number }
  >();
  reads = 0;
  refused: ErrnoName | undefined;

  constructor() {
    const base = new ScriptedHost([]);
    const files = {
      ...base.files,
      list: (path: string) =>
        path !== '/proc' || this.refused === undefined
          ? {
              ok: true as const,
              value: path === '/proc' ? [...this.alive.keys()].map(String).concat('self', 'meminfo') : [],
            }
          : { ok: false as const, error: { errno: this.refused, call: 'list /proc' } },
      readText: (path: string) => this.#read(path),
      link: (path: string) => ({ ok: false as const, error: { errno: 'EACCES' as const, call: path } }),
    };
    this.host = {
      ...base,
      files,
      identity: base.identity,
      clock: base.clock,
      calls: base.calls,
      random: base.random,
    } as Host;
  }

  #read(path: string) {
    this.reads++;
    const [, pid, name] = /^\/proc\/(\d+)\/(stat|cgroup)$/.exec(path) ?? [];
    const one = this.alive.get(Number(pid));
    if (one === undefined || (name === 'cgroup' && one.group === ''))
      return { ok: false as const, error: { errno: 'ENOENT' as const, call: `open ${path}` } };
    const { command, group, start = 5, state = 'S', flags = 0 } = one;
    const value =
      name === 'cgroup'
        ? `0::${group}\n`
        : `${pid} (${command}) ${state} 1 1 1 0 -1 ${flags} 0 0 0 0 0 0 0 0 20 0 1 0 ${start} 0 0`;
    return { ok: true as const, value };
  }

  add(pid: number, command: string, group = `/system.slice/${command}.service`, more = {}): this {
    this.alive.set(pid, { command, group, ...more });
    return this;
  }
}

const pids = (list: readonly { readonly pid: number }[]) => list.map(({ pid }) => pid);

describe('a look', () => {
  test('takes everybody at first, and later those that it sees twice', () => {
    const processes = new Processes().add(10, 'redis').add(11, 'web');
    const watcher = new Watcher(processes.host);
    assert.deepEqual(pids(watcher.look().came), [10, 11]);
    processes.add(12, 'late');
    assert.deepEqual(watcher.look().came, []);
    assert.deepEqual(pids(watcher.look().came), [12]);
    processes.alive.delete(10);
    const { came, went } = watcher.look();
    assert.deepEqual([came, pids(went)], [[], [10]]);
    assert.deepEqual([watcher.counts.listed, watcher.counts.known], [2, 2]);
  });

  test('knows what a process belongs to, and leaves out kernel threads, the dead, and Octavo itself', () => {
    const processes = new Processes().add(10, 'redis').add(11, 'kswapd0', '/', { flags: 0x200000 });
    processes
      .add(12, 'zombie', '/', { state: 'Z' })
      .add(processes.host.identity.pid, 'octavo')
      .add(13, 'hidden', '');
    const watcher = new Watcher(processes.host);
    const [redis, hidden] = watcher.look().came;
    assert.deepEqual(
      [redis.names.unit, redis.names.cgroup, redis.names.command],
      [['redis.service'], ['/system.slice/redis.service'], ['redis']],
    );
    assert.deepEqual([hidden.pid, hidden.cgroup, hidden.names.cgroup, hidden.names.unit], [13, '/', [], []]);
    assert.equal(watcher.counts.groupless, 1);
  });

  test('costs nothing for processes that live for less than one, however many are forked', () => {
    const processes = new Processes().add(10, 'forker');
    const watcher = new Watcher(processes.host);
    watcher.look();
    const before = processes.reads;
    for (let look = 0; look < 10; look++) {
      for (let pid = 1000; pid < 3000; pid++) processes.alive.delete(pid + (look - 1) * 2000);
      for (let pid = 1000; pid < 3000; pid++) processes.add(pid + look * 2000, 'child');
      assert.deepEqual(watcher.look().came, []);
    }
    // Only the one that stays is read again, now and then.
    assert.ok(processes.reads - before <= 10 * 2, `${processes.reads - before} reads`);
  });

  test('of 5,000 new processes reads a part at once, and tells how many wait', () => {
    const processes = new Processes();
    const watcher = new Watcher(processes.host);
    watcher.look();
    for (let pid = 10_001; pid <= 15_100; pid++) processes.add(pid, 'one');
    watcher.look();
    assert.equal(watcher.look().came.length, 2500);
    assert.equal(watcher.counts.waiting, 2600);
    assert.equal(watcher.look().came.length, 2500);
    assert.equal(watcher.look().came.length, 100);
    assert.equal(watcher.counts.waiting, 0);
  });

  test('takes nobody for gone when /proc cannot be listed', () => {
    const processes = new Processes().add(10, 'redis');
    const watcher = new Watcher(processes.host);
    watcher.look();
    processes.refused = 'EMFILE';
    assert.deepEqual(watcher.look(), { came: [], went: [], changed: [] });
    assert.equal(watcher.counts.problem, 'list /proc: EMFILE');
    processes.refused = undefined;
    assert.deepEqual(watcher.look().went, []);
    assert.equal(watcher.counts.problem, '');
  });

  test('finds in time that a process has another name or group, or that its pid is another’s', () => {
    const processes = new Processes();
    for (let pid = 10; pid < 40; pid++) processes.add(pid, 'one');
    const watcher = new Watcher(processes.host);
    watcher.look();
    processes.add(20, 'renamed').add(21, 'one', '/moved').add(22, 'other', '/x', { start: 99 });
    processes.add(23, 'thread', '/', { start: 99, flags: 0x200000 });
    const seen = { changed: [] as number[], went: [] as number[], came: [] as number[] };
    for (let look = 0; look < 3; look++) {
      const found = watcher.look();
      seen.changed.push(...found.changed.map(([, after]) => after.pid));
      seen.went.push(...pids(found.went));
      seen.came.push(...pids(found.came));
    }
    assert.deepEqual(seen, { changed: [20, 21], went: [22, 23], came: [22] });
  });
});

describe('a roster', () => {
  const rosterOf = (targets: string) => {
    const host = new ScriptedHost([]);
    host.texts.set('/a.yaml', `octavo: agent\nversion: 1\n${targets}`);
    return loadConfiguration(host, '/a.yaml');
  };
  const TARGETS =
    'deny: [{ command: bad }]\ntargets: [{ name: a, match: { command: "r*" }, processes: 2 }, { name: b, match: { command: "*" } }]\n';
  const watched = (...list: readonly (readonly [number, string])[]) => {
    const processes = new Processes();
    for (const [pid, command] of list) processes.add(pid, command);
    return new Watcher(processes.host).look();
  };

  test('gives each process to the first target that fits, and none to what is denied', () => {
    const roster = new Roster(rosterOf(TARGETS));
    assert.deepEqual([...roster.note(watched([11, 'redis'], [12, 'web'], [13, 'bad']))], ['a', 'b']);
    assert.deepEqual(
      ['a', 'b', 'c'].map((name) => roster.count(name)),
      [1, 1, 0],
    );
    roster.reconfigure(rosterOf('targets: [{ name: b, match: { command: "*" } }]\n'));
    assert.deepEqual([pids(roster.members('b')).sort(), roster.count('a')], [[11, 12, 13], 0]);
  });

  test('takes processes by turns when there are more than one turn takes', () => {
    const configuration = rosterOf(TARGETS);
    const roster = new Roster(configuration);
    roster.note(watched([5, 'r1'], [3, 'r2'], [9, 'r3']));
    const [a] = configuration.targets;
    const turns = [1, 2, 3].map(() => pids(roster.forTurn(a)));
    assert.deepEqual(turns, [
      [3, 5],
      [9, 3],
      [5, 9],
    ]);
    assert.deepEqual(pids(roster.forTurn({ ...a, processes: 3 })), [3, 5, 9]);
  });

  test('moves a process that changed, and lets it go by its own start only', () => {
    const roster = new Roster(rosterOf(TARGETS));
    const { came } = watched([11, 'redis']);
    roster.note({ came, went: [], changed: [] });
    const [redis] = came;
    const web = { ...redis, command: 'web', names: { ...redis.names, command: ['web'] } };
    roster.note({ came: [], went: [], changed: [[redis, web]] });
    assert.deepEqual([roster.count('a'), roster.count('b')], [0, 1]);
    roster.note({ came: [], went: [{ ...web, startTicks: 77 }], changed: [] });
    assert.equal(roster.count('b'), 1);
    roster.note({ came: [], went: [web], changed: [] });
    assert.equal(roster.count('b'), 0);
  });
});
