/**
 * Putting translations into page tables and taking them out, with everything that is counted by them: mappings of
 * folios, resident pages of processes, page-table memory, arm64's contiguous bits. Nothing else writes entries
 * (the hardware layer ORs accessed bits, young.ts clears them).
 */
import type { FrameNumber, PageNumber, Pages } from '../../../vocabulary/units.js';
import { allocateFrames, deferSplit, EFFORT, freeFrames } from '../memory/allocation.js';
import { FOLIO } from '../state/folios.js';
import { NO_FRAME } from '../state/frames.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';

/** Adds to the resident pages that `flags` (of the folio) are counted under. */
export function countResident(mm: Mm, flags: number, pages: Pages): void {
  if (flags & FOLIO.anon) mm.rssAnon += pages;
  else if (flags & FOLIO.shmem) mm.rssShmem += pages;
  else if (flags & FOLIO.file) mm.rssFile += pages;
  mm.peakRss = Math.max(mm.peakRss, mm.rss);
}

/** Memory for one page table; NO_FRAME when there is none. */
export function allocateTableFrame(kernel: Kernel, mm: Mm): FrameNumber {
  const { frame } = allocateFrames(kernel, 0, EFFORT.base);
  if (frame === NO_FRAME) return NO_FRAME;
  const { folios } = kernel;
  const memcg = kernel.memcgOf(mm);
  folios.flags[frame] = FOLIO.pageTable;
  folios.owner[frame] = mm.id;
  folios.memcg[frame] = memcg.id;
  memcg.charge(1);
  memcg.pageTables++;
  mm.tablePages++;
  return frame;
}

/** Frees the frame of a page table, and uncharges it. */
export function freeTableFrame(kernel: Kernel, mm: Mm, frame: FrameNumber): void {
  const memcg = kernel.memcgAt(kernel.folios.memcg[frame]);
  kernel.folios.flags[frame] = 0;
  memcg.charge(-1);
  memcg.pageTables--;
  mm.tablePages--;
  freeFrames(kernel, frame, 0);
}

/** Makes sure that PMD entry `pmd` is a table. False when there is no memory for one. */
export function ensureTable(kernel: Kernel, mm: Mm, pmd: number): boolean {
  const { tables } = kernel;
  if (tables.pmdBits[pmd] & ENTRY.table) return true;
  const frame = allocateTableFrame(kernel, mm);
  if (frame === NO_FRAME) return false;
  tables.installTable(pmd, frame);
  return true;
}

/** Takes an empty page table and its memory away. */
export function dropTable(kernel: Kernel, mm: Mm, pmd: number): void {
  const { tables } = kernel;
  tables.removeTable(pmd);
  dropDeposit(kernel, mm, pmd);
}

/** Frees the page table that a huge entry had put aside. */
export function dropDeposit(kernel: Kernel, mm: Mm, pmd: number): void {
  const frame = kernel.tables.pmdTableFrame[pmd];
  if (frame !== 0) freeTableFrame(kernel, mm, frame);
  kernel.tables.pmdTableFrame[pmd] = 0;
}

/** Pages of one folio that follow each other. */
export interface FolioPages {
  readonly frame: FrameNumber;
  readonly count: Pages;
}

/** Returns one page as a range of frames. */
export const onePage = (frame: FrameNumber): FolioPages => ({ frame, count: 1 });

/** Maps pages of a folio by PTEs from `entry` on. The entries must be empty. */
export function mapPtes(
  kernel: Kernel,
  mm: Mm,
  entry: number,
  { frame, count }: FolioPages,
  bits: number,
): void {
  const { tables } = kernel;
  for (let i = 0; i < count; i++) {
    tables.pteValue[entry + i] = frame + i;
    tables.pteBits[entry + i] = bits;
  }
  tables.tableUsed[tableOf(kernel, entry)] += count;
  addPteMaps(kernel, mm, frame, count);
  countResident(mm, kernel.folios.flags[kernel.folios.headOf(frame)], count);
  fold(kernel, entry, count);
}

/** Counts PTE mappings of pages of one folio. */
export function addPteMaps(kernel: Kernel, mm: Mm, frame: FrameNumber, count: Pages): void {
  const { folios } = kernel;
  const head = folios.headOf(frame);
  for (let page = frame; page < frame + count; page++)
    if (folios.maps[page]++ === 0) folios.mappedPages[head]++;
  folios.countMaps(head, mm.id, count);
}

