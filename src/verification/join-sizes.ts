/** Page sizes of one process that were looked at piece by piece, as one. Pure. */
import { assert } from '../base/assert.js';
import type { BlockColumns, PageSizes } from '../vocabulary/page-sizes.js';

/** The rows of all pieces, ascending. They must be of the same mappings and have no block in common. */
export function joinSizes(pieces: readonly PageSizes[]): PageSizes {
  const [first] = pieces;
  assert(first !== undefined, 'page sizes of nothing');
  if (pieces.length === 1) return first;
  const order = pieces.flatMap(({ blocks }, piece) =>
    Array.from({ length: blocks.count }, (_, row) => ({ piece, row, block: blocks.block[row] })),
  );
  order.sort((left, right) => left.block - right.block);
  const columns = emptyColumns(order.length, first.blocks.orders);
  for (const [at, { piece, row }] of order.entries()) copyRow(pieces[piece].blocks, row, columns, at);
  return {
    ...first,
    blocks: columns,
    ordersKnown: pieces.every(({ ordersKnown }) => ordersKnown),
  };
}

function emptyColumns(count: number, orders: number): BlockColumns {
  return {
    count,
    orders,
    block: new Float64Array(count),
    mapping: new Uint32Array(count),
    level: new Uint8Array(count),
    flags: new Uint16Array(count),
    present: new Uint16Array(count),
    zeroMapped: new Uint16Array(count),
    swapped: new Uint16Array(count),
    unmapped: new Uint32Array(count),
    firstFrame: new Float64Array(count),
    pagesByOrder: new Uint16Array(count * orders),
  };
}

function copyRow(from: BlockColumns, row: number, to: BlockColumns, at: number): void {
  to.block[at] = from.block[row];
  to.mapping[at] = from.mapping[row];
  to.level[at] = from.level[row];
  to.flags[at] = from.flags[row];
  to.present[at] = from.present[row];
  to.zeroMapped[at] = from.zeroMapped[row];
  to.swapped[at] = from.swapped[row];
  to.unmapped[at] = from.unmapped[row];
  to.firstFrame[at] = from.firstFrame[row];
  const orders = from.pagesByOrder.subarray(row * from.orders, (row + 1) * from.orders);
  to.pagesByOrder.set(orders, at * to.orders);
}
