import type { Nanoseconds, PageNumber, PageRange, Pages } from '../../../vocabulary/units.js';
import type { Outcome } from '../split/split.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { clearEntries, dropTable, ensureTable, firstEntry, fold, unfold } from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { coveredUntil, cutAt, insertVma, munmap, releaseInode, vmasIn } from './vmas.js';

/**
 * mremap(2) with MREMAP_MAYMOVE | MREMAP_FIXED and the same length: mappings in [start, end) move to `to` and take
 * the place of what was there; holes between them leave it alone. Page tables move, folios do not: a huge mapping moves as one entry when it lies wholly inside and old
 * and new place are aligned alike (move_huge_pmd()), and becomes PTEs otherwise. EINVAL when old and new overlap,
 * EFAULT
 * when the first page is not mapped, or several mappings are asked of a kernel that moves one;
 * ENOMEM when there is no memory for page tables, with the mappings before moved.
 */
export function mremap(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber, to: PageNumber): Outcome {
  const { systemCall } = kernel.costs;
  const pages = end - start;
  if (pages <= 0 || (to < end && start < to + pages)) return { error: 'EINVAL', cost: systemCall };
  const found = vmasIn(mm, start, end);
  const several = found.length > 1 || coveredUntil(mm, start, end) < end;
  if (found.length === 0 || found[0].start > start || (several && !kernel.features.moveManyMappings))
    return { error: 'EFAULT', cost: systemCall };
  if (found.some((vma) => vma.flags & (VM.special | VM.dontExpand)))
    return { error: 'EFAULT', cost: systemCall };
  let cost = systemCall + cutAt(kernel, mm, start) + cutAt(kernel, mm, end);
  let error: Outcome['error'];
  for (const vma of vmasIn(mm, start, end)) {
    cost += munmap(kernel, mm, vma.start + to - start, vma.end + to - start);
    if (!makeTables(kernel, mm, vma, to - start)) {
      error = 'ENOMEM';
      break;
    }
    cost += moveVma(kernel, mm, vma, to - start);
  }
  kernel.flushes.tell(mm.id, start, end);
  kernel.flushes.tell(mm.id, to, to + pages);
  return { error, cost };
}

/** One whole mapping by `distance` pages (copy_vma(), move_page_tables(), do_munmap()). */
function moveVma(kernel: Kernel, mm: Mm, vma: Vma, distance: number): Nanoseconds {
  const moved = vma.clone();
  moved.start += distance;
  moved.end += distance;
  if (vma.inode === undefined) moved.offset += distance;
  // Pages keep their index; a mapping without any begins anew.
  moved.shift = vma.hasAnonPages ? vma.shift + distance : 0;
  if (moved.shift !== 0) mm.hasMoved = true;
  const cost =
    munmap(kernel, mm, moved.start, moved.end) + moveTables(kernel, mm, vma.start, vma.end, distance);
  mm.vmas.splice(mm.vmas.indexOf(vma), 1);
  mm.forgetLastVma();
  insertVma(kernel, mm, moved);
  releaseInode(kernel, mm, vma);
  return cost;
}

interface Piece {
  readonly page: PageNumber;
  readonly pages: Pages;
}

/** The range in pieces that cross no block border on either side. */
function* piecesOf(kernel: Kernel, start: PageNumber, end: PageNumber, distance: number): Generator<Piece> {
  const { pagesPerBlock } = kernel.geometry;
  const room = (at: PageNumber) => pagesPerBlock - (at % pagesPerBlock);
  for (let page = start; page < end; ) {
    const pages = Math.min(end - page, room(page), room(page + distance));
    yield { page, pages };
    page += pages;
  }
}

/** Page tables at the new place for all pieces that do not move as a whole, before anything moves. */
function makeTables(kernel: Kernel, mm: Mm, vma: Vma, distance: number): boolean {
  const { tables, geometry } = kernel;
  for (const { page, pages } of piecesOf(kernel, vma.start, vma.end, distance)) {
    const source = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
    if (tables.pmdBits[source] === 0 || pages === geometry.pagesPerBlock) continue;
    const target = tables.ensurePmd(mm, Math.floor((page + distance) / geometry.pagesPerBlock));
    if (!ensureTable(kernel, mm, target)) return false;
  }
  return true;
}

function moveTables(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  distance: number,
): Nanoseconds {
  let cost = 0;
  for (const { page, pages } of piecesOf(kernel, start, end, distance))
    cost += movePiece(kernel, mm, page, pages, distance);
  return cost;
}

function movePiece(kernel: Kernel, mm: Mm, page: PageNumber, pages: Pages, distance: number): Nanoseconds {
  const { tables, geometry, costs } = kernel;
  const source = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  if (tables.pmdBits[source] === 0) return costs.visitPmd;
  if (pages === geometry.pagesPerBlock) {
    moveWhole(kernel, mm, source, page + distance);
    return costs.visitPmd;
  }
  const cost = splitPmdMapping(kernel, mm, page);
  if (tables.pmdBits[source] & ENTRY.table)
    moveEntries(kernel, mm, source, { start: page, end: page + pages }, distance);
  return cost + costs.visitPte * pages;
}

/** A huge mapping or a whole page table changes its place as one entry, deposited table included. */
function moveWhole(kernel: Kernel, mm: Mm, source: number, to: PageNumber): void {
  const { tables, geometry } = kernel;
  const target = tables.ensurePmd(mm, Math.floor(to / geometry.pagesPerBlock));
  if (tables.pmdBits[target] & ENTRY.table) dropTable(kernel, mm, target);
  const soft = tables.pmdBits[source] & ENTRY.present ? ENTRY.softDirty : 0;
  tables.pmdBits[target] = tables.pmdBits[source] | soft;
  tables.pmdValue[target] = tables.pmdValue[source];
  tables.pmdTableFrame[target] = tables.pmdTableFrame[source];
  tables.pmdBits[source] = 0;
  tables.pmdValue[source] = 0;
  tables.pmdTableFrame[source] = 0;
}

/** move_ptes(): the entries go over as they are, soft-dirty, without any rmap being touched. */
function moveEntries(
  kernel: Kernel,
  mm: Mm,
  source: number,
  { start: page, end }: PageRange,
  distance: number,
): void {
  const { tables, geometry } = kernel;
  const pages = end - page;
  const target = tables.pmdOf(mm, Math.floor((page + distance) / geometry.pagesPerBlock));
  const from = firstEntry(kernel, source) + (page % geometry.pagesPerBlock);
  const to = firstEntry(kernel, target) + ((page + distance) % geometry.pagesPerBlock);
  unfold(kernel, from, pages);
  for (let i = 0; i < pages; i++) {
    const bits = tables.pteBits[from + i];
    if (bits === 0) continue;
    tables.pteBits[to + i] = bits | (bits & ENTRY.guard ? 0 : ENTRY.softDirty);
    tables.pteValue[to + i] = tables.pteValue[from + i];
    tables.tableUsed[tables.pmdValue[target]]++;
    clearEntries(kernel, from + i, 1);
  }
  fold(kernel, to, pages);
}
