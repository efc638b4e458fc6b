import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, PageRange } from '../../../vocabulary/units.js';
import type { Kernel } from '../state/kernel.js';
import type { Process } from '../state/process.js';
import { type AdviceName, adviseRange, isAdviceName } from './madvise.js';

/** Advices that another process may be given; one's own may be given any. */
const REMOTE: ReadonlySet<AdviceName> = new Set<AdviceName>([
  'MADV_COLD',
  'MADV_PAGEOUT',
  'MADV_WILLNEED',
  'MADV_COLLAPSE',
]);

/** Most ranges of one call (UIO_MAXIOV), and most bytes (MAX_RW_COUNT). */
export const MAX_RANGES = 1024;
/** Most bytes of one call (include/linux/fs.h MAX_RW_COUNT with 4 KiB pages). */
export const MAX_BYTES = 0x7ffff000;

/** Who calls: what the kernel checks before it acts on another process. */
export interface Caller {
  /** Address space of the caller, if the model has it. */
  readonly mm: number | undefined;
  readonly userId: number;
  /** CAP_SYS_NICE and CAP_SYS_PTRACE in the initial user namespace. */
  readonly mayNice: boolean;
  readonly mayTrace: boolean;
}

/** The model's own root. */
export const ROOT: Caller = { mm: undefined, userId: 0, mayNice: true, mayTrace: true };

/** What a call returned, and how long it took. */
export interface AdviceAnswer {
  /** Bytes the kernel says it processed, or the errno. */
  readonly bytes: number;
  readonly error: ErrnoName | undefined;
  readonly cost: Nanoseconds;
}

/**
 * process_madvise(2). Checks come in the kernel's order: ranges, process, ptrace access, advice, CAP_SYS_NICE. A
 * failure after some ranges were done returns the bytes of those, and the errno is lost.
 */
export function processMadvise(
  kernel: Kernel,
  caller: Caller,
  process: Process | undefined,
  ranges: readonly PageRange[],
  advice: string,
): AdviceAnswer {
  const refuse = (error: ErrnoName): AdviceAnswer => ({ bytes: 0, error, cost: kernel.costs.systemCall });
  if (ranges.length > MAX_RANGES) return refuse('EINVAL');
  if (process === undefined) return refuse('ESRCH');
  const mm = process.mm;
  if (mm === undefined) return refuse('ESRCH');
  const own = caller.mm === mm.id;
  if (!own && !caller.mayTrace && caller.userId !== process.userId) return refuse('EACCES');
  if (!isAdviceName(advice) || (!own && !REMOTE.has(advice))) return refuse('EINVAL');
  if (!own && !caller.mayNice) return refuse('EPERM');
  // A process that acts on another one runs on a CPU of its own, where the machine has a second.
  kernel.cpu = own ? process.cpu : (process.cpu + 1) % kernel.options.cpus;
  let bytes = 0;
  let cost = kernel.costs.systemCall;
  for (const range of clamp(kernel, ranges)) {
    const done = adviseRange(kernel, mm, range.start, range.end, advice);
    cost += done.cost;
    if (done.error !== undefined) return { bytes, error: bytes > 0 ? undefined : done.error, cost };
    bytes += (range.end - range.start) * kernel.geometry.pageBytes;
  }
  return { bytes, error: undefined, cost };
}

/** The total of one call is cut to MAX_RW_COUNT by the import of the vector. */
function clamp(kernel: Kernel, ranges: readonly PageRange[]): PageRange[] {
  let left = Math.floor(MAX_BYTES / kernel.geometry.pageBytes);
  const taken: PageRange[] = [];
  for (const range of ranges) {
    const pages = Math.min(left, range.end - range.start);
    if (pages > 0) taken.push({ start: range.start, end: range.start + pages });
    left -= pages;
  }
  return taken;
}
