import { failure, success } from '../base/result.js';
import type {
  Advice,
  Answer,
  Calls,
  PagemapScan,
  ProcessHandle,
  Program,
  Refusal,
  ScannedRegions,
} from '../host/host.js';
import type { ErrnoName } from '../vocabulary/errno.js';
import type { Bytes, PageRange, ProcessId } from '../vocabulary/units.js';
import { emptyLeaf, translate } from './kernel/access.js';
import { writePageBytes } from './kernel/content.js';
import { type Region, scanPagemap } from './kernel/files/pagemap-scan.js';
import type { Kernel } from './kernel/kernel.js';
import type { Mm } from './kernel/mm.js';
import { markTouched, touch } from './kernel/populate.js';
import type { Process } from './kernel/process.js';
import { type Caller, MAX_BYTES, MAX_RANGES, processMadvise } from './kernel/process-madvise.js';

/** The system calls of the host on a model. Each takes its cost in virtual time. */
export class ModelCalls implements Calls {
  readonly #kernel: Kernel;
  readonly #caller: Caller;
  readonly #own: Process;

  constructor(kernel: Kernel, caller: Caller, own: Process) {
    this.#kernel = kernel;
    this.#caller = caller;
    this.#own = own;
  }

  openProcess(pid: ProcessId): Answer<ProcessHandle> {
    this.#kernel.clock.spend(this.#kernel.costs.systemCall);
    const task = this.#kernel.processes.get(pid);
    if (task === undefined) return refused('ESRCH', `pidfd_open pid ${pid}`);
    return success(new ModelHandle(this.#kernel, task));
  }

  async processMadvise(
    handle: ProcessHandle,
    ranges: readonly PageRange[],
    advice: Advice,
  ): Promise<Answer<Bytes>> {
    const call = `process_madvise pid ${handle.pid} ${advice}`;
    if (!(handle instanceof ModelHandle)) return refused('EBADF', call);
    let done = 0;
    for (const batch of this.#batches(ranges)) {
      const task = handle.isAlive() ? handle.task : undefined;
      const answer = processMadvise(this.#kernel, this.#caller, task, batch, advice);
      this.#kernel.clock.spend(answer.cost);
      if (answer.error !== undefined) return done > 0 ? success(done) : refused(answer.error, call);
      done += answer.bytes;
      if (answer.bytes < this.#bytes(batch)) break;
    }
    return success(done);
  }

  processVmRead(pid: ProcessId, ranges: readonly PageRange[], into: Uint8Array): Answer<Bytes> {
    const call = `process_vm_readv pid ${pid}`;
    const task = this.#kernel.processes.get(pid);
    if (task?.mm === undefined) return refused('ESRCH', call);
    if (!this.#caller.mayTrace && task.userId !== this.#caller.userId) return refused('EPERM', call);
    const { pageBytes } = this.#kernel.geometry;
    let read = 0;
    this.#kernel.clock.spend(this.#kernel.costs.systemCall);
    for (const range of ranges) {
      for (let page = range.start; page < range.end && read + pageBytes <= into.length; page++) {
        if (!this.#readPage(task.mm, page, into, read))
          return read > 0 ? success(read) : refused('EFAULT', call);
        read += pageBytes;
      }
    }
    return success(read);
  }

  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions> {
    const path = `/proc/${pid}/pagemap`;
    const task = this.#kernel.processes.get(pid);
    if (task === undefined) return refused('ENOENT', `open ${path}`);
    if (!this.#caller.mayTrace && task.userId !== this.#caller.userId)
      return refused('EACCES', `open ${path}`);
    if (task.mm === undefined) return success(columns([]));
    this.#kernel.clock.spend(this.#kernel.costs.systemCall);
    const found = scanPagemap(this.#kernel, task.mm, scan);
    return typeof found === 'string' ? refused(found, `ioctl PAGEMAP_SCAN ${path}`) : success(columns(found));
  }

  probeAdvice(advice: Advice): Answer<void> {
    const answer = processMadvise(this.#kernel, this.#caller, this.#own, [], advice);
    return answer.error === undefined
      ? success(undefined)
      : refused(answer.error, `process_madvise pid ${this.#own.pid} ${advice}`);
  }

  /** No programs run in a model: workloads are part of its scenario. */
  start(command: string): Answer<Program> {
    return refused('ENOENT', `execve ${command}`);
  }

  become(command: string): Refusal {
    return { errno: 'ENOENT', call: `execve ${command}` };
  }

  /** Reads one page as get_user_pages() does: faults it in and leaves what its touch leaves (markTouched()). */
  #readPage(mm: Mm, page: number, into: Uint8Array, at: number): boolean {
    const cost = touch(this.#kernel, mm, page, false);
    if (cost < 0) return false;
    const leaf = emptyLeaf();
    if (!translate(this.#kernel, mm, page, leaf)) return false;
    const { folios, geometry, costs } = this.#kernel;
    this.#kernel.clock.spend(cost + (costs.copyKib * geometry.pageBytes) / 1024);
    markTouched(this.#kernel, mm, page, false);
    writePageBytes(leaf.zero ? 0 : folios.content[leaf.frame], into, at, geometry.pageBytes);
    return true;
  }

  #bytes(batch: readonly PageRange[]): Bytes {
    return batch.reduce((sum, range) => sum + range.end - range.start, 0) * this.#kernel.geometry.pageBytes;
  }

  /** Ranges in calls of at most 1024, each below the kernel's limit in bytes; longer ranges are cut. */
  *#batches(ranges: readonly PageRange[]): Generator<PageRange[]> {
    const most =
      Math.floor(MAX_BYTES / this.#kernel.geometry.blockBytes) * this.#kernel.geometry.pagesPerBlock;
    let batch: PageRange[] = [];
    let pages = 0;
    for (const range of ranges) {
      for (let start = range.start; start < range.end; ) {
        if (batch.length === MAX_RANGES || pages >= most) {
          yield batch;
          batch = [];
          pages = 0;
        }
        const end = Math.min(range.end, start + most - pages);
        batch.push({ start, end });
        pages += end - start;
        start = end;
      }
    }
    if (batch.length > 0) yield batch;
  }
}

class ModelHandle implements ProcessHandle {
  readonly pid: ProcessId;
  readonly task: Process;
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, task: Process) {
    this.pid = task.pid;
    this.task = task;
    this.#kernel = kernel;
  }

  isAlive(): boolean {
    return this.#kernel.processes.get(this.pid) === this.task;
  }

  close(): void {
    // Nothing is held open.
  }
}

function columns(regions: readonly Region[]): ScannedRegions {
  return {
    count: regions.length,
    starts: Float64Array.from(regions, (region) => region.start),
    ends: Float64Array.from(regions, (region) => region.end),
    categories: Uint32Array.from(regions, (region) => region.categories),
  };
}

function refused(errno: ErrnoName, call: string): Answer<never> {
  return failure({ errno, call });
}
