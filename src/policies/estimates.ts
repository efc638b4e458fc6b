/** Gains and costs of an action on one block, as far as page sizes and content tell. */

import { unmappedPages } from '../vocabulary/page-sizes.js';
import type { Cost, Gain } from '../vocabulary/plan.js';
import { MIB, type Order, type PageGeometry, type Pages } from '../vocabulary/units.js';
import type { CostModel, PolicyInput } from './policy.js';

/** What an estimate of a split needs to know of its block. */
export interface SplitFacts {
  readonly targetOrder: Order;
  /** Whether one PMD entry maps the block; page by page there is no translation to lose. */
  readonly mappedByPmd: boolean;
  /** Sub-pages that a split to order 0 frees; undefined when that is not known. See `freedPages`. */
  readonly freed: Pages | undefined;
  /** Sub-pages that become visible as cold. */
  readonly coldPages: Pages;
}

/**
 * Pages of a row that a split to an order frees; where the content was not read, only those that no process maps; undefined
 * when nothing is known. A split to order 0 frees zero-filled
 * pages of anonymous folios and pages that no process maps; memory of shmem and files stays in the page cache.
 */
export function freedPages(input: PolicyInput, row: number, targetOrder: Order): Pages | undefined {
  const { blocks, mappings } = input.sizes;
  if (mappings[blocks.mapping[row]].kind !== 'anon') return 0;
  const unmapped = unmappedPages(blocks, row);
  // How the unmapped pages lie in their folio is not known, so neither is which pieces of it no process maps.
  if (targetOrder > 0) return unmapped === 0 ? 0 : undefined;
  const zero = zeroFilledPages(input, row);
  if (zero === undefined) return unmapped === 0 ? undefined : unmapped;
  return zero + (unmapped ?? 0);
}

/** Zero-filled pages of a row that lie in large folios, at least; undefined when its content was not read. */
export function zeroFilledPages({ sizes, heat }: PolicyInput, row: number): Pages | undefined {
  const { blocks } = sizes;
  const filled = heat?.block(blocks.block[row])?.filled;
  if (filled === undefined) return undefined;
  // Base pages are no part of a split; those that are zero-filled stay.
  const base = blocks.pagesByOrder[row * blocks.orders];
  return Math.max(0, blocks.present[row] - filled - base);
}

/** Returns the bytes and TLB reach that a split brings; unknown bytes are null. */
export function splitGain(facts: SplitFacts, geometry: PageGeometry): Gain {
  return {
    returnedBytes: facts.freed === undefined ? null : facts.freed * geometry.pageBytes,
    reclaimableBytes: facts.coldPages * geometry.pageBytes,
    // One PMD entry reached the whole block; afterwards one entry reaches 2^order pages.
    tlbReachBytes: facts.mappedByPmd ? 2 ** facts.targetOrder * geometry.pageBytes - geometry.blockBytes : 0,
  };
}

/** Returns the expected time of a split, which is also the time that its pages are locked. */
export function splitCost(facts: SplitFacts, geometry: PageGeometry, costs: CostModel): Cost {
  const freedMiB = ((facts.freed ?? 0) * geometry.pageBytes) / MIB;
  const durationUs = geometry.pagesPerBlock * costs.splitPageUs + freedMiB * costs.splitZeroMiBUs;
  // All pages of the folio are migration entries for about the whole split: any toucher waits that long.
  return { durationUs, lockUs: durationUs, copiedBytes: 0, grownBytes: 0 };
}

/** Returns the TLB reach that a collapse brings, in bytes. */
export function collapseGain(targetOrder: Order, geometry: PageGeometry): Gain {
  return {
    returnedBytes: 0,
    reclaimableBytes: 0,
    tlbReachBytes: (2 ** targetOrder - 1) * geometry.pageBytes,
  };
}

/** Returns the expected time of a collapse, the bytes that it copies and those that it adds. */
export function collapseCost(present: Pages, geometry: PageGeometry, costs: CostModel): Cost {
  const durationUs = (geometry.blockBytes / MIB) * costs.collapseMiBUs;
  // mmap_lock is held for reading while the LRU is drained and the table is scanned, and for writing while pages are copied.
  return {
    durationUs,
    lockUs: durationUs,
    copiedBytes: present * geometry.pageBytes,
    grownBytes: (geometry.pagesPerBlock - present) * geometry.pageBytes,
  };
}
