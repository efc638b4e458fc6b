import type { Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { markReferenced } from '../memory/lru.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { handleFault } from './faults.js';

/** Faults a page in without counting as an access by the program. Returns the cost, or a negative ACCESS value. */
export function touch(kernel: Kernel, mm: Mm, page: PageNumber, write: boolean): Nanoseconds {
  const { tables, geometry } = kernel;
  const needed = write ? ENTRY.present | ENTRY.writable : ENTRY.present;
  let cost = 0;
  for (let round = 0; round < 8; round++) {
    const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
    const bits =
      tables.pmdBits[pmd] & ENTRY.present ? tables.pmdBits[pmd] : tables.pteBits[tables.pteOf(pmd, page)];
    if ((bits & needed) === needed) return cost;
    const fault = handleFault(kernel, mm, page, write);
    if (fault < 0) return fault;
    cost += fault;
  }
  throw new Error(`assertion failed: page ${page} faults for ever`);
}

/**
 * What get_user_pages() leaves at a page it was told to touch (FOLL_TOUCH): a page mapped by a PTE has its folio
 * marked accessed. A huge mapping gets its bits only where the hardware's rules let them be set: for a write, and
 * on arm64 for a read, too.
 */
export function markTouched(kernel: Kernel, mm: Mm, page: PageNumber, write: boolean): void {
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  if (tables.pmdBits[pmd] & ENTRY.present) {
    if (write) tables.pmdBits[pmd] |= ENTRY.accessed | ENTRY.dirty;
    else if (kernel.options.architecture === 'arm64') tables.pmdBits[pmd] |= ENTRY.accessed;
    return;
  }
  const entry = tables.pteOf(pmd, page);
  if ((tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) === ENTRY.present)
    markReferenced(kernel, folios.headOf(tables.pteValue[entry]));
}

/** Makes pages [start, end) resident (populate_vma_page_range()): the cost, or the first failure. */
export function populate(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  write: boolean,
): Nanoseconds {
  let cost = 0;
  for (let page = start; page < end; page++) {
    const touched = touch(kernel, mm, page, write);
    if (touched < 0) return touched;
    cost += touched;
    markTouched(kernel, mm, page, write);
  }
  return cost;
}

/** The same for every mapping of a range that was locked: for writing where it is private and writable (mm_populate()). */
export function populateLocked(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  let cost = 0;
  for (const vma of mm.vmas) {
    const [from, to] = [Math.max(start, vma.start), Math.min(end, vma.end)];
    if (from >= to || vma.flags & VM.special || (vma.flags & (VM.read | VM.write | VM.exec)) === 0) continue;
    const write = (vma.flags & (VM.write | VM.shared)) === VM.write;
    cost += Math.max(0, populate(kernel, mm, from, to, write));
  }
  return cost;
}
