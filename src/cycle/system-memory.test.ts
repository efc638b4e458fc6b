import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, planFor } from '../../test/support/turns.js';
import { readChargedMemory } from '../verification/charge.js';
import { memoryChange, readSystemMemory } from './system-memory.js';

const UNIFIED = '30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n';

function host(texts: Readonly<Record<string, string>> = {}): ScriptedHost {
  const made = new ScriptedHost([9]);
  const all = {
    '/proc/self/mountinfo': UNIFIED,
    '/sys/fs/cgroup/db.service/memory.current': '1000\n',
    '/proc/meminfo': 'MemTotal: 100 kB\nMemFree: 40 kB\n',
    ...texts,
  };
  for (const [path, text] of Object.entries(all)) made.texts.set(path, text);
  return made;
}

test('reads the charge of each target’s cgroup and the free memory of the host', () => {
  const reading = readSystemMemory(host(), [PROCESS]);
  assert.deepEqual([[...reading.charges], reading.freeBytes], [[['/db.service', 1000]], 40 * 1024]);
});

test('what cannot be read is left out and is not 0', () => {
  const bare = readSystemMemory(host({ '/proc/self/mountinfo': '', '/proc/meminfo': 'MemTotal: 1 kB\n' }), [
    PROCESS,
  ]);
  assert.deepEqual([bare.charges.size, bare.freeBytes], [0, undefined]);
  const odd = readSystemMemory(host({ '/sys/fs/cgroup/db.service/memory.current': 'max\n' }), [PROCESS]);
  assert.equal(odd.charges.size, 0);
  assert.equal(readSystemMemory(host(), [{ ...PROCESS, pid: 4 }]).charges.size, 0);
});

test('a change needs both readings', () => {
  const before = {
    charges: new Map([
      ['/a', 10],
      ['/b', 5],
    ]),
    freeBytes: 1,
  };
  const after = {
    charges: new Map([
      ['/a', 4],
      ['/c', 7],
    ]),
    freeBytes: 9,
  };
  assert.deepEqual(memoryChange(before, after), {
    cgroups: [{ path: '/a', beforeBytes: 10, afterBytes: 4 }],
    free: { beforeBytes: 1, afterBytes: 9 },
  });
  assert.equal(memoryChange({ ...before, freeBytes: undefined }, after).free, null);
  assert.equal(memoryChange(before, { ...after, freeBytes: undefined }).free, null);
});

test('a run tells and journals the readings around it', async () => {
  const made = host();
  const plan = await planFor(made, { split: [0] });
  const { memory } = await apply(made, plan);
  assert.deepEqual(memory, {
    cgroups: [{ path: '/db.service', beforeBytes: 1000, afterBytes: 1000 }],
    free: { beforeBytes: 40 * 1024, afterBytes: 40 * 1024 },
  });
});

test('the charge of version 1 comes with kernel memory from a file of its own', () => {
  const old = host({
    '/proc/self/mountinfo': '33 30 0:29 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n',
    [`/proc/${PID}/cgroup`]: '4:memory:/db\n0::/\n',
    '/sys/fs/cgroup/memory/db/memory.usage_in_bytes': '900\n',
    '/sys/fs/cgroup/memory/db/memory.kmem.usage_in_bytes': '70\n',
    '/sys/fs/cgroup/memory/db/memory.stat': 'total_rss 500\ntotal_cache 100\n',
  });
  const read = old.files.readText;
  const files = {
    ...old.files,
    readText: (path: string) =>
      path === `/proc/${PID}/cgroup` ? { ok: true as const, value: '4:memory:/db\n0::/\n' } : read(path),
  };
  const found = readChargedMemory(
    { ...old, files, identity: old.identity, calls: old.calls, clock: old.clock, random: old.random },
    PID,
  );
  assert.deepEqual(found, {
    path: '/db',
    version: 1,
    bytes: 900,
    anon: 500,
    file: 100,
    kernel: 70,
    sockets: 0,
  });
});

test('without memory.stat the charge is not divided', () => {
  assert.equal(readChargedMemory(host(), PID), undefined);
  const stat = { '/sys/fs/cgroup/db.service/memory.stat': 'anon 4\nkernel 3\n' };
  assert.deepEqual(readChargedMemory(host(stat), PID)?.kernel, 3);
});
