import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablesHost } from '../../test/support/frame-tables.js';
import { PID } from '../../test/support/scripted-host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { explainPage } from './explained-block.js';

const BLOCK = 1000;
const START = BLOCK * 512;
/** A block and a half, then a mapping that begins where the first ends; pages only in the first block and in the second mapping. */
const { host } = tablesHost({
  mappings: [
    { start: START, end: START + 768 },
    { start: START + 768, end: START + 3 * 512, permissions: 'rw-s' },
  ],
  entries: new Map([0, 1, 2].map((page) => [START + page, { frame: 5000 * 512 + page, exclusive: true }])),
  folios: new Map([0, 1, 2].map((page) => [5000 * 512 + page, { head: 5000 * 512 + page, order: 0 }])),
  counts: new Map(),
});

test('a page is explained by its own block and mapping, from its first to its last page', () => {
  for (const [page, block, index] of [
    [0, 0, 0],
    [511, 0, 0],
    [512, 1, 0],
    [767, 1, 0],
    [768, 1, 1],
    [1535, 2, 1],
  ] as const) {
    // biome-ignore format: rows
    const { mapping, state, ...found } = explainPage(host, PID, START + page);
    assert.equal(found.block, BLOCK + block, `${page}`);
    assert.deepEqual([mapping.start, state.block], [START + 768 * index, BLOCK + block], `${page}`);
    assert.deepEqual([found.process.pid, state.present], [PID, block === 0 ? 3 : 0]);
    assert.ok(found.reasons.length > 0);
  }
});

test('a block with nothing mapped is whole in its mapping or not', () => {
  const whole = (page: number) => explainPage(host, PID, START + page).state.flags.includes('wholeInMapping');
  assert.deepEqual(
    [whole(0), whole(600), whole(800), whole(1024), whole(1535)],
    [true, false, false, true, true],
  );
});

test('where nothing is mapped there is nothing to explain', () => {
  for (const page of [START - 1, START + 3 * 512])
    assert.throws(
      () => explainPage(host, PID, page),
      (problem) => problem instanceof OctavoError && problem.code === 'ADDRESS_UNMAPPED',
    );
});
