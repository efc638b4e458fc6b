import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { freshBits } from '../fault/anonymous-faults.js';
import { newAnonymousPage } from '../fault/copy-on-write.js';
import { addNewToLru } from '../memory/lru.js';
import { FOLIO, PAGE } from '../state/folios.js';
import { NO_FRAME } from '../state/frames.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { Process } from '../state/process.js';
import { enlist } from '../thp/khugepaged-list.js';
import {
  allocateTableFrame,
  blockStart,
  changePte,
  ensureTable,
  firstEntry,
  fold,
  mapPmd,
  mapPtes,
  onePage,
  runOfFolio,
  setSpecial,
} from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { exit, newMm } from './processes.js';

/**
 * fork(2): the child shares every anonymous page, write-protected in both; pinned pages are copied at once. Shared
 * memory and files are left to be faulted in again (vma_needs_copy()). Without memory for its
 * page tables there is no child (ENOMEM).
 */
export function fork(
  kernel: Kernel,
  parent: Process,
): { readonly child: Process | undefined; readonly cost: Nanoseconds } {
  const from = parent.memory;
  const to = newMm(kernel, from.family, from.memcg);
  const pid = kernel.nextPid++;
  const child = new Process({
    ...{ pid, parent: parent.pid, command: parent.command, mm: to },
    ...{ startedAt: kernel.clock.now, userId: parent.userId },
  });
  child.commandLine = parent.commandLine;
  kernel.processes.set(child.pid, child);
  to.thpDisable = from.thpDisable;
  child.cpu = child.pid % kernel.options.cpus;
  child.oomScoreAdj = parent.oomScoreAdj;
  to.hasMoved = from.hasMoved;
  if (from.inKhugepagedList) enlist(kernel, to);
  let cost = 0;
  let hasRoom = true;
  for (const vma of from.vmas) {
    if (vma.flags & VM.dontCopy) continue;
    const copy = vma.clone();
    copy.flags &= ~VM.locked;
    to.vmas.push(copy);
    vma.inode?.addMapper(to);
    if (vma.hasAnonPages && hasRoom) {
      const copied = copyRange(kernel, { from, to, vma });
      cost += copied.cost;
      hasRoom = copied.ok;
    }
  }
  to.forgetLastVma();
  kernel.flushes.tell(from.id, 0, Number.POSITIVE_INFINITY);
  if (hasRoom) return { child, cost };
  exit(kernel, child);
  return { child: undefined, cost };
}

/** Memory of one mapping that goes from a parent to its child. */
interface Inheritance {
  readonly from: Mm;
  readonly to: Mm;
  readonly vma: Vma;
}

function copyRange(kernel: Kernel, inheritance: Inheritance): { ok: boolean; cost: Nanoseconds } {
  const { from, to, vma } = inheritance;
  const { tables, geometry } = kernel;
  let cost = 0;
  for (let block = blockStart(kernel, vma.start); block < vma.end; block += geometry.pagesPerBlock) {
    const source = tables.pmdOf(from, block / geometry.pagesPerBlock);
    if (tables.pmdBits[source] === 0) continue;
    const target = tables.ensurePmd(to, block / geometry.pagesPerBlock);
    cost += kernel.costs.visitPmd;
    if (tables.pmdBits[source] & ENTRY.present) {
      if (copyPmd(kernel, to, source, target)) continue;
      cost += splitPmdMapping(kernel, from, block);
    }
    if (!copyTable(kernel, inheritance, source, target, block)) return { ok: false, cost };
    cost += kernel.costs.visitPte * geometry.pagesPerBlock;
  }
  return { ok: true, cost };
}

