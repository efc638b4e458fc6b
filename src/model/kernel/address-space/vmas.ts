import type { Nanoseconds, PageNumber, PageRange } from '../../../vocabulary/units.js';
import { dropInode } from '../memory/shmem.js';
import type { Outcome } from '../split/split.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { registerMm } from '../thp/khugepaged-list.js';
import { blockStart, changePte, firstEntry } from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { zapRange } from '../translation/zap.js';

/** Puts a mapping into the sorted list, joined with neighbours of the same kind. */
export function insertVma(kernel: Kernel, mm: Mm, vma: Vma): void {
  mm.vmas.splice(mm.indexAtOrAfter(vma.start), 0, vma);
  vma.inode?.addMapper(mm);
  mm.forgetLastVma();
  mergeAround(kernel, mm, vma.start, vma.end);
}

/** Cuts mappings so that `page` is a border. A border inside a huge mapping splits its PMD (vma_adjust_trans_huge()). */
export function cutAt(kernel: Kernel, mm: Mm, page: PageNumber): Nanoseconds {
  const index = mm.indexAtOrAfter(page);
  const vma = mm.vmas[index];
  if (vma === undefined || vma.start >= page) return 0;
  const upper = vma.clone();
  upper.offset = vma.offsetOf(page);
  upper.start = page;
  vma.end = page;
  mm.vmas.splice(index + 1, 0, upper);
  vma.inode?.addMapper(mm);
  mm.forgetLastVma();
  return page % kernel.geometry.pagesPerBlock === 0 ? 0 : splitPmdMapping(kernel, mm, page);
}

/** Joins equal neighbours in [start, end], borders included. khugepaged is told, as by vma_merge(). */
export function mergeAround(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): void {
  let index = Math.max(0, mm.indexAtOrAfter(start) - 1);
  while (index + 1 < mm.vmas.length && mm.vmas[index].end <= end) {
    const [left, right] = [mm.vmas[index], mm.vmas[index + 1]];
    if (!areAlike(left, right)) {
      index++;
      continue;
    }
    left.end = right.end;
    left.flags |= right.flags & VM.maybeGuard;
    left.hasAnonPages ||= right.hasAnonPages;
    mm.vmas.splice(index + 1, 1);
    right.inode?.removeMapper(mm);
    registerMm(kernel, mm, left);
  }
  mm.forgetLastVma();
}

function areAlike(left: Vma, right: Vma): boolean {
  if (left.end !== right.start || (left.flags ^ right.flags) & ~VM.maybeGuard || left.inode !== right.inode)
    return false;
  if (left.shift !== right.shift || left.name !== right.name || left.flags & VM.special) return false;
  return left.inode === undefined || left.offsetOf(right.start) === right.offset;
}

/** Mappings that meet [start, end), in order. */
export function vmasIn(mm: Mm, start: PageNumber, end: PageNumber): Vma[] {
  const found: Vma[] = [];
  for (let i = mm.indexAtOrAfter(start); i < mm.vmas.length && mm.vmas[i].start < end; i++)
    found.push(mm.vmas[i]);
  return found;
}

/** End of the pages from `start` on that are mapped without a hole, `end` at most. */
export function coveredUntil(mm: Mm, start: PageNumber, end: PageNumber): PageNumber {
  let page = start;
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start > page) return page;
    page = vma.end;
  }
  return Math.min(page, end);
}

/** Shared anonymous memory goes with its last mapper; files and tmpfs stay. */
export function releaseInode(kernel: Kernel, mm: Mm, vma: Vma): void {
  const { inode } = vma;
  if (inode === undefined) return;
  inode.removeMapper(mm);
  if (inode.mount === 'kernel' && inode.mappers.length === 0) dropInode(kernel, inode);
}

