import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Nanoseconds, Order, PageNumber } from '../../vocabulary/units.js';
import { FOLIO } from './folios.js';
import type { Kernel } from './kernel.js';
import { type Mm, VM } from './mm.js';
import { ENTRY } from './page-tables.js';
import { splitFolio, UNIFORM } from './split.js';

/** Longest input that one write may have (MAX_INPUT_BUF_SZ − 1). */
const MAX_INPUT = 254;

interface Request {
  readonly start: number;
  readonly end: number;
  readonly order: Order;
  readonly at: number;
}

/** What a write to split_huge_pages did: how many THPs it met and how many it split (only in the kernel's log). */
export interface DebugfsSplit {
  readonly error: ErrnoName | undefined;
  readonly met: number;
  readonly split: number;
  readonly cost: Nanoseconds;
}

/**
 * A write to /sys/kernel/debug/split_huge_pages: `PID,0xSTART,0xEND[,ORDER[,OFFSET]]`, the same with a path and page
 * offsets in place of PID and addresses, or `1` for everything. Succeeds however many folios were split.
 */
export function writeSplitHugePages(kernel: Kernel, text: string): DebugfsSplit {
  const input = text.replace(/\n$/, '');
  if (text.length > MAX_INPUT) return refused('EFAULT');
  if (input === '1') return splitAll(kernel);
  return input.startsWith('/') ? splitFile(kernel, input) : splitProcess(kernel, input);
}

const refused = (error: ErrnoName): DebugfsSplit => ({ error, met: 0, split: 0, cost: 0 });

const RANGE = /^0x([0-9a-f]{1,16}),0x([0-9a-f]{1,16})(?:,(\d{1,2})(?:,(\d{1,9}))?)?$/i;

function parseRange(kernel: Kernel, text: string): Request | undefined {
  const found = RANGE.exec(text);
  if (found === null) return undefined;
  const order = found[3] === undefined ? 0 : Number(found[3]);
  const at = found[4] === undefined || !kernel.features.splitAtOffset ? UNIFORM : Number(found[4]);
  return { start: Number(`0x${found[1]}`), end: Number(`0x${found[2]}`), order, at };
}

function splitProcess(kernel: Kernel, input: string): DebugfsSplit {
  const found = /^(\d{1,10}),(.*)$/.exec(input);
  const request = found === null ? undefined : parseRange(kernel, found[2]);
  if (found === null || request === undefined) return refused('EINVAL');
  const process = kernel.processes.get(Number(found[1]));
  if (process === undefined) return refused('ESRCH');
  if (process.mm === undefined) return refused('EINVAL');
  const { pageBytes } = kernel.geometry;
  const pages = {
    ...request,
    start: Math.floor(request.start / pageBytes),
    end: Math.floor(request.end / pageBytes),
  };
  return splitPages(kernel, process.mm, pages);
}

/**
 * The walk of split_huge_pages_pid(): one page at a time, each time looking up the folio anew. The first address
 * outside every mapping ends it; a special mapping is skipped together with the first page after it.
 */
function splitPages(kernel: Kernel, mm: Mm, { start, end, order, at }: Request): DebugfsSplit {
  let met = 0;
  let split = 0;
  let cost = 0;
  for (let page = start; page < end; page++) {
    const vma = mm.vmaOf(page);
    if (vma === undefined) break;
    if (vma.flags & VM.special) {
      page = vma.end;
      continue;
    }
    const head = folioAt(kernel, mm, page);
    if (head < 0 || kernel.folios.orderOf(head) === 0) continue;
    met++;
    const done = tryOne(kernel, head, order, at);
    cost += done.cost;
    if (done.split) split++;
  }
  return { error: undefined, met, split, cost };
}

function folioAt(kernel: Kernel, mm: Mm, page: PageNumber): number {
  const { tables, geometry, folios } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) return bits & ENTRY.zero ? -1 : tables.pmdValue[pmd];
  const entry = tables.pteOf(pmd, page);
  if ((tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) return -1;
  return folios.headOf(tables.pteValue[entry]);
}

function tryOne(
  kernel: Kernel,
  head: number,
  order: Order,
  at: number,
): { split: boolean; cost: Nanoseconds } {
  const { folios, features } = kernel;
  const target = folios.has(head, FOLIO.anon) || features.shmemSplitToOrder ? order : order === 0 ? 0 : -1;
  if (target < 0 || target >= folios.orderOf(head) || folios.has(head, FOLIO.locked))
    return { split: false, cost: 0 };
  // Extra references are found before the folio is even locked (can_split_folio()) and are no attempt.
  if (folios.pins[head] > 0) return { split: false, cost: kernel.costs.visitPte };
  const done = splitFolio(kernel, head, target, at >= 0 && at < folios.pagesOf(head) ? at : UNIFORM);
  return { split: done.error === undefined, cost: done.cost };
}

function splitFile(kernel: Kernel, input: string): DebugfsSplit {
  const comma = input.indexOf(',');
  const request = comma < 0 ? undefined : parseRange(kernel, input.slice(comma + 1));
  if (request === undefined) return refused('EINVAL');
  const path = input.slice(0, comma);
  const inode = [...kernel.inodes.values()].find((candidate) => candidate.path === path);
  if (inode === undefined) return refused('EINVAL');
  let met = 0;
  let split = 0;
  let cost = 0;
  for (let offset = request.start; offset < Math.min(request.end, inode.pages); offset++) {
    const frame = inode.frameAt(offset);
    if (frame < 0) continue;
    const head = kernel.folios.headOf(frame);
    if (kernel.folios.orderOf(head) === 0) continue;
    met++;
    const done = tryOne(kernel, head, request.order, request.at);
    cost += done.cost;
    if (done.split) split++;
  }
  return { error: undefined, met, split, cost };
}

/** Every large folio on an LRU list, to base pages. */
function splitAll(kernel: Kernel): DebugfsSplit {
  const { frames, folios } = kernel;
  let met = 0;
  let split = 0;
  let cost = 0;
  for (let frame = 0; frame < frames.untouchedFrom; frame++) {
    if (!frames.isAllocated(frame) || frames.orderOf(frame) === 0 || folios.headOf(frame) !== frame) continue;
    if (!folios.has(frame, FOLIO.lru)) continue;
    met++;
    const done = tryOne(kernel, frame, 0, UNIFORM);
    cost += done.cost;
    if (done.split) split++;
  }
  return { error: undefined, met, split, cost };
}