/** Writes an entry without a page: swap, guard, the zero page. The entry must be empty. */
export function setSpecial(kernel: Kernel, entry: number, value: number, bits: number): void {
  const { tables } = kernel;
  tables.pteValue[entry] = value;
  tables.pteBits[entry] = bits;
  tables.tableUsed[tableOf(kernel, entry)]++;
}

/**
 * Empties `count` neighbouring PTEs that map neighbouring pages of one folio. Dirty bits pass to a folio of a file or
 * of shmem; anonymous memory keeps them only when it is swapped or migrated (keepDirty()). The folio may be left
 * without any mapping; freeing it is the caller's.
 */
export function unmapPtes(kernel: Kernel, mm: Mm, entry: number, count: Pages): void {
  const { tables, folios } = kernel;
  const frame = tables.pteValue[entry];
  const head = folios.headOf(frame);
  unfold(kernel, entry, count);
  if (!folios.has(head, FOLIO.anon)) keepDirty(kernel, entry, count);
  clearEntries(kernel, entry, count);
  countResident(mm, folios.flags[head], -count);
  removePteMaps(kernel, mm, frame, count);
}

/** Passes the dirty bits of PTEs to the folio that they map. */
export function keepDirty(kernel: Kernel, entry: number, count: Pages): void {
  const { tables, folios } = kernel;
  const head = folios.headOf(tables.pteValue[entry]);
  for (let e = entry; e < entry + count; e++)
    if (tables.pteBits[e] & ENTRY.dirty) folios.set(head, FOLIO.dirty);
}

/** Empties entries that hold no page of a folio (swap, guard, zero page), or whose page was dealt with. */
export function clearEntries(kernel: Kernel, entry: number, count: Pages): void {
  const { tables } = kernel;
  tables.pteBits.fill(0, entry, entry + count);
  tables.pteValue.fill(0, entry, entry + count);
  tables.tableUsed[tableOf(kernel, entry)] -= count;
}

function removePteMaps(kernel: Kernel, mm: Mm, frame: FrameNumber, count: Pages): void {
  const { folios } = kernel;
  const head = folios.headOf(frame);
  let unmapped = 0;
  for (let page = frame; page < frame + count; page++) {
    if (--folios.maps[page] > 0) continue;
    folios.mappedPages[head]--;
    if (folios.entireMaps[head] === 0) unmapped++;
  }
  folios.countMaps(head, mm.id, -count);
  if (unmapped > 0 && folios.mappedPages[head] > 0) partlyUnmapped(kernel, head);
}

/** __folio_remove_rmap(): an anonymous folio of which some pages are now unmapped waits for the shrinker. */
function partlyUnmapped(kernel: Kernel, head: FrameNumber): void {
  if (kernel.folios.has(head, FOLIO.anon)) deferSplit(kernel, head, true);
}

/** Maps a whole PMD-size folio by one entry, which must be empty. The caller deposits memory for a later page table. */
export function mapPmd(kernel: Kernel, mm: Mm, pmd: number, head: FrameNumber, bits: number): void {
  const { tables, folios, geometry } = kernel;
  tables.pmdBits[pmd] = bits;
  tables.pmdValue[pmd] = head;
  folios.entireMaps[head]++;
  folios.countMaps(head, mm.id, 1);
  countResident(mm, folios.flags[head], geometry.pagesPerBlock);
  if (folios.entireMaps[head] === 1) countPmdMapped(kernel, head, geometry.pagesPerBlock);
}

/** Takes a PMD mapping of a folio out. The deposited table stays noted; freeing folio and deposit is the caller's. */
export function unmapPmd(kernel: Kernel, mm: Mm, pmd: number): void {
  const { tables, folios, geometry } = kernel;
  const head = tables.pmdValue[pmd];
  if (tables.pmdBits[pmd] & ENTRY.dirty && !folios.has(head, FOLIO.anon)) folios.set(head, FOLIO.dirty);
  tables.pmdBits[pmd] = 0;
  tables.pmdValue[pmd] = 0;
  countResident(mm, folios.flags[head], -geometry.pagesPerBlock);
  folios.entireMaps[head]--;
  folios.countMaps(head, mm.id, -1);
  if (folios.entireMaps[head] > 0) return;
  countPmdMapped(kernel, head, -geometry.pagesPerBlock);
  const mapped = folios.mappedPages[head];
  if (mapped > 0 && mapped < geometry.pagesPerBlock) partlyUnmapped(kernel, head);
}

