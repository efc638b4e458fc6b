import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKernelPath, isWithheld } from './paths.js';

test('kernel files are recorded, ordinary files are left to the machine', () => {
  for (const path of [
    '/proc',
    '/proc/1/smaps',
    '/sys/kernel/mm',
    '/boot/config-1',
    '/lib/modules/1/config',
  ]) {
    assert.ok(isKernelPath(path), path);
  }
  for (const path of [
    '/tmp/perf.data',
    '/process',
    '/var/lib/octavo',
    'perf.data',
    '/proc/../tmp/x',
    '/system',
  ]) {
    assert.ok(!isKernelPath(path), path);
  }
});

test('what belongs to a process and is not about memory layout is withheld, whatever its name', () => {
  for (const name of [
    'environ',
    'cmdline',
    'mem',
    'auxv',
    'fd',
    'fd/3',
    'io',
    'root',
    'cwd',
    'map_files',
    'stack',
  ]) {
    for (const who of ['1', '4711', 'self', 'thread-self'])
      assert.ok(isWithheld(`/proc/${who}/${name}`), name);
  }
  assert.ok(isWithheld('/proc/7/task/8/environ'));
  assert.ok(isWithheld('/proc/./7/environ'));
  for (const path of ['/proc/kallsyms', '/proc/kcore', '/proc/keys']) assert.ok(isWithheld(path), path);
});

test('what a census needs is kept', () => {
  for (const name of [
    'stat',
    'status',
    'comm',
    'cgroup',
    'maps',
    'smaps',
    'mountinfo',
    'pagemap',
    'task',
    'task/8/stat',
  ]) {
    assert.ok(!isWithheld(`/proc/4711/${name}`), name);
  }
  for (const path of [
    '/proc',
    '/proc/4711',
    '/proc/kpageflags',
    '/proc/meminfo',
    '/sys/kernel/btf/vmlinux',
  ]) {
    assert.ok(!isWithheld(path), path);
  }
});
