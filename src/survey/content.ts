/** Which huge blocks are worth a read, within bounds of bytes and of each process's lock. Pure. */
import { readableBlocks } from '../sources/occupancy.js';
import type { BlockNumber, Bytes, Nanoseconds, ProcessId } from '../vocabulary/units.js';
import type { Look } from './look.js';
import { shuffled } from './pieces.js';

/** A process that was looked at, and how long its lock may still be held. */
export interface Readable {
  readonly look: Look;
  readonly lockNs: Nanoseconds;
}

export interface ReadBudget {
  readonly bytes: Bytes;
  /** What a read of one block takes under the lock. */
  readonly blockNs: Nanoseconds;
}

/** With fewer than this of a process its interval says nothing. */
const LEAST_BLOCKS = 4;

/**
 * Blocks to read, by process, drawn at random: shares of the bytes by how many blocks there are, but a few of each first.
 * Of a process whose lock allows less than that none is read.
 */
export function drawBlocks(
  all: readonly Readable[],
  { bytes, blockNs }: ReadBudget,
  uint32: () => number,
): ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>> {
  const found = all.map(({ look, lockNs }) => {
    const { rows } = readableBlocks(look.sizes);
    return { look, rows, most: Math.min(rows.length, Math.floor(lockNs / blockNs)) };
  });
  const total = found.reduce((sum, { most }) => sum + most, 0);
  const chosen = new Map<ProcessId, ReadonlySet<BlockNumber>>();
  let left = Math.floor(bytes / (all[0]?.look.sizes.geometry.blockBytes ?? 1));
  const scale = Math.min(1, left / Math.max(1, total));
  for (const { look, rows, most } of found) {
    const least = Math.min(LEAST_BLOCKS, rows.length);
    const count = Math.min(left, most, Math.max(least, Math.floor(most * scale)));
    if (count < least || count === 0) continue;
    left -= count;
    const { block } = look.sizes.blocks;
    const drawn = shuffled(rows, uint32).slice(0, count);
    chosen.set(look.sizes.process.pid, new Set(drawn.map((row) => block[row])));
  }
  return chosen;
}
