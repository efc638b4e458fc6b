import type { Order, Pages } from '../vocabulary/units.js';

/** Share of the coldness found page by page that a coarser split must still set free. */
const KEPT_COLDNESS = 0.9;

/** Sub-pages that lie in pieces of 2^order pages without a single page in use. */
export function coldPagesAt(inUse: Uint8Array, order: Order, pages: Pages): Pages {
  const piece = 2 ** order;
  let cold = 0;
  for (let start = 0; start < pages; start += piece) {
    let used = false;
    for (let page = start; page < start + piece && !used; page++) used = isSet(inUse, page);
    if (!used) cold += piece;
  }
  return cold;
}

/**
 * Largest order whose wholly cold pieces still hold 90 % of the cold sub-pages: larger pieces keep contiguity for
 * the TLB (contpte from order 4 with 4 KiB pages, hardware coalescing from order 2) and cost fewer pages to manage.
 * Only orders in `reachable` (ascending) are taken; order 0 stands in when none of them will do.
 */
export function chooseSplitOrder(inUse: Uint8Array, pages: Pages, reachable: readonly Order[]): Order {
  const atOnce = coldPagesAt(inUse, 0, pages);
  const below = reachable.filter((order) => order < Math.log2(pages));
  return below.findLast((order) => coldPagesAt(inUse, order, pages) >= KEPT_COLDNESS * atOnce) ?? 0;
}

function isSet(bitmap: Uint8Array, page: number): boolean {
  return (bitmap[page >> 3] & (1 << (page & 7))) !== 0;
}
