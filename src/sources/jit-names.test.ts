import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf } from '../../test/support/perf-rows.js';
import { MappingTable } from '../formats/perf-data/mappings.js';
import { ThreadTable } from '../formats/perf-data/threads.js';
import type { Files } from '../host/host.js';
import { JitNames } from './jit-names.js';

const text = (words: string) => new TextEncoder().encode(words);

/** Files with owners; root's where none is said. What was opened is counted. */
function filesOf(contents: Readonly<Record<string, string>>, owners: Readonly<Record<string, number>> = {}) {
  const files = Object.fromEntries(Object.entries(contents).map(([path, words]) => [path, text(words)]));
  const { files: plain } = hostOf({ '/proc/self/comm': text('node'), ...files });
  const opened: string[] = [];
  const counting: Partial<Files> = {
    status(path) {
      const status = plain.status(path);
      return status.ok ? { ok: true, value: { ...status.value, owner: owners[path] ?? 0 } } : status;
    },
    open(path) {
      opened.push(path);
      return plain.open(path);
    },
  };
  return { files: counting as Files, opened };
}

const noMappings = () => new MappingTable(new ThreadTable());

test('the pid that a process has in its container names another process outside of it', () => {
  const { files } = filesOf({
    '/proc/7/status': 'NSpid:\t7\t1\n',
    '/tmp/perf-1.map': '1000 10 of another process\n',
  });
  assert.equal(new JitNames(files, noMappings(), '').at(7, 0x1004), undefined);
});

test('names come from files of root, of the user, and of the process’s user', () => {
  const owners = { '/proc/self': 10, '/proc/7': 20 };
  const told = (owner: number, root = '') => {
    const path = `${root}/tmp/perf-7.map`;
    const found = filesOf({ [path]: '1000 10 f\n', '/proc/7/comm': 'java' }, { ...owners, [path]: owner });
    return new JitNames(found.files, noMappings(), root).at(7, 0x1004)?.name;
  };
  assert.deepEqual([told(0), told(10), told(20), told(30)], ['f', 'f', 'f', undefined]);
  assert.equal(told(30, '/symfs'), 'f');
});

test('a dump is read once, however many of its pages were mapped', () => {
  const { files, opened } = filesOf({ '/home/a/jit-7.dump': 'no dump' });
  const mappings = noMappings();
  for (let page = 0; page < 100; page += 2)
    mappings.add(7, { start: page, end: page + 1, name: '/home/a/jit-7.dump' });
  const names = new JitNames(files, mappings, '');
  assert.equal(names.at(7, 0x1004), undefined);
  assert.equal(names.at(7, 0x2004), undefined);
  assert.deepEqual(
    opened.filter((path) => path.endsWith('.dump')),
    ['/home/a/jit-7.dump'],
  );
});
