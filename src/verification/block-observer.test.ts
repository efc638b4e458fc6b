import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawTables, naiveRows } from '../../test/support/drawn-tables.js';
import { type Tables, tablesHost } from '../../test/support/frame-tables.js';
import { PID } from '../../test/support/scripted-host.js';
import { BlockObserver } from './block-observer.js';
import { emptyBlock } from './block-rows.js';

const BASE = 1000 * 512;

function twoMappings(more: Partial<Tables> = {}): Tables {
  const entries = new Map([[BASE + 3, { frame: 5123 }]]);
  const folios = new Map([[5123, { head: 5123, order: 0 }]]);
  const mappings = [
    { start: BASE, end: BASE + 512, fields: 'VmFlags: rd wr\n' },
    { start: BASE + 512, end: BASE + 1000, fields: 'VmFlags: rd wr\n' },
  ];
  return { mappings, entries, folios, counts: new Map([[5123, 1]]), ...more };
}

test('blocks are as the tables have them, in the order asked for, and empty where there is nothing', () => {
  for (let seed = 1; seed <= 12; seed++) {
    const tables = drawTables({ seed });
    const rows = naiveRows(tables);
    const blocks = [1005, 1000, 1011, 999, 1003, 1001];
    const found = new BlockObserver(tablesHost(tables).host, PID).look(blocks);
    for (const [at, state] of found.entries()) {
      const ofBlock = rows.filter(({ block }) => block === blocks[at]);
      const sum = (name: 'present' | 'swapped' | 'zeroMapped') =>
        ofBlock.reduce((total, row) => total + row[name], 0);
      assert.equal(state.block, blocks[at]);
      assert.deepEqual(
        [state.present, state.swapped, state.zeroMapped],
        [sum('present'), sum('swapped'), sum('zeroMapped')],
      );
      if (ofBlock.length === 0) assert.deepEqual(state, emptyBlock(blocks[at]));
    }
  }
});

/** Reads of smaps, which is slow. */
function counted(tables: Tables) {
  const { host } = tablesHost(tables);
  const seen = { smaps: 0 };
  const { readText } = host.files;
  const files = {
    ...host.files,
    readText: (path: string) => {
      if (path.endsWith('/smaps')) seen.smaps++;
      return readText(path);
    },
  };
  return { host: { ...host, files }, seen };
}

test('smaps is read once while the mappings stay as they are', () => {
  const { host, seen } = counted(twoMappings());
  const observer = new BlockObserver(host, PID);
  observer.look([1000]);
  observer.look([1000, 1001]);
  assert.equal(observer.mappingOf(1001)?.start, BASE + 512);
  assert.equal(seen.smaps, 1);
  observer.forgetMappings();
  observer.look([1000]);
  assert.equal(seen.smaps, 2);
});

test('a change of a bound, a permission or the number of mappings is noticed', () => {
  const changes: ((mappings: Tables['mappings']) => void)[] = [
    (mappings) => mappings.splice(0, 1, { ...mappings[0], start: BASE + 1 }),
    (mappings) => mappings.splice(1, 1, { ...mappings[1], end: BASE + 900 }),
    (mappings) => mappings.splice(0, 1, { ...mappings[0], permissions: 'r--p' }),
    (mappings) => mappings.push({ start: BASE + 2000, end: BASE + 2001 }),
    (mappings) => mappings.splice(1, 1),
  ];
  for (const [at, change] of changes.entries()) {
    const tables = twoMappings();
    const { host, seen } = counted(tables);
    const observer = new BlockObserver(host, PID);
    observer.look([1000]);
    change(tables.mappings);
    observer.look([1000]);
    assert.equal(seen.smaps, 2, `change ${at}`);
  }
});

test('where maps cannot be read or understood, smaps is read anew', () => {
  for (const more of [
    { refused: { [`/proc/${PID}/maps`]: 'EACCES' as const } },
    { texts: { [`/proc/${PID}/maps`]: 'nothing of the kind\n' } },
  ]) {
    const { host, seen } = counted(twoMappings(more));
    const observer = new BlockObserver(host, PID);
    observer.look([1000]);
    observer.look([1000]);
    assert.equal(seen.smaps, 2);
  }
});

test('the mapping of a block is the one that holds its first page', () => {
  const observer = new BlockObserver(tablesHost(twoMappings()).host, PID);
  const starts = [999, 1000, 1001, 1002].map((block) => observer.mappingOf(block)?.start);
  assert.deepEqual(starts, [undefined, BASE, BASE + 512, undefined]);
});

test('whether prctl turned THP off is as of the last look', () => {
  const texts = { [`/proc/${PID}/status`]: 'THP_enabled:\t0\n' };
  const observer = new BlockObserver(tablesHost(twoMappings({ texts })).host, PID);
  assert.equal(observer.thpDisabledByPrctl, false);
  observer.look([1000]);
  assert.equal(observer.thpDisabledByPrctl, true);
});
