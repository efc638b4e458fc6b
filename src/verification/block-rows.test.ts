import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, pageSizes } from '../../test/support/drawing.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { BlockRows, wholeBlockState } from './block-rows.js';

/** Two rows of one block. */
function cut(first: string, second: string, unmapped: Record<number, number | 'unknown'> = {}) {
  const { blocks } = pageSizes([first, second, '4*1'], { unmapped });
  blocks.block[1] = FIRST_BLOCK;
  return blocks;
}

test('a block of one row is that row', () => {
  const { blocks } = pageSizes(['h*8', '4*3'], { unmapped: { 0: 504 } });
  const state = wholeBlockState(blocks, 0);
  assert.deepEqual([state.present, state.unmapped, state.flags.includes('wholeInMapping')], [8, 504, true]);
});

test('what stands behind the last row is no part of its block', () => {
  const blocks = { ...cut('h*8', '4*3'), count: 1 };
  assert.equal(wholeBlockState(blocks, 0).present, 8);
});

test('a block that mappings cut is the sum of its rows, and whole in none', () => {
  const blocks = cut('h*8', '4*3', { 0: 500, 1: 4 });
  blocks.swapped[1] = 2;
  blocks.zeroMapped[0] = 5;
  const state = wholeBlockState(blocks, 0);
  assert.deepEqual(
    [state.present, state.unmapped, state.swapped, state.zeroMapped, state.level],
    [11, 504, 2, 5, 'pte'],
  );
  assert.deepEqual([state.pagesByOrder[0], state.pagesByOrder[9]], [3, 8]);
  assert.deepEqual(state.flags, []);
  assert.equal(state.firstFrame, 5000 * 512);
});

test('the first frame of a block is that of the first row that has one', () => {
  const frames = (first: number, second: number) => {
    const blocks = cut('h*8', '4*3');
    blocks.firstFrame.set([first, second]);
    return wholeBlockState(blocks, 0).firstFrame;
  };
  assert.deepEqual([frames(7, 9), frames(-1, 9), frames(7, -1), frames(-1, -1)], [7, 9, 7, null]);
});

test('what is unknown of one row is unknown of the block', () => {
  assert.equal(wholeBlockState(cut('h*8', '4*3', { 0: 500, 1: 'unknown' }), 0).unmapped, null);
  assert.equal(wholeBlockState(cut('h*8', '4*3', { 0: 'unknown' }), 0).unmapped, null);
  const hidden = cut('h*8', '4*3');
  hidden.flags[1] |= 1 << 5;
  assert.deepEqual(wholeBlockState(hidden, 0).pagesByOrder, []);
});

test('a shared row makes a shared block', () => {
  const blocks = cut('h*8', '4*3');
  blocks.flags[1] |= 1;
  assert.deepEqual(wholeBlockState(blocks, 0).flags, ['shared']);
});

test('rows keep what they hold while room is made for more, and a block of a mapping has one', () => {
  const rows = new BlockRows(GEOMETRY_4K);
  const columns = ['level', 'flags', 'present', 'zeroMapped', 'swapped', 'unmapped', 'firstFrame'] as const;
  const value = (at: number, column: number) => (7 * at + column) % 200;
  for (let at = 0; at < 700; at++) {
    const row = rows.row(Math.floor(at / 2), at);
    assert.equal(row, at);
    assert.equal(rows.row(Math.floor(at / 2), at), at, 'the current one again');
    assert.equal(rows.firstFrame[row], -1);
    for (const [column, name] of columns.entries()) rows[name][row] = value(at, column);
    for (let order = 0; order < rows.orders; order++)
      rows.pagesByOrder[row * rows.orders + order] = at + order;
  }
  const found = rows.columns();
  assert.deepEqual([found.count, found.pagesByOrder.length], [700, 7000]);
  for (let at = 0; at < 700; at++) {
    assert.deepEqual([found.block[at], found.mapping[at]], [Math.floor(at / 2), at]);
    assert.deepEqual(
      columns.map((name) => found[name][at]),
      columns.map((_, column) => value(at, column)),
    );
    assert.equal(found.pagesByOrder[at * 10 + 9], at + 9);
  }
});
