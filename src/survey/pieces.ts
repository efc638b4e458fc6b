/** An address space in pieces that are drawn at random, for processes of which a part must do. Pure. */
import type { SmapsEntry } from '../formats/proc/smaps.js';
import type { PageGeometry, PageRange } from '../vocabulary/units.js';

/** The parts of an address space that can hold huge pages. */
export interface Pieces {
  /** Mappings that hold at least one whole block; the others can hold no huge page. */
  readonly entries: readonly SmapsEntry[];
  /** Disjoint ranges of at most `blocks` blocks each. */
  readonly ranges: readonly PageRange[];
  readonly blocks: number;
}

/** Blocks of one piece: 64 MiB with 4 KiB pages, of which a scan takes less than a millisecond. */
const BLOCKS: number = 32;
/** With more pieces than this they become larger: vast reservations are nearly empty, and an empty one costs a call. */
const MOST_PIECES = 4096;

/** Returns the pieces of a process's mappings. */
export function piecesOf(all: readonly SmapsEntry[], { pagesPerBlock }: PageGeometry): Pieces {
  const spans = all.flatMap((entry) => {
    const { kind, start, end } = entry.mapping;
    const first = Math.ceil(start / pagesPerBlock);
    const last = Math.floor(end / pagesPerBlock);
    const isMemory = kind === 'anon' || kind === 'shmem' || kind === 'file';
    return isMemory && first < last ? [{ entry, first, last }] : [];
  });
  const total = spans.reduce((sum, { first, last }) => sum + last - first, 0);
  let blocks = BLOCKS;
  while (total / blocks > MOST_PIECES) blocks *= 2;
  const ranges = spans.flatMap(({ first, last }) => {
    const cut: PageRange[] = [];
    for (let from = first; from < last; from = nextCut(from, blocks))
      cut.push({ start: from * pagesPerBlock, end: Math.min(last, nextCut(from, blocks)) * pagesPerBlock });
    return cut;
  });
  return { entries: spans.map(({ entry }) => entry), ranges, blocks };
}

/** The next block that is a multiple of a piece, so that a block's number tells its piece. */
function nextCut(block: number, blocks: number): number {
  return (Math.floor(block / blocks) + 1) * blocks;
}

/** In random order: each order equally likely (Fisher and Yates). */
export function shuffled<Item>(items: readonly Item[], uint32: () => number): Item[] {
  const mixed = [...items];
  for (let at = mixed.length - 1; at > 0; at--) {
    const other = uint32() % (at + 1);
    [mixed[at], mixed[other]] = [mixed[other], mixed[at]];
  }
  return mixed;
}
