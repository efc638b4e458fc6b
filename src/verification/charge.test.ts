import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { failure } from '../base/result.js';
import { OctavoError } from '../vocabulary/errors.js';
import { readCharge, readChargedMemory, readFreeMemory } from './charge.js';

const V2 = '/sys/fs/cgroup/db.service';
const V1 = '/sys/fs/cgroup/memory/db';

function version2(texts: Record<string, string> = {}): ScriptedHost {
  const host = new ScriptedHost([9]);
  host.texts.set('/proc/self/mountinfo', '30 1 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n');
  host.texts.set(`${V2}/memory.current`, '4096000\n');
  host.texts.set(`${V2}/memory.stat`, 'anon 1000\nfile 2000\nkernel 300\nsock 40\n');
  for (const [path, text] of Object.entries(texts)) host.texts.set(path, text);
  return host;
}

function version1(texts: Record<string, string> = {}): ScriptedHost {
  const host = new ScriptedHost([9]);
  const { readText } = host.files;
  host.files.readText = (path) =>
    path === `/proc/${PID}/cgroup` ? { ok: true, value: '5:memory:/db\n1:cpu:/x\n' } : readText(path);
  host.texts.set('/proc/self/mountinfo', '31 1 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n');
  host.texts.set(`${V1}/memory.usage_in_bytes`, '9000\n');
  host.texts.set(`${V1}/memory.stat`, 'total_rss 1000\ntotal_cache 2000\n');
  host.texts.set(`${V1}/memory.kmem.usage_in_bytes`, '77\n');
  for (const [path, text] of Object.entries(texts)) host.texts.set(path, text);
  return host;
}

test('the charge of either version of cgroups', () => {
  assert.deepEqual(readCharge(version2(), PID), { path: '/db.service', version: 2, bytes: 4_096_000 });
  assert.deepEqual(readCharge(version1(), PID), { path: '/db', version: 1, bytes: 9000 });
});

test('what it is made of, with kernel memory from where it is told', () => {
  const told = readChargedMemory(version2(), PID);
  assert.deepEqual(
    [told?.bytes, told?.anon, told?.file, told?.kernel, told?.sockets],
    [4_096_000, 1000, 2000, 300, 40],
  );
  const old = readChargedMemory(version1(), PID);
  assert.deepEqual([old?.bytes, old?.anon, old?.file, old?.kernel], [9000, 1000, 2000, 77]);
  const without = version1();
  without.texts.delete(`${V1}/memory.kmem.usage_in_bytes`);
  assert.equal(readChargedMemory(without, PID)?.kernel, undefined);
});

test('what is absent, or no number, is no charge', () => {
  for (const path of [`${V2}/memory.current`, '/proc/self/mountinfo']) {
    const host = version2();
    host.texts.delete(path);
    assert.equal(readCharge(host, PID), undefined, path);
    assert.equal(readChargedMemory(host, PID), undefined, path);
  }
  const host = version2();
  host.texts.delete(`${V2}/memory.stat`);
  assert.equal(readChargedMemory(host, PID), undefined);
  for (const text of ['max\n', '12 34\n', '', 'x12\n'])
    assert.equal(readCharge(version2({ [`${V2}/memory.current`]: text }), PID), undefined, text);
  const gone = version2();
  gone.alive = false;
  assert.equal(readCharge(gone, PID), undefined);
});

test('free memory of the host', () => {
  const meminfo = 'MemTotal: 9 kB\nMemFree:        12 kB\n';
  assert.equal(readFreeMemory(version2({ '/proc/meminfo': meminfo })), 12 * 1024);
  assert.equal(readFreeMemory(version2({ '/proc/meminfo': 'MemTotal: 9 kB\n' })), undefined);
  assert.equal(readFreeMemory(version2()), undefined);
});

test('a recording of before is without these', () => {
  const host = version2();
  host.files.readText = (path) => {
    if (path.startsWith('/proc')) throw new OctavoError('RECORDING_LACKS', { folder: '/r', call: path });
    return failure({ errno: 'ENOENT', call: path });
  };
  assert.equal(readCharge(host, PID), undefined);
  assert.equal(readChargedMemory(host, PID), undefined);
  assert.equal(readFreeMemory(host), undefined);
});
