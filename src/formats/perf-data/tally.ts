/** Sums over all samples of a recording, to hold what was read against another reader of the same file. */
import type { AccessColumns } from './access-columns.js';
import { TallyKernel } from './tally-kernel/tally-kernel.js';

/** Threads counted one by one; samples of further ones are counted together. */
const MOST_THREADS = 1 << 17;

export class Tally {
  samples = 0;
  /** Samples of threads beyond the number counted one by one. */
  ofOtherThreads = 0;
  private readonly kernel = new TallyKernel((pid, tid, rows) => this.addRun(pid, tid, rows));
  private readonly threads = new Map<number, Map<number, number>>();
  private threadCount = 0;

  add(batch: AccessColumns): void {
    this.samples += batch.count;
    this.kernel.add(batch);
  }

  get withAddress(): number {
    return Number(this.kernel.sum('withAddress'));
  }

  get withPhysical(): number {
    return Number(this.kernel.sum('withPhysical'));
  }

  /** Sum of all addresses mod 2^64. */
  get sumAddress(): bigint {
    return this.kernel.sum('sum');
  }

  get xorAddress(): bigint {
    return this.kernel.sum('xor');
  }

  /** Distinct 4 KiB pages and 2 MiB blocks of virtual addresses, and 2 MiB blocks of physical ones. */
  get pages4k(): number {
    return Number(this.kernel.sum('pages'));
  }

  get pages2m(): number {
    return Number(this.kernel.sum('blocks'));
  }

  get pages2mPhysical(): number {
    return Number(this.kernel.sum('physicalBlocks'));
  }

  /** There were more than 2^19 blocks: the numbers of pages are then lower bounds. */
  get pagesAreLowerBounds(): boolean {
    return this.kernel.sum('isFull') !== 0n;
  }

  /** Samples by `pid/tid`, most first. */
  get byThread(): Record<string, number> {
    const named = [...this.threads].flatMap(([pid, tids]) =>
      [...tids].map(([tid, count]) => [`${pid}/${tid}`, count] as const),
    );
    return Object.fromEntries(named.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  }

  private addRun(pid: number, tid: number, samples: number): void {
    let tids = this.threads.get(pid);
    const known = tids?.get(tid);
    if (known === undefined && this.threadCount >= MOST_THREADS) {
      this.ofOtherThreads += samples;
      return;
    }
    if (tids === undefined) {
      tids = new Map();
      this.threads.set(pid, tids);
    }
    if (known === undefined) this.threadCount++;
    tids.set(tid, (known ?? 0) + samples);
  }
}
