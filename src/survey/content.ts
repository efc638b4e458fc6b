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

/** How much may be read of a process. */
export interface ReadBudget {
  readonly bytes: Bytes;
  /** What a read of one block takes under the lock. */
  readonly blockNs: Nanoseconds;
}

/** With fewer than this of a process its interval says nothing. */
const LEAST_BLOCKS = 4;

/**
 * Blocks to read, by process, drawn at random: a few of each first, in their order, and the rest by how many there are. Of
 * a process whose lock allows less than a few none is read.
 */
export function drawBlocks(
  all: readonly Readable[],
  { bytes, blockNs }: ReadBudget,
  uint32: () => number,
): ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>> {
  const found = all.map(({ look, lockNs }) => {
    const { rows } = readableBlocks(look.sizes);
    const most = Math.min(rows.length, Math.floor(lockNs / blockNs));
    const least = Math.min(LEAST_BLOCKS, rows.length);
    return { look, rows, least, most: most < least ? 0 : most };
  });
  let left = Math.floor(bytes / (all[0]?.look.sizes.geometry.blockBytes ?? 1));
  const few = found.map(({ least, most }) => {
    const count = most === 0 || left < least ? 0 : least;
    left -= count;
    return count;
  });
  const wanted = found.map(({ most }, index) => (few[index] === 0 ? 0 : most - few[index]));
  const share = Math.min(
    1,
    left /
      Math.max(
        1,
        wanted.reduce((sum, more) => sum + more, 0),
      ),
  );
  return new Map(
    found.flatMap(({ look, rows }, index) => {
      const count = few[index] + Math.floor(wanted[index] * share);
      if (count === 0) return [];
      const { block } = look.sizes.blocks;
      const drawn = shuffled(rows, uint32).slice(0, count);
      return [[look.sizes.process.pid, new Set(drawn.map((row) => block[row]))] as const];
    }),
  );
}
