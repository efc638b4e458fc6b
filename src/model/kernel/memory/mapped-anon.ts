/** Anonymous pages that are mapped (NR_ANON_MAPPED): what memory.stat and meminfo call anonymous memory. */
import type { Pages } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';

/** Of one cgroup, without those below. Partly unmapped folios stay charged whole and count by their mapped pages. */
export function mappedAnon(kernel: Kernel, memcg: Memcg): Pages {
  const { folios } = kernel;
  let unmapped = 0;
  for (const head of memcg.deferred) {
    if (!folios.has(head, FOLIO.partiallyMapped)) continue;
    const end = head + folios.pagesOf(head);
    for (let frame = head; frame < end; frame++) if (folios.mapCount(frame) === 0) unmapped++;
  }
  return memcg.anon - unmapped;
}
