import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { joinSizes } from './join-sizes.js';

/** Of three blocks those of these rows, every column with a number of its own. */
function piece(rows: readonly number[], ordersKnown = true): PageSizes {
  const sizes = pageSizes(rows.map(() => '4'));
  const { blocks } = sizes;
  rows.forEach((block, row) => {
    blocks.block[row] = block;
    blocks.mapping[row] = block + 1;
    blocks.level[row] = block % 3;
    blocks.flags[row] = block + 2;
    blocks.present[row] = block + 3;
    blocks.zeroMapped[row] = block + 4;
    blocks.swapped[row] = block + 5;
    blocks.unmapped[row] = block + 6;
    blocks.firstFrame[row] = block + 7;
    for (let order = 0; order < blocks.orders; order++)
      blocks.pagesByOrder[row * blocks.orders + order] = 10 * block + order;
  });
  return { ...sizes, ordersKnown };
}

const columns = ({ blocks }: PageSizes) => {
  const { count, orders, ...rest } = blocks;
  const used = (name: string) => (name === 'pagesByOrder' ? count * orders : count);
  return {
    count,
    orders,
    ...Object.fromEntries(
      Object.entries(rest).map(([name, column]) => [name, [...column.slice(0, used(name))]]),
    ),
  };
};

test('pieces are joined in the order of their blocks, with all that each row says', () => {
  const joined = joinSizes([piece([12, 30]), piece([5, 20]), piece([25])]);
  assert.deepEqual(columns(joined), columns(piece([5, 12, 20, 25, 30])));
  assert.equal(joined.ordersKnown, true);
});

test('orders are known where every piece knows them', () => {
  assert.equal(joinSizes([piece([1], false), piece([2])]).ordersKnown, false);
  assert.equal(joinSizes([piece([1]), piece([2], false)]).ordersKnown, false);
});

test('one piece is itself, and none are a fault', () => {
  const one = piece([3, 4]);
  assert.equal(joinSizes([one]), one);
  assert.throws(() => joinSizes([]), /page sizes of nothing/);
});
