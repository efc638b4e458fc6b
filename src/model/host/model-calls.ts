import { failure, success } from '../../base/result.js';
import type {
  Advice,
  Answer,
  Calls,
  PagemapScan,
  ProcessHandle,
  ProcessMemory,
  Program,
  Refusal,
  ScannedRegions,
} from '../../host/host.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, PageRange, ProcessId } from '../../vocabulary/units.js';
import { emptyLeaf, translate } from '../kernel/access/access.js';
import { type Caller, MAX_BYTES, MAX_RANGES, processMadvise } from '../kernel/advice/process-madvise.js';
import { readMem } from '../kernel/advice/remote-read.js';
import { type Region, scanPagemap } from '../kernel/files/pagemap-scan.js';
import type { Kernel } from '../kernel/state/kernel.js';
import type { Process } from '../kernel/state/process.js';
import { spendScan } from './reading-costs.js';

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
    this.#kernel.clock.settle();
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

  openMemory(pid: ProcessId): Answer<ProcessMemory> {
    const call = `open /proc/${pid}/mem`;
    const task = this.#kernel.processes.get(pid);
    if (task === undefined) return refused('ENOENT', call);
    if (!this.#caller.mayTrace && task.userId !== this.#caller.userId) return refused('EACCES', call);
    return success(new ModelMemory(this.#kernel, task));
  }

  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions> {
    const path = `/proc/${pid}/pagemap`;
    const task = this.#kernel.processes.get(pid);
    if (task === undefined) return refused('ENOENT', `open ${path}`);
    if (!this.#caller.mayTrace && task.userId !== this.#caller.userId)
      return refused('EACCES', `open ${path}`);
    if (task.mm === undefined) return success(columns([]));
    this.#kernel.clock.settle();
    this.#kernel.clock.spend(this.#kernel.costs.systemCall);
    spendScan(this.#kernel, task.mm);
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

/** /proc/PID/mem, of which only pages are read that are in memory. The memory is that of the moment of opening. */
class ModelMemory implements ProcessMemory {
  readonly pid: ProcessId;
  readonly #kernel: Kernel;
  readonly #task: Process;
  readonly #mm: Process['mm'];

  constructor(kernel: Kernel, task: Process) {
    this.pid = task.pid;
    this.#kernel = kernel;
    this.#task = task;
    this.#mm = task.mm;
  }

  read({ start, end }: PageRange, into: Uint8Array): Answer<Bytes> {
    const mm = this.#mm;
    const { pageBytes } = this.#kernel.geometry;
    this.#kernel.clock.settle();
    this.#kernel.clock.spend(this.#kernel.costs.systemCall);
    if (mm === undefined || this.#kernel.processes.get(this.pid) !== this.#task) return success(0);
    const leaf = emptyLeaf();
    let last = start;
    while (last < end && translate(this.#kernel, mm, last, leaf)) last++;
    const length = Math.min((last - start) * pageBytes, into.length);
    const read = readMem(this.#kernel, mm, into.subarray(0, length), start * pageBytes);
    return typeof read === 'number' ? success(read) : refused(read, `read /proc/${this.pid}/mem`);
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
