import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { allocateFolio, EFFORT, freeIfUnused } from '../memory/allocation.js';
import { addNewToLru } from '../memory/lru.js';
import { ACCESS } from '../state/access-results.js';
import { FOLIO, PAGE } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { changePte, clearEntries, mapPtes, onePage, unmapPtes } from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { ANON, copying, freshBits, lock, mapHugeFolio, zeroing } from './anonymous-faults.js';
import type { Fault, FaultingPage } from './fault.js';

/**
 * A write to a PMD mapping that is not writable (do_huge_pmd_wp_page()): reused when this process is the only one,
 * otherwise the mapping is split and the page copied by the PTE fault that follows. There is no huge copy.
 */
export function hugeWriteProtectFault(kernel: Kernel, fault: Fault): Nanoseconds {
  const { mm, vma, page, pmd } = fault;
  const { tables, folios, geometry } = kernel;
  if (tables.pmdBits[pmd] & ENTRY.zero) return replaceHugeZero(kernel, fault);
  const head = tables.pmdValue[pmd];
  const shared = !folios.has(head, FOLIO.anon);
  const exclusive = (folios.page[head] & PAGE.exclusive) !== 0;
  if (shared ? vma.flags & VM.shared : exclusive || isOnlyReference(kernel, head)) {
    if (!shared) markExclusive(kernel, head, geometry.pagesPerBlock);
    tables.pmdBits[pmd] |= ENTRY.writable | ENTRY.dirty;
    kernel.counters.count('pgreuse');
    return 0;
  }
  return splitPmdMapping(kernel, mm, page);
}

function isOnlyReference(kernel: Kernel, head: FrameNumber): boolean {
  return kernel.folios.totalMaps[head] === 1 && kernel.folios.pins[head] === 0;
}

function markExclusive(kernel: Kernel, frame: FrameNumber, pages: number): void {
  for (let page = frame; page < frame + pages; page++) kernel.folios.page[page] |= PAGE.exclusive;
}

/** do_huge_zero_wp_pmd(): a huge folio in place of the huge zero page, else the mapping is split. */
function replaceHugeZero(kernel: Kernel, fault: Fault): Nanoseconds {
  const { mm, page, pmd } = fault;
  const { tables } = kernel;
  const kept = { bits: tables.pmdBits[pmd], value: tables.pmdValue[pmd], deposit: tables.pmdTableFrame[pmd] };
  tables.pmdBits[pmd] = 0;
  const { mapped, cost } = mapHugeFolio(kernel, fault, kept.deposit);
  if (mapped) {
    kernel.flushes.tell(mm.id, page - (page % kernel.geometry.pagesPerBlock), page + 1);
    return cost;
  }
  tables.pmdBits[pmd] = kept.bits;
  tables.pmdValue[pmd] = kept.value;
  tables.pmdTableFrame[pmd] = kept.deposit;
  return cost + splitPmdMapping(kernel, mm, page);
}

/** A write to a present PTE that is not writable (do_wp_page()). */
export function writeProtectFault(kernel: Kernel, fault: FaultingPage, entry: number): Nanoseconds {
  const { tables, folios } = kernel;
  if (tables.pteBits[entry] & ENTRY.zero) return replaceZeroPage(kernel, fault, entry);
  const frame = tables.pteValue[entry];
  const head = folios.headOf(frame);
  if (!folios.has(head, FOLIO.anon) && fault.vma.flags & VM.shared) return makeWritable(kernel, entry);
  if (folios.has(head, FOLIO.anon) && canReuse(kernel, frame, head)) {
    markExclusive(kernel, frame, 1);
    kernel.counters.count('pgreuse');
    return makeWritable(kernel, entry);
  }
  return copyPage(kernel, fault);
}

function makeWritable(kernel: Kernel, entry: number): Nanoseconds {
  changePte(kernel, entry, ENTRY.writable | ENTRY.dirty | ENTRY.accessed | ENTRY.softDirty, 0);
  return 0;
}

