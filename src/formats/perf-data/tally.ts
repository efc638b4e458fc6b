/** Sums over all samples of a recording, to hold what was read against another reader of the same file. */
import type { AccessColumns } from './access-columns.js';
import { PageSet } from './page-set.js';

const MASK_64 = (1n << 64n) - 1n;
/** Threads counted one by one; samples of further ones are counted together. */
const MOST_THREADS = 1 << 17;

export class Tally {
  samples = 0;
  withAddress = 0;
  withPhysical = 0;
  /** Samples of threads beyond the number counted one by one. */
  ofOtherThreads = 0;
  readonly virtual = new PageSet(true);
  readonly physical = new PageSet(false);
  private sum = 0n;
  private xorLow = 0;
  private xorHigh = 0;
  private readonly threads = new Map<number, Map<number, number>>();
  private threadCount = 0;

  add(batch: AccessColumns): void {
    this.samples += batch.count;
    this.addAddresses(batch);
    this.addPhysical(batch);
    this.addThreads(batch);
  }

  /** Sum of all addresses mod 2^64. */
  get sumAddress(): bigint {
    return this.sum & MASK_64;
  }

  get xorAddress(): bigint {
    return (BigInt(this.xorHigh >>> 0) << 32n) | BigInt(this.xorLow >>> 0);
  }

  /** Samples by `pid/tid`, most first. */
  get byThread(): Record<string, number> {
    const named = [...this.threads].flatMap(([pid, tids]) =>
      [...tids].map(([tid, count]) => [`${pid}/${tid}`, count] as const),
    );
    return Object.fromEntries(named.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  }

  /** Batches have far fewer than 2^21 rows, so sums of words stay exact in doubles. Absent addresses are 0. */
  private addAddresses(batch: AccessColumns): void {
    const { addressLow, addressHigh, count } = batch;
    let low = 0;
    let high = 0;
    let xorLow = 0;
    let xorHigh = 0;
    for (let row = 0; row < count; row++) {
      low += addressLow[row];
      high += addressHigh[row];
      xorLow ^= addressLow[row];
      xorHigh ^= addressHigh[row];
    }
    this.xorLow ^= xorLow;
    this.xorHigh ^= xorHigh;
    this.sum += BigInt(low) + (BigInt(high) << 32n);
    this.withAddress += this.virtual.addAll(addressLow, addressHigh, count);
  }

  private addPhysical(batch: AccessColumns): void {
    this.withPhysical += this.physical.addAll(batch.physicalLow, batch.physicalHigh, batch.count);
  }

  /** Neighbouring samples are mostly of one thread, so runs are counted before they are looked up. */
  private addThreads(batch: AccessColumns): void {
    const { pid, tid, count } = batch;
    for (let start = 0; start < count; ) {
      let end = start + 1;
      while (end < count && tid[end] === tid[start] && pid[end] === pid[start]) end++;
      this.addRun(pid[start], tid[start], end - start);
      start = end;
    }
  }

  private addRun(pid: number, tid: number, samples: number): void {
    if (samples === 0) return;
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