/** munmap(2). */
export function munmap(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  let cost = cutAt(kernel, mm, start) + cutAt(kernel, mm, end) + kernel.costs.systemCall;
  for (const vma of vmasIn(mm, start, end)) {
    cost += zapRange(kernel, mm, vma.start, vma.end);
    mm.vmas.splice(mm.vmas.indexOf(vma), 1);
    mm.forgetLastVma();
    releaseInode(kernel, mm, vma);
  }
  return cost;
}

/** VM flags that are set, and those that are cleared. */
export interface FlagChange {
  readonly set: number;
  readonly clear: number;
}

/** Sets and clears VM flags over a range, cutting and joining mappings. Calls `changed` for each one that changes. */
export function changeFlags(
  kernel: Kernel,
  mm: Mm,
  { start, end }: PageRange,
  { set, clear }: FlagChange,
  changed: (vma: Vma) => void = () => {},
): Nanoseconds {
  let cost = 0;
  for (const found of vmasIn(mm, start, end)) {
    if (((found.flags | set) & ~clear) === found.flags) continue;
    const [from, to] = [Math.max(start, found.start), Math.min(end, found.end)];
    cost += cutAt(kernel, mm, from) + cutAt(kernel, mm, to);
  }
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start < start || vma.end > end || ((vma.flags | set) & ~clear) === vma.flags) continue;
    vma.flags = (vma.flags | set) & ~clear;
    changed(vma);
  }
  mergeAround(kernel, mm, start, end);
  return cost;
}

/**
 * mprotect(2): new permissions; write permission taken away is taken from every entry. A hole returns ENOMEM, with the
 * mappings before it changed.
 */
export function mprotect(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  permissions: number,
): Outcome {
  const covered = coveredUntil(mm, start, end);
  let cost = kernel.costs.systemCall;
  for (const vma of vmasIn(mm, start, covered)) {
    const [from, to] = [Math.max(start, vma.start), Math.min(covered, vma.end)];
    cost += changeFlags(kernel, mm, { start: from, end: to }, permissionFlags(vma, permissions));
  }
  if ((permissions & VM.write) === 0) cost += writeProtect(kernel, mm, start, covered);
  else cost += splitEdges(kernel, mm, start, covered);
  return { error: covered < end ? 'ENOMEM' : undefined, cost };
}

/** Private memory is accounted while it can be written, and stays so once it has pages (mprotect_fixup()). */
function permissionFlags(vma: Vma, permissions: number): FlagChange {
  const clear = (VM.read | VM.write | VM.exec) & ~permissions;
  if (vma.flags & VM.shared) return { set: permissions, clear };
  if (permissions & VM.write) return { set: permissions | VM.account, clear };
  return { set: permissions, clear: vma.isAnonymous && !vma.hasAnonPages ? clear | VM.account : clear };
}

/** A range that ends inside a huge mapping splits it (change_pmd_range()), also when the mappings were joined again. */
function splitEdges(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  let cost = 0;
  for (const edge of [start, end]) {
    if (edge % kernel.geometry.pagesPerBlock !== 0) cost += splitPmdMapping(kernel, mm, edge);
  }
  return cost;
}

/** Takes the write permission from every entry of a range; huge mappings cut by its edges are split. */
export function writeProtect(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  const { tables, geometry } = kernel;
  let cost = splitEdges(kernel, mm, start, end);
  for (let block = blockStart(kernel, start); block < end; block += geometry.pagesPerBlock) {
    const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
    if (tables.pmdBits[pmd] & ENTRY.present) {
      tables.pmdBits[pmd] &= ~ENTRY.writable;
    } else if (tables.pmdBits[pmd] & ENTRY.table) {
      const first = firstEntry(kernel, pmd) - block;
      const to = Math.min(end, block + geometry.pagesPerBlock);
      for (let page = Math.max(start, block); page < to; page++) {
        if (tables.pteBits[first + page] & ENTRY.writable) changePte(kernel, first + page, 0, ENTRY.writable);
      }
      cost += kernel.costs.visitPte * (to - Math.max(start, block));
    }
  }
  kernel.flushes.tell(mm.id, start, end);
  return cost;
}
