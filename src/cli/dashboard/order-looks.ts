/**
 * Folio orders of blocks on the live map. Which blocks huge pages map is told by page tables at once; frames of what is mapped page by
 * page cost up to 50 µs each, so blocks are looked at in turn, as far as a look has time, and the others are shown as they were.
 */

import type { SeenBlock } from '../../dashboard/map/live-map.js';
import type { SmapsEntry } from '../../formats/proc/smaps.js';
import type { Host } from '../../host/host.js';
import { observe } from '../../verification/observe.js';
import type { BlockColumns, PageSizes } from '../../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { type BlockNumber, blockToPage, type Milliseconds, type ProcessId } from '../../vocabulary/units.js';

/** For the orders of one process in one look. */
const MOST_MS: Milliseconds = 40;
/** Blocks that are looked at before it is seen whether there is time for more. */
const AT_ONCE = 4;

interface KnownOrders {
  readonly startTicks: number;
  readonly orders: Map<BlockNumber, number>;
  /** The block that the last look ended at. */
  next: BlockNumber;
}

/** Remembers orders, and looks at some anew each time. */
export class OrderLooks {
  readonly #known = new Map<ProcessId, KnownOrders>();

  /** The blocks with what is known of their orders. */
  seen(
    host: Host,
    process: ProcessIdentity,
    entries: readonly SmapsEntry[],
    blocks: readonly SeenBlock[],
  ): readonly SeenBlock[] {
    const known = this.#of(process);
    const small = blocks.filter(({ isHuge }) => !isHuge).map(({ block }) => block);
    const isThere = new Set(small);
    for (const block of known.orders.keys()) if (!isThere.has(block)) known.orders.delete(block);
    this.#look(host, process, entries, { known, small });
    const { hugeOrder } = host.identity.geometry;
    return blocks.map((one) => ({ ...one, order: one.isHuge ? hugeOrder : known.orders.get(one.block) }));
  }

  /** Forgets all processes but these. */
  keep(pids: ReadonlySet<ProcessId>): void {
    for (const pid of this.#known.keys()) if (!pids.has(pid)) this.#known.delete(pid);
  }

  #of({ pid, startTicks }: ProcessIdentity): KnownOrders {
    const found = this.#known.get(pid);
    if (found?.startTicks === startTicks) return found;
    const fresh = { startTicks, orders: new Map(), next: 0 };
    this.#known.set(pid, fresh);
    return fresh;
  }

  #look(
    host: Host,
    { pid }: ProcessIdentity,
    entries: readonly SmapsEntry[],
    { known, small }: { readonly known: KnownOrders; readonly small: readonly BlockNumber[] },
  ): void {
    const nowMs = () => host.clock.monotonicNs() / 1e6;
    const endMs = nowMs() + MOST_MS;
    const from = Math.max(
      0,
      small.findIndex((block) => block >= known.next),
    );
    const inTurn = [...small.slice(from), ...small.slice(0, from)];
    for (let at = 0; at < inTurn.length && nowMs() < endMs; at += AT_ONCE) {
      const some = inTurn.slice(at, at + AT_ONCE).sort((a, b) => a - b);
      const { geometry } = host.identity;
      const ranges = some.map((block) => ({
        start: blockToPage(block, geometry),
        end: blockToPage(block + 1, geometry),
      }));
      const { sizes } = observe(host, pid, { ranges, entries });
      if (!sizes.ordersKnown) return;
      for (const [block, order] of meanOrders(sizes)) known.orders.set(block, order);
      known.next = (inTurn[at + AT_ONCE] ?? inTurn[0]) as BlockNumber;
    }
  }
}

/** Parts of a block whose folios are told one by one: 16 KiB of 2 MiB. */
const PARTS = 128;

/** Mean folio order of each part of the block of a page, null where no memory is; empty where orders cannot be seen. Throws TARGET_GONE. */
export function ordersInBlock(host: Host, pid: number, page: number): readonly (number | null)[] {
  const { geometry } = host.identity;
  const first = Math.floor(page / geometry.pagesPerBlock) * geometry.pagesPerBlock;
  const pages = Math.max(1, geometry.pagesPerBlock / PARTS);
  const parts: (number | null)[] = [];
  let entries: readonly SmapsEntry[] | undefined;
  for (let at = first; at < first + geometry.pagesPerBlock; at += pages) {
    const options = {
      ranges: [{ start: at, end: at + pages }],
      ...(entries === undefined ? {} : { entries }),
    };
    const seen = observe(host, pid, options);
    if (!seen.sizes.ordersKnown) return [];
    entries = seen.entries;
    parts.push([...meanOrders(seen.sizes).values()][0] ?? null);
  }
  return parts;
}

/** Mean order of the memory of each block, page by page; several mappings of a block count together. */
export function meanOrders({ blocks }: PageSizes): ReadonlyMap<BlockNumber, number> {
  const sums = new Map<BlockNumber, { pages: number; orders: number }>();
  for (let row = 0; row < blocks.count; row++) {
    const sum = sums.get(blocks.block[row]) ?? { pages: 0, orders: 0 };
    sums.set(blocks.block[row], sum);
    addRow(sum, blocks, row);
  }
  const known = [...sums].filter(([, { pages }]) => pages > 0);
  return new Map(known.map(([block, { pages, orders }]) => [block, orders / pages]));
}

function addRow(sum: { pages: number; orders: number }, blocks: BlockColumns, row: number): void {
  for (let order = 0; order < blocks.orders; order++) {
    const pages = blocks.pagesByOrder[row * blocks.orders + order];
    sum.pages += pages;
    sum.orders += pages * order;
  }
}
