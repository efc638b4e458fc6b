/**
 * Zero-filled sub-pages inside huge pages, by block, as the last look at each found them: a turn reads some blocks again, and
 * what earlier ones read of the others still stands. Bounded.
 */
import { readableBlocks } from '../../sources/occupancy.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { BlockNumber, Bytes, Pages } from '../../vocabulary/units.js';

/** Blocks that are remembered of all targets together: 512 GiB of memory in huge pages of 2 MiB. */
const MOST_BLOCKS = 262_144;

/** What is known to be empty in the huge pages of each target. */
export class KnownContent {
  readonly #targets = new Map<string, ReadonlyMap<string, ReadonlyMap<BlockNumber, Pages>>>();

  /** Bytes of a target's huge pages that hold nothing but zeroes; undefined while some have not been read. */
  note(target: string, sizes: readonly PageSizes[], heat: readonly HotMap[]): Bytes | undefined {
    const before = this.#targets.get(target);
    this.#targets.delete(target);
    const now = new Map<string, ReadonlyMap<BlockNumber, Pages>>();
    let empty: Bytes | undefined = 0;
    for (const one of sizes) {
      const { pid, startTicks } = one.process;
      const key = `${pid} ${startTicks}`;
      const map = heat.find(({ process }) => process.pid === pid);
      const { known, isWhole } = knownOf(one, map, before?.get(key));
      now.set(key, known);
      const pages = [...known.values()].reduce((sum, zero) => sum + zero, 0);
      empty = isWhole && empty !== undefined ? empty + pages * one.geometry.pageBytes : undefined;
    }
    this.#keep(target, now);
    return empty;
  }

  #keep(target: string, now: ReadonlyMap<string, ReadonlyMap<BlockNumber, Pages>>): void {
    this.#targets.set(target, now);
    for (const oldest of this.#targets.keys()) {
      if (this.#size <= MOST_BLOCKS) return;
      this.#targets.delete(oldest);
    }
  }

  get #size(): number {
    const all = [...this.#targets.values()].flatMap((processes) => [...processes.values()]);
    return all.reduce((sum, { size }) => sum + size, 0);
  }
}

/** Blocks that can be read are those that count; those that are not huge any more are forgotten. */
function knownOf(
  sizes: PageSizes,
  heat: HotMap | undefined,
  before: ReadonlyMap<BlockNumber, Pages> | undefined,
): { readonly known: ReadonlyMap<BlockNumber, Pages>; readonly isWhole: boolean } {
  const { blocks, geometry } = sizes;
  const known = new Map<BlockNumber, Pages>();
  const { rows } = readableBlocks(sizes);
  for (const row of rows) {
    const block = blocks.block[row];
    const filled = heat?.block(block)?.filled;
    const zero = filled === undefined ? before?.get(block) : geometry.pagesPerBlock - filled;
    if (zero !== undefined) known.set(block, zero);
  }
  return { known, isWhole: known.size === rows.length };
}
