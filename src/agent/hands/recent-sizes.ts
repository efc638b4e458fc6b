/** Page sizes of the last few looks: samples that follow need no second one, which would hold the process's mmap_lock again. */
import type { Clock } from '../../host/host.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { ProcessRef } from './protocol.js';

/** What is older is no longer how memory looks. */
const FRESH_MS: Milliseconds = 30_000;
/** Block tables that are kept: one of 64 GiB takes 1.5 MB. */
const MOST_ROWS = 1_000_000;

interface Kept {
  readonly sizes: PageSizes;
  readonly atNs: number;
}

/** A small cache of page sizes by process, bounded in rows and in age. */
export class RecentSizes {
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  #rows = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  keep(process: ProcessRef, sizes: PageSizes): void {
    this.take(process);
    if (sizes.blocks.count > MOST_ROWS) return;
    this.#kept.set(keyOf(process), { sizes, atNs: this.#clock.monotonicNs() });
    this.#rows += sizes.blocks.count;
    for (const [key, { sizes: oldest }] of this.#kept) {
      if (this.#rows <= MOST_ROWS) break;
      this.#kept.delete(key);
      this.#rows -= oldest.blocks.count;
    }
  }

  /** The sizes, once; undefined when there are none, or they are old. */
  take(process: ProcessRef): PageSizes | undefined {
    const key = keyOf(process);
    const found = this.#kept.get(key);
    if (found === undefined) return undefined;
    this.#kept.delete(key);
    this.#rows -= found.sizes.blocks.count;
    return this.#clock.monotonicNs() - found.atNs < FRESH_MS * 1e6 ? found.sizes : undefined;
  }
}

function keyOf({ pid, startTicks }: ProcessRef): string {
  return `${pid}/${startTicks}`;
}
