/** Gains and costs of an action on one block, as far as page sizes and content tell. */
import type { Cost, Gain } from '../vocabulary/plan.js';
import { MIB, type Order, type PageGeometry, type Pages } from '../vocabulary/units.js';
import type { CostModel } from './policy.js';

export interface SplitFacts {
  readonly targetOrder: Order;
  /** Sub-pages known to hold only zeroes; freed by a split to order 0 only. */
  readonly zeroPages: Pages;
  /** Sub-pages that become visible as cold. */
  readonly coldPages: Pages;
}

export function splitGain(facts: SplitFacts, geometry: PageGeometry): Gain {
  return {
    returnedBytes: facts.targetOrder === 0 ? facts.zeroPages * geometry.pageBytes : 0,
    reclaimableBytes: facts.coldPages * geometry.pageBytes,
    // One PMD entry reached the whole block; afterwards one entry reaches 2^order pages.
    tlbReachBytes: 2 ** facts.targetOrder * geometry.pageBytes - geometry.blockBytes,
  };
}

export function splitCost(facts: SplitFacts, geometry: PageGeometry, costs: CostModel): Cost {
  const zeroMiB = facts.targetOrder === 0 ? (facts.zeroPages * geometry.pageBytes) / MIB : 0;
  const durationUs = geometry.pagesPerBlock * costs.splitPageUs + zeroMiB * costs.splitZeroMiBUs;
  // All pages of the folio are migration entries for about the whole split: any toucher waits that long.
  return { durationUs, lockUs: durationUs, copiedBytes: 0, grownBytes: 0 };
}

export function collapseGain(targetOrder: Order, geometry: PageGeometry): Gain {
  return {
    returnedBytes: 0,
    reclaimableBytes: 0,
    tlbReachBytes: (2 ** targetOrder - 1) * geometry.pageBytes,
  };
}

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