/** copy_huge_pmd(): shares the folio. False when it is pinned and its mapping must be split. */
function copyPmd(kernel: Kernel, to: Mm, source: number, target: number): boolean {
  const { tables, folios, geometry } = kernel;
  const head = tables.pmdValue[source];
  const bits = tables.pmdBits[source];
  if ((bits & ENTRY.zero) === 0 && !folios.has(head, FOLIO.anon)) return true;
  if ((bits & ENTRY.zero) === 0 && folios.pins[head] > 0) return false;
  const deposit = allocateTableFrame(kernel, to);
  if (deposit === NO_FRAME) return false;
  if (bits & ENTRY.zero) {
    tables.pmdBits[target] = bits;
    tables.pmdValue[target] = head;
    tables.pmdTableFrame[target] = deposit;
    return true;
  }
  tables.pmdBits[source] &= ~ENTRY.writable;
  tables.pmdTableFrame[target] = deposit;
  mapPmd(kernel, to, target, head, bits & ~(ENTRY.writable | ENTRY.accessed));
  for (let page = head; page < head + geometry.pagesPerBlock; page++) folios.page[page] &= ~PAGE.exclusive;
  return true;
}

function copyTable(
  kernel: Kernel,
  inheritance: Inheritance,
  source: number,
  target: number,
  block: PageNumber,
): boolean {
  const { to, vma } = inheritance;
  const { tables, geometry } = kernel;
  if (!ensureTable(kernel, to, target)) return false;
  const start = Math.max(vma.start, block);
  const end = Math.min(vma.end, block + geometry.pagesPerBlock);
  for (let page = start; page < end; ) {
    const entry = firstEntry(kernel, source) + (page - block);
    const bits = tables.pteBits[entry];
    const other = firstEntry(kernel, target) + (page - block);
    if (bits & ENTRY.present && (bits & ENTRY.zero) === 0) {
      const copied = sharePages(kernel, inheritance, { page, entry, other }, end - page);
      if (copied === 0) return false;
      page += copied;
      continue;
    }
    if (bits !== 0) copySpecial(kernel, to, entry, other);
    page++;
  }
  return true;
}

function copySpecial(kernel: Kernel, to: Mm, entry: number, other: number): void {
  const { tables, swap } = kernel;
  setSpecial(kernel, other, tables.pteValue[entry], tables.pteBits[entry] & ~ENTRY.accessed);
  if (tables.pteBits[entry] & ENTRY.swap) {
    swap.share(tables.pteValue[entry]);
    to.swapEntries++;
  }
}

/** A page of the parent: its entry there, and the one in the child's table. */
interface PairOfEntries {
  readonly page: PageNumber;
  readonly entry: number;
  readonly other: number;
}

/** Shares a run of pages of one folio, or copies its first page when the folio is pinned. Pages done, 0 on failure. */
function sharePages(kernel: Kernel, inheritance: Inheritance, pair: PairOfEntries, most: number): number {
  const { entry, other } = pair;
  const { tables, folios } = kernel;
  const frame = tables.pteValue[entry];
  const head = folios.headOf(frame);
  if (!folios.has(head, FOLIO.anon)) return 1;
  if (folios.pins[head] > 0) return copyPinned(kernel, inheritance, pair, frame) ? 1 : 0;
  const run = alikeRun(kernel, entry, runOfFolio(kernel, entry, most));
  for (let i = 0; i < run; i++) {
    changePte(kernel, entry + i, 0, ENTRY.writable);
    folios.page[frame + i] &= ~PAGE.exclusive;
  }
  const kept = ENTRY.present | (tables.pteBits[entry] & (ENTRY.dirty | ENTRY.softDirty));
  mapPtes(kernel, inheritance.to, other, { frame, count: run }, kept);
  fold(kernel, entry, run);
  return run;
}

/** How many entries from `entry` on are dirty alike: what one of them says holds for the child's (FPB_RESPECT_DIRTY). */
function alikeRun(kernel: Kernel, entry: number, most: number): number {
  const { pteBits } = kernel.tables;
  const kept = ENTRY.dirty | ENTRY.softDirty;
  let run = 1;
  while (run < most && ((pteBits[entry + run] ^ pteBits[entry]) & kept) === 0) run++;
  return run;
}

function copyPinned(
  kernel: Kernel,
  { to, vma }: Inheritance,
  { page, other }: PairOfEntries,
  frame: FrameNumber,
): boolean {
  const made = newAnonymousPage(kernel, to, vma, page);
  if (made.head < 0) return false;
  kernel.folios.content[made.head] = kernel.folios.content[frame];
  mapPtes(kernel, to, other, onePage(made.head), freshBits(vma, (vma.flags & VM.write) !== 0));
  addNewToLru(kernel, made.head);
  return true;
}
