import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, Order, PageNumber } from '../../../vocabulary/units.js';
import { scanFormat } from '../numbers/sscanf.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { splitFolio, UNIFORM } from './split.js';

/** Bytes of one write that are looked at (MAX_INPUT_BUF_SZ − 1). */
const MAX_INPUT = 254;

interface Request {
  readonly start: number;
  readonly end: number;
  /** Target order; a negative one is read as a large unsigned number, which no folio is above. */
  readonly order: Order;
  /** Page of the folio around which it is cut, negative for equal pieces. */
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
 * offsets in place of PID and addresses, or `1` for everything. Read as sscanf() does, so that what comes behind the
 * last number does not matter. Succeeds however many folios were split. Of a longer text the first 254 bytes are
 * taken, and the writer passes the rest again.
 */
export function writeSplitHugePages(kernel: Kernel, text: string): DebugfsSplit {
  const input = text.slice(0, MAX_INPUT);
  const done = input.startsWith('/') ? splitFile(kernel, input) : splitProcess(kernel, input);
  if (done.error !== undefined || text.length <= MAX_INPUT) return done;
  return added(done, writeSplitHugePages(kernel, text.slice(MAX_INPUT)));
}

const refused = (error: ErrnoName): DebugfsSplit => ({ error, met: 0, split: 0, cost: 0 });

function added(first: DebugfsSplit, second: DebugfsSplit): DebugfsSplit {
  return {
    error: second.error,
    met: first.met + second.met,
    split: first.split + second.split,
    cost: first.cost + second.cost,
  };
}

const RANGE = '0x%lx,0x%lx,%d,%ld';

function requestOf(kernel: Kernel, numbers: readonly number[]): Request | undefined {
  if (numbers.length < 2) return undefined;
  const [start, end, order = 0, at = UNIFORM] = numbers;
  return { start, end, order: order >>> 0, at: kernel.features.splitAtOffset ? at : UNIFORM };
}

function splitProcess(kernel: Kernel, input: string): DebugfsSplit {
  const [pid, ...numbers] = scanFormat(input, `%d,${RANGE}`);
  if (pid === 1 && numbers.length === 0) return splitAll(kernel);
  const request = requestOf(kernel, numbers);
  if (request === undefined) return refused('EINVAL');
  const process = kernel.processes.get(pid);
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
  const tally = new Tally();
  for (let page = start; page < end; page++) {
    const vma = mm.vmaOf(page);
    if (vma === undefined) break;
    if (vma.flags & VM.special) {
      page = vma.end;
      continue;
    }
    const head = folioAt(kernel, mm, page);
    if (head < 0 || order >= kernel.folios.orderOf(head)) continue;
    // Extra references are found before the folio is even locked and are no attempt.
    if (kernel.folios.pins[head] > 0) tally.pass(kernel);
    else tally.attempt(kernel, head, order, at);
  }
  return tally;
}

/** What one write has done so far. */
class Tally implements DebugfsSplit {
  readonly error = undefined;
  met = 0;
  split = 0;
  cost = 0;

  /** A folio that is met and left. */
  pass(kernel: Kernel): void {
    this.met++;
    this.cost += kernel.costs.visitPte;
  }

  /** Splits a folio that is larger than `order`; kernels whose shmem knows base pages only leave it otherwise. */
  attempt(kernel: Kernel, head: number, order: Order, at: number): void {
    const { folios, features } = kernel;
    this.met++;
    if (folios.has(head, FOLIO.locked)) return;
    if (order > 0 && !folios.has(head, FOLIO.anon) && !features.shmemSplitToOrder) return;
    const done = splitFolio(kernel, head, order, at >= 0 && at < folios.pagesOf(head) ? at : UNIFORM);
    this.cost += done.cost;
    if (done.error === undefined) this.split++;
  }
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

/**
 * split_huge_pages_in_file(): steps from folio to folio by the size that each had, so that what an offset leaves large
 * stays large. Takes no look at references beforehand: a pinned folio is an attempt that fails.
 */
function splitFile(kernel: Kernel, input: string): DebugfsSplit {
  const comma = input.indexOf(',');
  const request = comma < 0 ? undefined : requestOf(kernel, scanFormat(input.slice(comma + 1), RANGE));
  if (request === undefined) return refused('EINVAL');
  const path = input.slice(0, comma);
  const inode = [...kernel.inodes.values()].find((candidate) => candidate.path === path);
  if (inode === undefined) return refused('EINVAL');
  const tally = new Tally();
  const end = Math.min(request.end, inode.pages);
  for (let offset = request.start, step = 1; offset < end; offset += step) {
    step = 1;
    const frame = inode.frameAt(offset);
    if (frame < 0) continue;
    const head = kernel.folios.headOf(frame);
    step = kernel.folios.pagesOf(head);
    if (request.order < kernel.folios.orderOf(head)) tally.attempt(kernel, head, request.order, request.at);
  }
  return tally;
}

/** Every large folio on an LRU list, to base pages. */
function splitAll(kernel: Kernel): DebugfsSplit {
  const { frames, folios } = kernel;
  const tally = new Tally();
  for (let frame = 0; frame < frames.untouchedFrom; frame++) {
    if (!frames.isAllocated(frame) || frames.orderOf(frame) === 0 || folios.headOf(frame) !== frame) continue;
    if (folios.has(frame, FOLIO.lru)) tally.attempt(kernel, frame, 0, UNIFORM);
  }
  return tally;
}
