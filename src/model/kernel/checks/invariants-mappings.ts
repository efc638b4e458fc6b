import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm } from '../state/mm.js';
import { ENTRY, PMD_RUN } from '../state/page-tables.js';
import type { Report } from './report.js';

/** What page tables refer to, counted entry by entry. Scratch columns are kept between calls on one kernel. */
export interface Tally {
  /** PTEs by frame. */
  readonly ptes: Uint32Array;
  /** PMD entries by head frame. */
  readonly pmds: Uint32Array;
  /** Swap entries by slot, those of inodes included. */
  readonly slots: Uint32Array;
  tables: number;
  tableFrames: number;
}

const scratch = new WeakMap<Kernel, Tally>();

/**
 * Walks all page tables and counts the mappings of each frame and swap slot. Reports entries that cannot be.
 */
export function tallyMappings(kernel: Kernel, report: Report): Tally {
  const tally = scratch.get(kernel) ?? freshTally(kernel);
  scratch.set(kernel, tally);
  tally.ptes.fill(0, 0, kernel.frames.untouchedFrom);
  tally.pmds.fill(0, 0, kernel.frames.untouchedFrom);
  tally.slots.fill(0);
  tally.tables = 0;
  tally.tableFrames = 0;
  for (const mm of kernel.mms.values()) tallyMm(kernel, mm, tally, report);
  for (const inode of kernel.inodes.values())
    for (const offset of inode.offsets()) if (inode.swapAt(offset) >= 0) tally.slots[inode.swapAt(offset)]++;
  if (tally.tables !== kernel.tables.tablesInUse)
    report(`${kernel.tables.tablesInUse} page tables in use, ${tally.tables} reachable`);
  return tally;
}

function freshTally(kernel: Kernel): Tally {
  const frames = kernel.frames.count;
  return {
    ptes: new Uint32Array(frames),
    pmds: new Uint32Array(frames),
    slots: new Uint32Array(kernel.swap.slots),
    tables: 0,
    tableFrames: 0,
  };
}

/** What a tally of one address space works with. */
interface Tallying {
  readonly kernel: Kernel;
  readonly mm: Mm;
  /** Of all address spaces. */
  readonly tally: Tally;
  /** Of this one. */
  readonly seen: Seen;
  readonly report: Report;
}

interface Seen {
  anon: number;
  shmem: number;
  file: number;
  swap: number;
  tableFrames: number;
}

function tallyMm(kernel: Kernel, mm: Mm, tally: Tally, report: Report): void {
  const seen: Seen = { anon: 0, shmem: 0, file: 0, swap: 0, tableFrames: 0 };
  const tallying = { kernel, mm, tally, seen, report };
  const { tables } = kernel;
  for (const top of mm.tops) {
    for (let i = 0; i < PMD_RUN; i++) {
      const pmd = mm.pgd[top] + i;
      if (tables.pmdBits[pmd] === 0 && tables.pmdTableFrame[pmd] === 0) continue;
      tallyPmd(tallying, pmd, (top * PMD_RUN + i) * kernel.geometry.pagesPerBlock);
    }
  }
  const expected = [mm.rssAnon, mm.rssShmem, mm.rssFile, mm.swapEntries, mm.tablePages].join();
  const counted = [seen.anon, seen.shmem, seen.file, seen.swap, seen.tableFrames].join();
  if (expected !== counted)
    report(`mm ${mm.id}: anon, shmem, file, swap, tables are ${expected}, counted ${counted}`);
  tally.tableFrames += seen.tableFrames;
}

function tallyPmd(tallying: Tallying, pmd: number, block: number): void {
  const { kernel, mm, tally, seen, report } = tallying;
  const { tables, folios, geometry } = kernel;
  const bits = tables.pmdBits[pmd];
  if (tables.pmdTableFrame[pmd] !== 0) {
    seen.tableFrames++;
    if (!folios.has(tables.pmdTableFrame[pmd], FOLIO.pageTable))
      report(`pmd ${pmd}: its table has no memory`);
  }
  if (bits & ENTRY.table) {
    tally.tables++;
    tallyTable(tallying, tables.pmdValue[pmd], block);
    return;
  }
  if ((bits & ENTRY.present) === 0 || bits & ENTRY.zero) return;
  const head = tables.pmdValue[pmd];
  tally.pmds[head]++;
  countSeen(kernel, head, geometry.pagesPerBlock, seen);
  const vma = mm.vmaOf(block);
  if (vma === undefined || vma.end < block + geometry.pagesPerBlock)
    report(`mm ${mm.id}: huge mapping at page ${block} reaches out of its VMA`);
  if (folios.orderOf(head) !== geometry.hugeOrder || folios.headOf(head) !== head)
    report(`pmd ${pmd}: maps folio ${head} of order ${folios.orderOf(head)}`);
}

function tallyTable(tallying: Tallying, table: number, block: number): void {
  const { kernel, mm, report } = tallying;
  const { tables, geometry } = kernel;
  const first = table * geometry.pagesPerBlock;
  let used = 0;
  for (let i = 0; i < geometry.pagesPerBlock; i++) {
    const bits = tables.pteBits[first + i];
    if (bits === 0) {
      if (tables.pteValue[first + i] !== 0) report(`pte ${first + i}: empty with a value`);
      continue;
    }
    used++;
    const vma = mm.vmaOf(block + i);
    if (vma === undefined) report(`mm ${mm.id}: page ${block + i} is mapped outside every VMA`);
    tallyPte(tallying, first + i, bits, vma?.anonIndexOf(block + i) ?? -1);
  }
  if (used !== tables.tableUsed[table])
    report(`table ${table}: ${tables.tableUsed[table]} used, counted ${used}`);
}

function tallyPte(tallying: Tallying, entry: number, bits: number, index: number): void {
  const { kernel, tally, seen, report } = tallying;
  const { tables, folios } = kernel;
  const value = tables.pteValue[entry];
  if (bits & ENTRY.swap) {
    tally.slots[value]++;
    seen.swap++;
    return;
  }
  if ((bits & ENTRY.present) === 0 || bits & ENTRY.zero) return;
  tally.ptes[value]++;
  countSeen(kernel, value, 1, seen);
  const head = folios.headOf(value);
  if (!kernel.frames.isAllocated(value)) report(`pte ${entry}: maps frame ${value}, which is free`);
  if (folios.has(head, FOLIO.anon) && folios.index[head] + value - head !== index)
    report(`pte ${entry}: page ${index} maps a folio made for ${folios.index[head]}`);
  if (bits & ENTRY.contiguous) checkGroup(kernel, entry, report);
}

function checkGroup(kernel: Kernel, entry: number, report: Report): void {
  const { tables } = kernel;
  const size = 2 ** tables.contiguousOrder;
  const first = entry - (entry % size);
  for (let i = 0; i < size; i++) {
    const joined =
      tables.pteBits[first + i] & ENTRY.contiguous &&
      tables.pteValue[first + i] === tables.pteValue[first] + i;
    if (!joined) report(`pte ${entry}: contiguous bit in a group that is none`);
  }
}

function countSeen(kernel: Kernel, frame: number, pages: number, seen: Seen): void {
  const flags = kernel.folios.flags[kernel.folios.headOf(frame)];
  if (flags & FOLIO.anon) seen.anon += pages;
  else if (flags & FOLIO.shmem) seen.shmem += pages;
  else if (flags & FOLIO.file) seen.file += pages;
}
