import type { Order } from '../../../vocabulary/units.js';
import { killForMemory } from '../access/oom.js';
import { type Allocation, allocateFolio, EFFORT, type Effort, type FolioKind } from '../memory/allocation.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';

/** The highest order for which the page allocator and the memory controller kill (PAGE_ALLOC_COSTLY_ORDER). */
const COSTLY_ORDER = 3;

/**
 * The folio that a collapse wants (alloc_charge_folio()). It allocates as for a huge page, for which the OOM killer does not run.
 * But up to COSTLY_ORDER it does, again and again until there is memory: unless the kernel spares tasks.
 */
export function allocateForCollapse(
  kernel: Kernel,
  mm: Mm,
  kind: FolioKind,
  order: Order,
  direct: boolean,
): Allocation {
  const effort: Effort = direct ? EFFORT.khugepaged : EFFORT.light;
  const memcg = kernel.memcgOf(mm);
  let made = allocateFolio(kernel, order, memcg, kind, effort);
  if (!direct || order > COSTLY_ORDER || kernel.collapseSparesTasks) return made;
  while (made.failure !== undefined && killForMemory(kernel, mm, 2 ** order)) {
    const again = allocateFolio(kernel, order, memcg, kind, effort);
    made = { ...again, cost: made.cost + again.cost };
  }
  return made;
}
