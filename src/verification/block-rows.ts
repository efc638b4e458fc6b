import {
  type BLOCK_FLAG,
  type BlockColumns,
  type BlockState,
  BLOCK_FLAG as FLAG,
  unmappedPages,
} from '../vocabulary/page-sizes.js';
import { NO_PAGE } from '../vocabulary/sample.js';
import type { BlockNumber, PageGeometry } from '../vocabulary/units.js';

/** Room of the columns to begin with. */
const FIRST_ROWS = 256;

/** Grows the columns of a census row by row; the last row is the current one. */
export class BlockRows {
  count = 0;
  block = new Float64Array(FIRST_ROWS);
  mapping = new Uint32Array(FIRST_ROWS);
  level = new Uint8Array(FIRST_ROWS);
  flags = new Uint16Array(FIRST_ROWS);
  present = new Uint16Array(FIRST_ROWS);
  zeroMapped = new Uint16Array(FIRST_ROWS);
  swapped = new Uint16Array(FIRST_ROWS);
  unmapped = new Uint32Array(FIRST_ROWS);
  firstFrame = new Float64Array(FIRST_ROWS);
  pagesByOrder: Uint16Array;
  readonly orders: number;

  constructor(geometry: PageGeometry) {
    this.orders = geometry.hugeOrder + 1;
    this.pagesByOrder = new Uint16Array(FIRST_ROWS * this.orders);
  }

  /** Row of a block in a mapping: the current one, or a new one. Blocks must come in ascending order. */
  row(block: BlockNumber, mapping: number): number {
    const last = this.count - 1;
    if (last >= 0 && this.block[last] === block && this.mapping[last] === mapping) return last;
    if (this.count === this.block.length) this.#grow();
    this.block[this.count] = block;
    this.mapping[this.count] = mapping;
    this.firstFrame[this.count] = NO_PAGE;
    return this.count++;
  }

  columns(): BlockColumns {
    return {
      count: this.count,
      block: this.block.subarray(0, this.count),
      mapping: this.mapping.subarray(0, this.count),
      level: this.level.subarray(0, this.count),
      flags: this.flags.subarray(0, this.count),
      present: this.present.subarray(0, this.count),
      zeroMapped: this.zeroMapped.subarray(0, this.count),
      swapped: this.swapped.subarray(0, this.count),
      unmapped: this.unmapped.subarray(0, this.count),
      firstFrame: this.firstFrame.subarray(0, this.count),
      pagesByOrder: this.pagesByOrder.subarray(0, this.count * this.orders),
      orders: this.orders,
    };
  }

  #grow(): void {
    const rows = this.block.length * 2;
    this.block = widened(this.block, new Float64Array(rows));
    this.mapping = widened(this.mapping, new Uint32Array(rows));
    this.level = widened(this.level, new Uint8Array(rows));
    this.flags = widened(this.flags, new Uint16Array(rows));
    this.present = widened(this.present, new Uint16Array(rows));
    this.zeroMapped = widened(this.zeroMapped, new Uint16Array(rows));
    this.swapped = widened(this.swapped, new Uint16Array(rows));
    this.unmapped = widened(this.unmapped, new Uint32Array(rows));
    this.firstFrame = widened(this.firstFrame, new Float64Array(rows));
    this.pagesByOrder = widened(this.pagesByOrder, new Uint16Array(rows * this.orders));
  }
}

function widened<Column extends Float64Array | Uint32Array | Uint16Array | Uint8Array>(
  from: Column,
  to: Column,
): Column {
  to.set(from);
  return to;
}

const LEVELS = ['none', 'pte', 'pmd'] as const;

/** One row as plain data. */
export function blockState(blocks: BlockColumns, row: number): BlockState {
  const orders = blocks.pagesByOrder.subarray(row * blocks.orders, (row + 1) * blocks.orders);
  const flags = blocks.flags[row];
  return {
    block: blocks.block[row],
    level: LEVELS[blocks.level[row]],
    present: blocks.present[row],
    zeroMapped: blocks.zeroMapped[row],
    swapped: blocks.swapped[row],
    unmapped: unmappedPages(blocks, row) ?? null,
    firstFrame: blocks.firstFrame[row] === NO_PAGE ? null : blocks.firstFrame[row],
    pagesByOrder: flags & FLAG.ordersUnknown ? [] : [...orders],
    flags: (Object.keys(FLAG) as (keyof typeof BLOCK_FLAG)[]).filter((name) => flags & FLAG[name]),
  };
}

/**
 * The block that `row` begins, over all mappings that cut it: rows of one block follow each other. Whole in its mapping
 * and contiguous only if it is one row.
 */
export function wholeBlockState(blocks: BlockColumns, row: number): BlockState {
  let state = blockState(blocks, row);
  for (let next = row + 1; next < blocks.count && blocks.block[next] === state.block; next++)
    state = joined(state, blockState(blocks, next));
  return state;
}

function joined(first: BlockState, second: BlockState): BlockState {
  const levels = [first.level, second.level].map((level) => LEVELS.indexOf(level));
  const flags = new Set([...first.flags, ...second.flags]);
  const known = !flags.has('ordersUnknown');
  flags.delete('wholeInMapping');
  flags.delete('contiguousFrames');
  return {
    block: first.block,
    level: LEVELS[Math.max(...levels)],
    present: first.present + second.present,
    zeroMapped: first.zeroMapped + second.zeroMapped,
    swapped: first.swapped + second.swapped,
    unmapped: first.unmapped === null || second.unmapped === null ? null : first.unmapped + second.unmapped,
    firstFrame: first.firstFrame ?? second.firstFrame,
    pagesByOrder: known ? first.pagesByOrder.map((pages, order) => pages + second.pagesByOrder[order]) : [],
    flags: [...flags],
  };
}

/** A block with nothing mapped. */
export function emptyBlock(block: BlockNumber): BlockState {
  return {
    block,
    level: 'none',
    present: 0,
    zeroMapped: 0,
    swapped: 0,
    unmapped: 0,
    firstFrame: null,
    pagesByOrder: [],
    flags: [],
  };
}
