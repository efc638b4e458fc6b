import type { PageNumber } from '../../../vocabulary/units.js';
import { touch } from '../access/populate.js';
import { freeIfUnused } from '../memory/allocation.js';
import { returnToLru } from '../reclaim/reclaim.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';

/**
 * Takes `count` extra references to the folio of a page (GUP, vmsplice, O_DIRECT), faulting it in for writing.
 * Returns its head, or −1 when the page cannot be had. A pinned folio is neither split, collapsed, moved nor
 * reclaimed.
 */
export function pin(kernel: Kernel, mm: Mm, page: PageNumber, count = 1): number {
  if (touch(kernel, mm, page, true) < 0) return -1;
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const huge = tables.pmdBits[pmd] & ENTRY.present;
  const head = huge ? tables.pmdValue[pmd] : folios.headOf(tables.pteValue[tables.pteOf(pmd, page)]);
  folios.pins[head] += count;
  folios.set(head, FOLIO.referenced);
  kernel.counters.count('nr_foll_pin_acquired', count);
  return head;
}

/** Gives references back. A folio that was unmapped meanwhile is freed with the last of them. */
export function unpin(kernel: Kernel, head: number, count = 1): void {
  kernel.folios.pins[head] -= count;
  kernel.counters.count('nr_foll_pin_released', count);
  if (kernel.folios.pins[head] > 0) return;
  if (kernel.folios.has(head, FOLIO.isolated)) returnToLru(kernel, head);
  freeIfUnused(kernel, head);
}
