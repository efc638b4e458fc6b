import type { FrameNumber, Nanoseconds, PageNumber } from '../../vocabulary/units.js';
import { ACCESS } from './access-results.js';
import { freshBits, lock } from './anonymous-faults.js';
import { newAnonymousPage } from './copy-on-write.js';
import { blockStart, dropTable, firstEntry, mapPmd, mapPtes } from './entries.js';
import type { Kernel } from './kernel.js';
import { addToLru } from './lru.js';
import { type Mm, VM, type Vma } from './mm.js';
import { ENTRY } from './page-tables.js';
import { cachePage } from './shmem.js';
import { fits } from './thp-orders.js';

/** Pages around a read fault of a file that are mapped when they are cached (fault_around_bytes, 64 KiB). */
const FAULT_AROUND_BYTES = 65536;

/** A fault on shmem or a file (do_fault()). */
export function inodeFault(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: PageNumber,
  pmd: number,
  entry: number,
  write: boolean,
): Nanoseconds {
  const offset = vma.offsetOf(page);
  if (offset >= vma.inode!.pages) return ACCESS.segmentationFault;
  const found = cachePage(kernel, kernel.memcgOf(mm), vma.inode!, vma, offset);
  if (found.frame < 0) return ACCESS.outOfMemory;
  if (found.major) mm.majorFaults++;
  if (write && (vma.flags & VM.shared) === 0)
    return found.cost + copyPrivately(kernel, mm, vma, page, entry, found.frame);
  if (mapHuge(kernel, mm, vma, page, pmd, found.frame, write)) return found.cost;
  mapAround(kernel, mm, vma, page, entry, found.frame, write);
  return found.cost;
}

/** do_cow_fault(): a write to a private mapping makes an anonymous copy at once. */
function copyPrivately(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: PageNumber,
  entry: number,
  frame: FrameNumber,
): Nanoseconds {
  const content = kernel.folios.content[frame];
  const made = newAnonymousPage(kernel, mm, vma, page);
  if (made.head < 0) return ACCESS.outOfMemory;
  kernel.folios.content[made.head] = content;
  mapPtes(kernel, mm, entry, made.head, 1, freshBits(vma, true));
  lock(kernel, vma, made.head);
  addToLru(kernel, made.head);
  vma.hasAnonPages = true;
  return made.cost;
}

/** do_set_pmd(): a huge folio of the cache is mapped by PMD where the block is empty and fits. */
export function mapHuge(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: PageNumber,
  pmd: number,
  frame: FrameNumber,
  write: boolean,
): boolean {
  const { tables, folios, geometry } = kernel;
  const head = folios.headOf(frame);
  if (folios.orderOf(head) !== geometry.hugeOrder || !fits(vma, page, geometry.hugeOrder)) return false;
  if (vma.flags & VM.noHugepage || mm.thpDisable === 'complete') return false;
  if (frame - head !== page - blockStart(kernel, page)) return false;
  if (tables.pmdBits[pmd] & ENTRY.table) {
    if (tables.tableUsed[tables.pmdValue[pmd]] !== 0) return false;
    dropTable(kernel, mm, pmd);
  }
  mapPmd(kernel, mm, pmd, head, sharedBits(vma, write), 0);
  kernel.counters.count('thp_file_mapped');
  return true;
}

function sharedBits(vma: Vma, write: boolean): number {
  const writable = vma.flags & VM.shared && vma.flags & VM.write ? ENTRY.writable : 0;
  return ENTRY.present | ENTRY.accessed | ENTRY.softDirty | writable | (write ? ENTRY.dirty : 0);
}

/** Maps the page, and with it the rest of its folio or the cached pages around it, where entries are empty. */
function mapAround(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: PageNumber,
  entry: number,
  frame: FrameNumber,
  write: boolean,
): void {
  const { folios, geometry } = kernel;
  mapPtes(kernel, mm, entry, frame, 1, sharedBits(vma, write));
  lock(kernel, vma, folios.headOf(frame));
  const wanted = Math.max(folios.pagesOf(frame), write ? 1 : FAULT_AROUND_BYTES / geometry.pageBytes);
  const size = Math.min(wanted, geometry.pagesPerBlock);
  const from = Math.max(page - (page % size), vma.start);
  const to = Math.min(page - (page % size) + size, vma.end);
  const pmd = kernel.tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const first = firstEntry(kernel, pmd);
  for (let around = from; around < to; around++) {
    const other = vma.inode!.frameAt(vma.offsetOf(around));
    const slot = first + (around % geometry.pagesPerBlock);
    if (other < 0 || kernel.tables.pteBits[slot] !== 0) continue;
    // Only the page that was asked for is young; its neighbours were not touched (prefault).
    mapPtes(kernel, mm, slot, other, 1, sharedBits(vma, write) & ~(ENTRY.accessed | ENTRY.dirty));
  }
}
