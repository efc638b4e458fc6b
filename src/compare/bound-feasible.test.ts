import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnsOf } from './bound-columns.js';
import { Feasible } from './bound-feasible.js';
import type { BoundCosts } from './bound-sums.js';

const EVER = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const COSTS: BoundCosts = {
  entries: 6,
  crowdedEntries: undefined,
  firstEntries: 100,
  hugeFirstEntries: undefined,
  hitNs: 1,
  hugeNs: 2,
};
const block = (pages: number, emptyBytes: number, ofPiece?: number) => ({
  pieces: [{ entries: new Float64Array(pages).fill(1), emptyBytes: ofPiece }],
  emptyBytes,
});
const lastOf = (blocks: readonly ReturnType<typeof block>[], costs: Partial<BoundCosts> = {}) =>
  new Feasible(columnsOf(blocks, 100), { ...COSTS, ...costs }).lastStep({ first: EVER, second: EVER });

test('what does not fit must go: the blocks that waste least for what they leave come first', () => {
  // Ten entries: the second block leaves four for 4096 bytes, the first the same for three times as much.
  assert.equal(lastOf([block(5, 12_288), block(5, 4096)]), 75);
  assert.equal(lastOf([block(5, 12_288), block(5, 4096)], { entries: 8 }), 87, 'half of a block is enough');
  assert.equal(lastOf([block(3, 12_288), block(3, 4096)]), 100, 'all fit');
});

test('a piece as one entry leaves the others to them', () => {
  assert.equal(lastOf([block(10, 8192, 0)]), 100);
  assert.equal(lastOf([block(10, 8192, 4096)]), 77, 'four of the nine that it would leave');
});

test('nothing is possible where even huge pages do not fit', () => {
  const blocks = Array.from({ length: 9 }, () => block(2, 4096));
  assert.equal(lastOf(blocks), -1);
  assert.equal(
    lastOf(blocks, { crowdedEntries: 6 }),
    33,
    'where huge pages have places of their own they do',
  );
  assert.equal(lastOf(blocks, { crowdedEntries: 6, firstEntries: 6 }), -1, 'but not in the first level');
});

test('each level has its own', () => {
  assert.equal(lastOf([block(5, 12_288), block(5, 4096)], { entries: 100, firstEntries: 6 }), 75);
  assert.equal(lastOf([block(3, 0), block(3, 0)], { entries: 6 }), 100, 'without any bloat');
});