function canReuse(kernel: Kernel, frame: FrameNumber, head: FrameNumber): boolean {
  const { folios } = kernel;
  if (folios.page[frame] & PAGE.exclusive) return true;
  return folios.pins[head] === 0 && !folios.isMaybeShared(head);
}

function replaceZeroPage(kernel: Kernel, fault: FaultingPage, entry: number): Nanoseconds {
  const { mm, vma, page } = fault;
  const made = newAnonymousPage(kernel, mm, vma, page);
  if (made.head < 0) return ACCESS.outOfMemory;
  vma.hasAnonPages = true;
  clearEntries(kernel, entry, 1);
  mapNew(kernel, fault, entry, made.head);
  kernel.flushes.tell(mm.id, page, page + 1);
  return made.cost + zeroing(kernel, 0);
}

/**
 * Makes a page of private memory the process's own without making it writable (FAULT_FLAG_UNSHARE), as a pin for
 * reading asks for: a huge mapping that others share is split, and the page is copied. Returns the cost, 0 when there
 * was nothing to do, or a negative ACCESS value.
 */
export function unshareFault(kernel: Kernel, mm: Mm, page: PageNumber): Nanoseconds {
  const { tables, folios, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  let cost = 0;
  if (bits & ENTRY.present) {
    const head = tables.pmdValue[pmd];
    if (bits & ENTRY.zero || !folios.has(head, FOLIO.anon)) return 0;
    const isOwn = (folios.page[head] & PAGE.exclusive) !== 0;
    if (!isOwn && isOnlyReference(kernel, head)) markExclusive(kernel, head, geometry.pagesPerBlock);
    if (isOwn || isOnlyReference(kernel, head)) return 0;
    cost += splitPmdMapping(kernel, mm, page);
  }
  const entry = tables.pteOf(pmd, page);
  const frame = tables.pteValue[entry];
  if (tables.pteBits[entry] & ENTRY.zero || !folios.has(folios.headOf(frame), FOLIO.anon)) return cost;
  if (canReuse(kernel, frame, folios.headOf(frame))) {
    markExclusive(kernel, frame, 1);
    return cost;
  }
  const vma = mm.vmaOf(page);
  if (vma === undefined) return ACCESS.segmentationFault;
  const copied = copyPage(kernel, { mm, vma, page, write: false });
  return copied < 0 ? copied : cost + copied;
}

/** wp_page_copy(): the process gets a page of its own with the same content. */
function copyPage(kernel: Kernel, fault: FaultingPage): Nanoseconds {
  const { mm, vma, page } = fault;
  const { tables, folios, geometry } = kernel;
  const entry = tables.pteOf(tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock)), page);
  const old = tables.pteValue[entry];
  const made = newAnonymousPage(kernel, mm, vma, page);
  if (made.head < 0) return ACCESS.outOfMemory;
  if (tables.pteValue[entry] !== old || (tables.pteBits[entry] & ENTRY.present) === 0) {
    freeIfUnused(kernel, made.head);
    return made.cost;
  }
  folios.content[made.head] = folios.content[old];
  const head = folios.headOf(old);
  unmapPtes(kernel, mm, entry, 1);
  freeIfUnused(kernel, head);
  mapNew(kernel, fault, entry, made.head);
  vma.hasAnonPages = true;
  kernel.flushes.tell(mm.id, page, page + 1);
  return made.cost + copying(kernel, 1);
}

/** Allocates and maps a zeroed base page; `head` is −1 where memory ran out. */
export function newAnonymousPage(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  page: PageNumber,
): { head: FrameNumber; cost: Nanoseconds } {
  const kind = { flags: ANON, owner: mm.family, index: vma.anonIndexOf(page) };
  return allocateFolio(kernel, 0, kernel.memcgOf(mm), kind, EFFORT.base);
}

function mapNew(kernel: Kernel, { mm, vma, write }: FaultingPage, entry: number, head: FrameNumber): void {
  mapPtes(kernel, mm, entry, onePage(head), freshBits(vma, write));
  lock(kernel, vma, head);
  addNewToLru(kernel, head);
}
