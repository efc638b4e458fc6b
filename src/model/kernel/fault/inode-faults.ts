import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { addNewToLru } from '../memory/lru.js';
import { type CachePage, cachePage } from '../memory/shmem.js';
import { ACCESS } from '../state/access-results.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { fits } from '../thp/thp-orders.js';
import { blockStart, dropTable, firstEntry, mapPmd, mapPtes, onePage } from '../translation/entries.js';
import { freshBits, lock } from './anonymous-faults.js';
import { newAnonymousPage } from './copy-on-write.js';
import type { Fault } from './fault.js';

/** Pages around a read fault of a file that are mapped when they are cached (fault_around_bytes, 64 KiB). */
const FAULT_AROUND_BYTES = 65536;

/** A fault on shmem or a file (do_fault()). */
export function inodeFault(kernel: Kernel, fault: Fault, entry: number): Nanoseconds {
  const { mm, vma, page, write } = fault;
  const offset = vma.offsetOf(page);
  const inode = vma.file;
  if (offset >= inode.pages) return ACCESS.segmentationFault;
  const found = cachePage(kernel, kernel.memcgOf(mm), inode, vma, offset);
  if (found.frame < 0) return ACCESS.outOfMemory;
  if (found.major) mm.majorFaults++;
  if (write && (vma.flags & VM.shared) === 0)
    return found.cost + copyPrivately(kernel, fault, entry, found.frame);
  if (write) kernel.folios.set(kernel.folios.headOf(found.frame), FOLIO.dirty);
  if (mapHuge(kernel, fault, found.frame)) return found.cost;
  mapAround(kernel, fault, entry, found);
  return found.cost;
}

/** do_cow_fault(): a write to a private mapping makes an anonymous copy at once. */
function copyPrivately(
  kernel: Kernel,
  { mm, vma, page }: Fault,
  entry: number,
  frame: FrameNumber,
): Nanoseconds {
  const content = kernel.folios.content[frame];
  const made = newAnonymousPage(kernel, mm, vma, page);
  if (made.head < 0) return ACCESS.outOfMemory;
  kernel.folios.content[made.head] = content;
  mapPtes(kernel, mm, entry, onePage(made.head), freshBits(vma, true));
  lock(kernel, vma, made.head);
  addNewToLru(kernel, made.head);
  vma.hasAnonPages = true;
  return made.cost;
}

/** do_set_pmd(): a huge folio of the cache is mapped by PMD where the block is empty and fits. */
export function mapHuge(kernel: Kernel, fault: Fault, frame: FrameNumber): boolean {
  const { mm, vma, page, pmd, write } = fault;
  const { tables, folios, geometry } = kernel;
  const head = folios.headOf(frame);
  if (folios.orderOf(head) !== geometry.hugeOrder || !fits(vma, page, geometry.hugeOrder)) return false;
  if (vma.flags & VM.noHugepage || mm.thpDisable === 'complete') return false;
  if (frame - head !== page - blockStart(kernel, page)) return false;
  if (tables.pmdBits[pmd] & ENTRY.table) {
    if (tables.tableUsed[tables.pmdValue[pmd]] !== 0) return false;
    dropTable(kernel, mm, pmd);
  }
  tables.pmdTableFrame[pmd] = 0;
  mapPmd(kernel, mm, pmd, head, sharedBits(vma, write));
  kernel.counters.count('thp_file_mapped');
  return true;
}

function sharedBits(vma: Vma, write: boolean): number {
  const writable = vma.flags & VM.shared && vma.flags & VM.write ? ENTRY.writable : 0;
  return ENTRY.present | ENTRY.accessed | ENTRY.softDirty | writable | (write ? ENTRY.dirty : 0);
}

/** Neighbours were not touched: not dirty, and young on x86 only (arch_wants_old_prefaulted_pte()). */
function prefaulted(kernel: Kernel, bits: number): number {
  const old = kernel.options.architecture === 'arm64' ? ENTRY.accessed : 0;
  return bits & ~(ENTRY.dirty | old);
}

/**
 * Maps the page. A folio of shmem that was just made is mapped whole where it fits into empty entries
 * (finish_fault()), and a read maps what is cached in the 64 KiB around it (do_fault_around()).
 */
function mapAround(kernel: Kernel, fault: Fault, entry: number, found: CachePage): void {
  const { mm, vma, page, pmd, write } = fault;
  const { folios, geometry } = kernel;
  const head = folios.headOf(found.frame);
  const bits = sharedBits(vma, write);
  const whole = found.fresh || write ? wholeFolio(kernel, vma, page, entry, found.frame) : 1;
  if (whole > 1) {
    const first = entry - (found.frame - head);
    mapPtes(kernel, mm, first, { frame: head, count: whole }, prefaulted(kernel, bits));
    kernel.tables.pteBits[entry] |= bits;
  } else mapPtes(kernel, mm, entry, onePage(found.frame), bits);
  lock(kernel, vma, head);
  if (write) return;
  const size = Math.min(FAULT_AROUND_BYTES / geometry.pageBytes, geometry.pagesPerBlock);
  const from = Math.max(page - (page % size), vma.start);
  const to = Math.min(page - (page % size) + size, vma.end);
  const first = firstEntry(kernel, pmd);
  for (let around = from; around < to; around++) {
    const other = vma.file.frameAt(vma.offsetOf(around));
    const slot = first + (around % geometry.pagesPerBlock);
    if (other < 0 || kernel.tables.pteBits[slot] !== 0) continue;
    mapPtes(kernel, mm, slot, onePage(other), prefaulted(kernel, bits));
  }
}

/** Pages of a shmem folio that can be mapped at once around `page`: all of them or one. */
function wholeFolio(kernel: Kernel, vma: Vma, page: PageNumber, entry: number, frame: FrameNumber): number {
  const { folios, tables, geometry } = kernel;
  const head = folios.headOf(frame);
  const pages = folios.pagesOf(head);
  if (pages === 1 || vma.file.kind !== 'shmem') return 1;
  const start = page - (frame - head);
  if (start < vma.start || start + pages > vma.end) return 1;
  if (start < blockStart(kernel, page) || start + pages > blockStart(kernel, page) + geometry.pagesPerBlock)
    return 1;
  const first = entry - (frame - head);
  for (let e = first; e < first + pages; e++) if (tables.pteBits[e] !== 0) return 1;
  return pages;
}
