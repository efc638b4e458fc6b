import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, PageNumber, PageRange } from '../../../vocabulary/units.js';
import { handleFault } from '../access/faults.js';
import { populate } from '../access/populate.js';
import { punchHole } from '../address-space/hole-punch.js';
import { changeFlags, vmasIn } from '../address-space/vmas.js';
import { madviseCollapse } from '../collapse/madvise-collapse.js';
import { cachePage } from '../memory/shmem.js';
import type { Outcome } from '../split/split.js';
import { ACCESS } from '../state/access-results.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { registerMm } from '../thp/khugepaged-list.js';
import { clearEntries, ensureTable, firstEntry, setSpecial } from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { zapRange } from '../translation/zap.js';
import { coldOrPageout, lazyFree } from './madvise-cold.js';

/** Advice values of madvise(2) that the model knows, the same on x86-64 and arm64. */
export const ADVICE = {
  MADV_NORMAL: 0,
  MADV_RANDOM: 1,
  MADV_SEQUENTIAL: 2,
  MADV_WILLNEED: 3,
  MADV_DONTNEED: 4,
  MADV_FREE: 8,
  MADV_REMOVE: 9,
  MADV_DONTFORK: 10,
  MADV_DOFORK: 11,
  MADV_HUGEPAGE: 14,
  MADV_NOHUGEPAGE: 15,
  MADV_DONTDUMP: 16,
  MADV_DODUMP: 17,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_POPULATE_READ: 22,
  MADV_POPULATE_WRITE: 23,
  MADV_COLLAPSE: 25,
  MADV_GUARD_INSTALL: 102,
  MADV_GUARD_REMOVE: 103,
} as const;

/** Name of an advice that the model's madvise takes. */
export type AdviceName = keyof typeof ADVICE;

/** Whether the model knows an advice of this name. */
export function isAdviceName(name: string): name is AdviceName {
  return Object.hasOwn(ADVICE, name);
}

/**
 * madvise(2) for pages [start, end) of an address space, its own or another's. Mappings are taken one after the other; a hole
 * between them lets the others be done and then returns ENOMEM, any other failure stops at once.
 */
export function adviseRange(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  advice: AdviceName,
): Outcome {
  let cost = kernel.costs.systemCall;
  if (end < start) return { error: 'EINVAL', cost };
  if (advice === 'MADV_GUARD_INSTALL' && !kernel.features.guardRegions) return { error: 'EINVAL', cost };
  let hole: ErrnoName | undefined;
  let page = start;
  if (advice === 'MADV_POPULATE_READ' || advice === 'MADV_POPULATE_WRITE')
    return populateRange(kernel, mm, start, end, advice === 'MADV_POPULATE_WRITE');
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start > page) hole = 'ENOMEM';
    const from = Math.max(start, vma.start);
    const to = Math.min(end, vma.end);
    const done = adviseVma(kernel, mm, vma, { start: from, end: to }, advice);
    cost += done.cost;
    if (done.error !== undefined) return { error: done.error, cost };
    page = to;
  }
  if (page < end) hole = 'ENOMEM';
  return { error: hole, cost };
}

function adviseVma(kernel: Kernel, mm: Mm, vma: Vma, range: PageRange, advice: AdviceName): Outcome {
  const { start, end } = range;
  switch (advice) {
    case 'MADV_COLD':
    case 'MADV_PAGEOUT':
      if (vma.flags & (VM.locked | VM.special)) return refused('EINVAL');
      return done(coldOrPageout(kernel, mm, start, end, advice === 'MADV_PAGEOUT'));
    case 'MADV_COLLAPSE':
      return madviseCollapse(kernel, mm, vma, start, end);
    case 'MADV_HUGEPAGE':
    case 'MADV_NOHUGEPAGE':
      return adviseHuge(kernel, mm, vma, range, advice === 'MADV_HUGEPAGE');
    case 'MADV_DONTNEED':
      if (vma.flags & (VM.locked | VM.special)) return refused('EINVAL');
      return done(zapRange(kernel, mm, start, end, 'keep'));
    case 'MADV_FREE':
      if (!vma.isAnonymous || vma.flags & (VM.locked | VM.special)) return refused('EINVAL');
      return done(lazyFree(kernel, mm, start, end));
    case 'MADV_REMOVE':
      return punchHole(kernel, vma, start, end);
    case 'MADV_WILLNEED':
      return done(readAhead(kernel, mm, vma, start, end));
    case 'MADV_GUARD_INSTALL':
      return installGuards(kernel, mm, vma, start, end);
    case 'MADV_GUARD_REMOVE':
      return done(removeGuards(kernel, mm, start, end));
    default:
      return adviseFlags(kernel, mm, range, advice);
  }
}

