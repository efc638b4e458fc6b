import type { Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { freeIfUnused } from '../memory/allocation.js';
import { addNewToLru } from '../memory/lru.js';
import { countSwapIn } from '../memory/shmem.js';
import { ACCESS } from '../state/access-results.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { clearEntries, mapPtes, onePage } from '../translation/entries.js';
import { releaseSwapEntry } from '../translation/zap.js';
import { freshBits, lock } from './anonymous-faults.js';
import { newAnonymousPage } from './copy-on-write.js';

/** A page comes back from swap (do_swap_page()), as a base page of the process that touched it. */
export function swapFault(kernel: Kernel, mm: Mm, vma: Vma, page: PageNumber, entry: number): Nanoseconds {
  const { tables, folios, swap } = kernel;
  const slot = tables.pteValue[entry];
  const content = swap.content[slot];
  const compressed = swap.compressed[slot] === 1;
  const made = newAnonymousPage(kernel, mm, vma, page);
  if (made.head < 0) return ACCESS.outOfMemory;
  if (tables.pteValue[entry] !== slot || (tables.pteBits[entry] & ENTRY.swap) === 0) {
    freeIfUnused(kernel, made.head);
    return made.cost;
  }
  folios.content[made.head] = content;
  releaseSwapEntry(kernel, mm, entry);
  clearEntries(kernel, entry, 1);
  mapPtes(kernel, mm, entry, onePage(made.head), freshBits(vma, (vma.flags & VM.write) !== 0));
  lock(kernel, vma, made.head);
  addNewToLru(kernel, made.head);
  kernel.counters.count('pgmajfault');
  kernel.memcgOf(mm).count('pgmajfault');
  mm.majorFaults++;
  mm.minorFaults--;
  return made.cost + countSwapIn(kernel, kernel.memcgOf(mm), content, compressed);
}