/** nr_anon_transparent_hugepages and its like count folios that some PMD maps, once each. */
export function countPmdMapped(kernel: Kernel, head: FrameNumber, pages: Pages): void {
  const flags = kernel.folios.flags[head];
  if (flags & FOLIO.anon) {
    kernel.anonPmdMapped += pages;
    kernel.memcgAt(kernel.folios.memcg[head]).anonThp += pages;
  } else if (flags & FOLIO.shmem) kernel.shmemPmdMapped += pages;
  else if (flags & FOLIO.file) kernel.filePmdMapped += pages;
}

/** Returns the number of the table that an entry stands in. */
export function tableOf(kernel: Kernel, entry: number): number {
  return Math.floor(entry / kernel.geometry.pagesPerBlock);
}

/** Sets the contiguous bit on every aligned group that these entries complete (contpte_try_fold()). arm64 only. */
export function fold(kernel: Kernel, entry: number, count: Pages): void {
  const order = kernel.tables.contiguousOrder;
  if (order === 0) return;
  const size = 2 ** order;
  const first = entry - (entry % size);
  for (let group = first; group < entry + count; group += size) foldGroup(kernel, group, size);
}

function foldGroup(kernel: Kernel, group: number, size: number): void {
  const { tables, folios } = kernel;
  const frame = tables.pteValue[group];
  const ignored = ENTRY.accessed | ENTRY.dirty | ENTRY.softDirty | ENTRY.contiguous;
  const bits = tables.pteBits[group] & ~ignored;
  if ((bits & ENTRY.present) === 0 || bits & ENTRY.zero || frame % size !== 0) return;
  if (2 ** folios.orderOf(frame) < size) return;
  for (let i = 1; i < size; i++) {
    if ((tables.pteBits[group + i] & ~ignored) !== bits || tables.pteValue[group + i] !== frame + i) return;
  }
  for (let i = 0; i < size; i++) tables.pteBits[group + i] |= ENTRY.contiguous;
}

/** Takes the contiguous bit off every group that these entries are part of; A and D spread to all members. */
export function unfold(kernel: Kernel, entry: number, count: Pages): void {
  const { tables } = kernel;
  if (tables.contiguousOrder === 0) return;
  const size = 2 ** tables.contiguousOrder;
  for (let group = entry - (entry % size); group < entry + count; group += size) {
    if ((tables.pteBits[group] & ENTRY.contiguous) === 0) continue;
    let shared = 0;
    for (let i = 0; i < size; i++) shared |= tables.pteBits[group + i] & (ENTRY.accessed | ENTRY.dirty);
    for (let i = 0; i < size; i++)
      tables.pteBits[group + i] = (tables.pteBits[group + i] | shared) & ~ENTRY.contiguous;
  }
}

/** Changes bits of a present PTE that decide whether it may be part of a contiguous group (writable, uffd). */
export function changePte(kernel: Kernel, entry: number, set: number, clear: number): void {
  unfold(kernel, entry, 1);
  kernel.tables.pteBits[entry] = (kernel.tables.pteBits[entry] | set) & ~clear;
}

/** Index of the first entry of the page table that serves `page`, when PMD entry `pmd` is a table. */
export function firstEntry(kernel: Kernel, pmd: number): number {
  return kernel.tables.pmdValue[pmd] * kernel.geometry.pagesPerBlock;
}

/** How many entries from `entry` on map neighbouring pages of the folio of the first, at most `most`. */
export function runOfFolio(kernel: Kernel, entry: number, most: Pages): Pages {
  const { tables, folios } = kernel;
  const frame = tables.pteValue[entry];
  const end = folios.headOf(frame) + folios.pagesOf(frame);
  const limit = Math.min(most, end - frame);
  let run = 1;
  while (run < limit && isNext(tables.pteBits[entry + run], tables.pteValue[entry + run], frame + run)) run++;
  return run;
}

function isNext(bits: number, value: number, expected: FrameNumber): boolean {
  return (bits & (ENTRY.present | ENTRY.zero)) === ENTRY.present && value === expected;
}

/** The block-aligned page below or at `page`. */
export function blockStart(kernel: Kernel, page: PageNumber): PageNumber {
  return page - (page % kernel.geometry.pagesPerBlock);
}
