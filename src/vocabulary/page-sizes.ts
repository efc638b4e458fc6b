/**
 * Noun 3: what memory looks like now. Folio order (physical) and mapping level (PMD or PTE) are kept apart
 * everywhere: a PTE-mapped order-9 folio is huge memory without a huge translation.
 */
import type { Mapping } from './mapping.js';
import type { ProcessIdentity } from './process.js';
import {
  type BlockNumber,
  blockToPage,
  type FrameNumber,
  type Milliseconds,
  type PageGeometry,
  type Pages,
} from './units.js';

/** Mapping level of a block. `mixed` cannot be on Linux; a block with nothing mapped is `none`. */
export const MAPPING_LEVEL = { none: 0, pte: 1, pmd: 2 } as const;

/** Block facts that decide what can be done to it, as bits. */
export const BLOCK_FLAG = {
  /** Some present page is mapped by another process as well (pagemap bit 56 clear on a non-zero page). */
  shared: 1,
  /** The mapping covers the whole block, so a collapse is possible at all. */
  wholeInMapping: 1 << 1,
  /** The first frame is aligned and frames follow each other: split in place, or never split. */
  contiguousFrames: 1 << 2,
  /** The huge zero page is mapped here. */
  hugeZeroPage: 1 << 3,
  /** Pages changed while they were looked at; orders are not reliable. */
  torn: 1 << 4,
  /** Folio orders could not be read (no kpageflags): ordersKnown is false for the block. */
  ordersUnknown: 1 << 5,
  /** Unmapped pages could not be counted (no kpagecount, or a folio in the swap cache). */
  unmappedUnknown: 1 << 6,
} as const;

/** One row per 2 MiB-aligned block that has anything mapped, ascending by block. */
export interface BlockColumns {
  readonly count: number;
  readonly block: Float64Array;
  /** Index into `mappings`; a block cut by several mappings has one row for each. */
  readonly mapping: Uint32Array;
  readonly level: Uint8Array;
  /** BLOCK_FLAG bits. */
  readonly flags: Uint16Array;
  /** Pages with memory of their own behind them (zero pages not counted). */
  readonly present: Uint16Array;
  /** Pages mapped to the shared zero page. */
  readonly zeroMapped: Uint16Array;
  readonly swapped: Uint16Array;
  /**
   * Pages that stay allocated although no process maps them, since the rest of their anonymous folio is mapped here. A
   * folio is counted in the first row that maps a page of it; its unmapped pages may be many times the mapped ones.
   */
  readonly unmapped: Uint32Array;
  /** Frame of the first present page, NO_PAGE when unknown: the generation mark of a block. */
  readonly firstFrame: Float64Array;
  /** Pages by folio order, `orders` columns per row: row r, order o at r * orders + o. */
  readonly pagesByOrder: Uint16Array;
  /** hugeOrder + 1. */
  readonly orders: number;
}

/** Page sizes of a process at one moment, a row for each block. */
export interface PageSizes {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  readonly takenAtMs: Milliseconds;
  readonly mappings: readonly Mapping[];
  readonly blocks: BlockColumns;
  /** False when kpageflags or PFNs are out of reach: orders are then unknown and levels are all there is. */
  readonly ordersKnown: boolean;
  /** Whether /proc/PID/status says that THP is wholly disabled for the process (THP_enabled: 0). */
  readonly thpDisabledByPrctl: boolean;
}

/** Pages of a row's folios that no process maps, undefined when that is not known. */
export function unmappedPages(blocks: BlockColumns, row: number): Pages | undefined {
  const hidden = BLOCK_FLAG.unmappedUnknown | BLOCK_FLAG.ordersUnknown;
  return blocks.flags[row] & hidden ? undefined : blocks.unmapped[row];
}

/** Row of `block` in a mapping's columns by binary search, −1 when nothing is mapped there. */
export function rowOfBlock(blocks: BlockColumns, block: BlockNumber): number {
  let low = 0;
  let high = blocks.count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = blocks.block[middle];
    if (found === block) return firstRow(blocks, middle);
    if (found < block) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** The mapping in which a block lies whole, undefined when there is none. */
export function wholeMapping({ mappings, geometry }: PageSizes, block: BlockNumber): Mapping | undefined {
  const start = blockToPage(block, geometry);
  const end = start + geometry.pagesPerBlock;
  return mappings.find((mapping) => mapping.start <= start && end <= mapping.end);
}

function firstRow(blocks: BlockColumns, row: number): number {
  let first = row;
  while (first > 0 && blocks.block[first - 1] === blocks.block[row]) first--;
  return first;
}

/** What one block looked like, small enough for a journal. */
export interface BlockState {
  readonly block: BlockNumber;
  readonly level: 'none' | 'pte' | 'pmd';
  readonly present: number;
  readonly zeroMapped: number;
  readonly swapped: number;
  /** Pages of the block's folios that no process maps and that a split frees; null when unknown. */
  readonly unmapped: number | null;
  readonly firstFrame: FrameNumber | null;
  /** Pages by folio order, index = order; empty when unknown. */
  readonly pagesByOrder: readonly number[];
  readonly flags: readonly (keyof typeof BLOCK_FLAG)[];
}