const done = (cost: Nanoseconds): Outcome => ({ error: undefined, cost });
const refused = (error: ErrnoName): Outcome => ({ error, cost: 0 });

/** hugepage_madvise(): khugepaged learns of the mapping only when its flags change. */
function adviseHuge(kernel: Kernel, mm: Mm, vma: Vma, range: PageRange, huge: boolean): Outcome {
  if (vma.flags & VM.special) return refused('EINVAL');
  const set = huge ? VM.hugepage : VM.noHugepage;
  const clear = huge ? VM.noHugepage : VM.hugepage;
  return done(changeFlags(kernel, mm, range, { set, clear }, (changed) => registerMm(kernel, mm, changed)));
}

function adviseFlags(kernel: Kernel, mm: Mm, range: PageRange, advice: AdviceName): Outcome {
  const change: Partial<Record<AdviceName, [number, number]>> = {
    MADV_NORMAL: [0, VM.randomRead | VM.sequentialRead],
    MADV_RANDOM: [VM.randomRead, VM.sequentialRead],
    MADV_SEQUENTIAL: [VM.sequentialRead, VM.randomRead],
    MADV_DONTFORK: [VM.dontCopy, 0],
    MADV_DOFORK: [0, VM.dontCopy],
    MADV_DONTDUMP: [VM.dontDump, 0],
    MADV_DODUMP: [0, VM.dontDump],
  };
  const bits = change[advice];
  if (bits === undefined) return refused('EINVAL');
  return done(changeFlags(kernel, mm, range, { set: bits[0], clear: bits[1] }));
}

/** Swapped pages come back; shmem is read from swap into its cache. */
function readAhead(kernel: Kernel, mm: Mm, vma: Vma, start: PageNumber, end: PageNumber): Nanoseconds {
  let cost = 0;
  for (let page = start; page < end; page++) {
    if (vma.inode !== undefined) {
      if (vma.inode.swapAt(vma.offsetOf(page)) >= 0)
        cost += cachePage(kernel, kernel.memcgOf(mm), vma.inode, vma, vma.offsetOf(page)).cost;
      continue;
    }
    const { tables, geometry } = kernel;
    const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
    if ((tables.pmdBits[pmd] & ENTRY.table) === 0) continue;
    if (tables.pteBits[tables.pteOf(pmd, page)] & ENTRY.swap)
      cost += Math.max(0, handleFault(kernel, mm, page, false));
  }
  return cost;
}

/** madvise_populate(): up to the first page that is not mapped (ENOMEM), not permitted (EINVAL) or a guard (EFAULT). */
function populateRange(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber, write: boolean): Outcome {
  let cost = kernel.costs.systemCall;
  for (const vma of vmasIn(mm, start, end)) {
    if (vma.start > start) return { error: 'ENOMEM', cost };
    if (vma.flags & VM.special || (vma.flags & (write ? VM.write : VM.read)) === 0)
      return { error: 'EINVAL', cost };
    const to = Math.min(end, vma.end);
    const made = populate(kernel, mm, start, to, write);
    if (made < 0) return { error: made === ACCESS.outOfMemory ? 'ENOMEM' : 'EFAULT', cost };
    cost += made;
    start = to;
  }
  return { error: start < end ? 'ENOMEM' : undefined, cost };
}

/** Guard regions: access faults, memory is given up. */
function installGuards(kernel: Kernel, mm: Mm, vma: Vma, start: PageNumber, end: PageNumber): Outcome {
  if (vma.flags & (VM.locked | VM.special)) return refused('EINVAL');
  let cost = zapRange(kernel, mm, start, end);
  // The whole mapping is marked, and stays so when the guards are gone.
  vma.flags |= VM.maybeGuard;
  const { tables, geometry } = kernel;
  for (let page = start; page < end; page++) {
    const pmd = tables.ensurePmd(mm, Math.floor(page / geometry.pagesPerBlock));
    if (tables.pmdBits[pmd] & ENTRY.present) cost += splitPmdMapping(kernel, mm, page);
    if (!ensureTable(kernel, mm, pmd)) return { error: 'ENOMEM', cost };
    const entry = tables.pteOf(pmd, page);
    if (tables.pteBits[entry] === 0) setSpecial(kernel, entry, 0, ENTRY.guard);
  }
  return done(cost);
}

function removeGuards(kernel: Kernel, mm: Mm, start: PageNumber, end: PageNumber): Nanoseconds {
  const { tables, geometry } = kernel;
  for (let page = start; page < end; page++) {
    const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
    if ((tables.pmdBits[pmd] & ENTRY.table) === 0) continue;
    const entry = firstEntry(kernel, pmd) + (page % geometry.pagesPerBlock);
    if (tables.pteBits[entry] & ENTRY.guard) clearEntries(kernel, entry, 1);
  }
  return kernel.costs.visitPte * (end - start);
}
