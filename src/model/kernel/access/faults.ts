import type { Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { anonymousFault, type HugeFault, hugeAnonymousFault } from '../fault/anonymous-faults.js';
import { hugeWriteProtectFault, writeProtectFault } from '../fault/copy-on-write.js';
import type { Fault } from '../fault/fault.js';
import { inodeFault } from '../fault/inode-faults.js';
import { swapFault } from '../fault/swap-in.js';
import { ACCESS } from '../state/access-results.js';
import type { Kernel } from '../state/kernel.js';
import type { Memcg } from '../state/memcg.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { allowedOrders, fits } from '../thp/thp-orders.js';
import { ensureTable } from '../translation/entries.js';
import { killForMemory } from './oom.js';

/**
 * One page fault (handle_mm_fault()). Returns what it costs, or a negative ACCESS value. The access is then to be
 * tried again: a fault may do only a part of what the access needs, such as splitting a huge mapping. A fault that
 * finds no memory kills a process; when that is its own, it returns outOfMemory and `mm` is gone.
 */
export function handleFault(kernel: Kernel, mm: Mm, page: PageNumber, write: boolean): Nanoseconds {
  const vma = mm.vmaOf(page);
  if (vma === undefined || !permits(vma, write)) return ACCESS.segmentationFault;
  countFault(kernel, mm);
  const cost = faultIn(kernel, mm, vma, page, write);
  if (cost !== ACCESS.outOfMemory) return cost;
  return killForMemory(kernel, mm) ? kernel.costs.fault : cost;
}

function faultIn(kernel: Kernel, mm: Mm, vma: Vma, page: PageNumber, write: boolean): Nanoseconds {
  const pmd = kernel.tables.ensurePmd(mm, Math.floor(page / kernel.geometry.pagesPerBlock));
  const fault = { mm, vma, page, write, pmd };
  const huge = hugeFault(kernel, fault);
  if (huge.mapped) return huge.cost + kernel.costs.fault;
  if (!ensureTable(kernel, mm, pmd)) return ACCESS.outOfMemory;
  const cost = pageFault(kernel, fault);
  return cost < 0 ? cost : huge.cost + cost + kernel.costs.fault;
}

/** The fault goes on to the PTE level. */
const NOT_HUGE: HugeFault = { mapped: false, cost: 0 };
/** The PMD serves the access already. */
const SERVED: HugeFault = { mapped: true, cost: 0 };

function permits(vma: Vma, write: boolean): boolean {
  if (vma.flags & VM.special) return false;
  return (vma.flags & (write ? VM.write : VM.read | VM.exec)) !== 0;
}

function countFault(kernel: Kernel, mm: Mm): void {
  // Written out: a counter named by a variable costs more than the rest of a fault's bookkeeping.
  kernel.counters.events.pgfault++;
  for (let memcg: Memcg | undefined = kernel.memcgOf(mm); memcg !== undefined; memcg = memcg.parent)
    memcg.events.pgfault++;
  mm.minorFaults++;
}

/** What happens at the PMD level. */
function hugeFault(kernel: Kernel, fault: Fault): HugeFault {
  const { mm, vma, page, pmd, write } = fault;
  const { tables, geometry } = kernel;
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) {
    if (!write || (bits & ENTRY.writable) !== 0) return SERVED;
    return { mapped: true, cost: hugeWriteProtectFault(kernel, fault) };
  }
  if (bits & ENTRY.table || !vma.isAnonymous || vma.flags & VM.uffdMissing) return NOT_HUGE;
  const allowed = (allowedOrders(kernel, mm, vma, 'fault') & (1 << geometry.hugeOrder)) !== 0;
  if (!allowed || !fits(vma, page, geometry.hugeOrder)) return NOT_HUGE;
  return hugeAnonymousFault(kernel, fault);
}

function pageFault(kernel: Kernel, fault: Fault): Nanoseconds {
  const { mm, vma, page, pmd, write } = fault;
  const { tables } = kernel;
  const entry = tables.pteOf(pmd, page);
  const bits = tables.pteBits[entry];
  if (bits & ENTRY.guard) return ACCESS.segmentationFault;
  if (bits & ENTRY.swap) return swapFault(kernel, mm, vma, page, entry);
  if (bits & ENTRY.present)
    return write && (bits & ENTRY.writable) === 0 ? writeProtectFault(kernel, fault, entry) : 0;
  return vma.isAnonymous ? anonymousFault(kernel, fault, entry) : inodeFault(kernel, fault, entry);
}
