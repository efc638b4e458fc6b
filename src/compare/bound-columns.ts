/** Blocks of the bound in columns, which are gone through ten thousands of times. */
import type { Bytes } from '../vocabulary/units.js';
import { LruTimes } from './lru-times.js';

/** Neighbouring pages of a block, and what they take in addition when one entry is to translate all of them. */
export interface Piece {
  /** Accesses of each entry that it has where pages are translated by themselves. */
  readonly entries: Float64Array;
  /** Undefined where they cannot share one entry. */
  readonly emptyBytes: Bytes | undefined;
}

/** Accesses of one block in a stretch of time. */
export interface BlockRates {
  readonly pieces: readonly Piece[];
  /** Bytes that it takes in addition as one huge page. */
  readonly emptyBytes: Bytes;
}

/** Shares of the bloat removed that the bound is told at: 0, 1 % … 100 %. */
export const STEPS = 100;

/** Entries that nobody accessed and pieces without any accessed entry save nothing at any price, and are left out. */
export interface Columns {
  readonly count: number;
  /** By block: its first piece (of one more than there are blocks), accesses, and empty bytes. */
  readonly firstPiece: Int32Array;
  readonly total: Float64Array;
  readonly emptyBytes: Float64Array;
  /** By piece: its first entry (of one more), its accesses, and its empty bytes; NaN where it cannot have one entry. */
  readonly firstEntry: Int32Array;
  readonly pieceTotal: Float64Array;
  readonly pieceEmpty: Float64Array;
  readonly times: LruTimes;
}

/** `accesses` of all blocks together: what shares are of. */
export function columnsOf(blocks: readonly BlockRates[], accesses: number): Columns {
  const sorted = blocks.map(({ pieces }) =>
    pieces.map((piece) => sortedPiece(piece, accesses)).filter(({ shares }) => shares.length > 0),
  );
  const pieces = sorted.flat();
  const total = Float64Array.from(sorted, (own) => own.reduce((sum, piece) => sum + piece.total, 0));
  const firstEntry = startsOf(pieces.map(({ shares }) => shares.length));
  const shares = Float64Array.from(pieces.flatMap((piece) => [...piece.shares]));
  const pieceTotal = Float64Array.from(pieces, (piece) => piece.total);
  return {
    count: blocks.length,
    firstPiece: startsOf(sorted.map(({ length }) => length)),
    total,
    emptyBytes: Float64Array.from(blocks, ({ emptyBytes }) => emptyBytes),
    firstEntry,
    pieceTotal,
    pieceEmpty: Float64Array.from(pieces, ({ emptyBytes }) => emptyBytes ?? Number.NaN),
    times: new LruTimes({ firstEntry, entries: shares, pieces: pieceTotal, blocks: total }),
  };
}

/** Where each of things of these lengths begins when they stand in a row, and where the last ends. */
function startsOf(lengths: readonly number[]): Int32Array {
  const starts = new Int32Array(lengths.length + 1);
  for (const [index, length] of lengths.entries()) starts[index + 1] = starts[index] + length;
  return starts;
}

interface SortedPiece {
  readonly shares: Float64Array;
  readonly total: number;
  readonly emptyBytes: Bytes | undefined;
}

function sortedPiece({ entries, emptyBytes }: Piece, accesses: number): SortedPiece {
  const shares = entries.filter((count) => count > 0).map((count) => count / accesses);
  return { shares, total: shares.reduce((sum, share) => sum + share, 0), emptyBytes };
}
