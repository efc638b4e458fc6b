/** Sums over all samples of a recording, to hold what was read against another reader of the same file. */
import { SAMPLE_FLAG } from '../../vocabulary/sample.js';
import { type AccessColumns, accessColumns } from './access-columns.js';
import { PageSet } from './page-set.js';

const MASK_64 = (1n << 64n) - 1n;
/** Threads counted one by one; samples of further ones are counted together. */
const MOST_THREADS = 1 << 17;

export class Tally {
  /** Accesses of guests: their addresses are another machine's, so they are counted here and nowhere else. */
  readonly guests = { samples: 0, withAddress: 0, withPhysical: 0 };
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
  private hosts: AccessColumns | undefined;

  /**
   * Adds the rows of a batch. `guestsAreNamed` says that the recording was put together with those of its guests
   * (ID_INDEX with machine pids): guests are then processes like others, as they are to perf.
   */
  add(batch: AccessColumns, guestsAreNamed = false): void {
    this.addHosts(guestsAreNamed || !hasGuests(batch) ? batch : this.withoutGuests(batch));
  }

  private addHosts(batch: AccessColumns): void {
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

  /** The host's rows of a batch, with the columns that are added up; guests are counted. */
  private withoutGuests(batch: AccessColumns): AccessColumns {
    const { guests } = this;
    this.hosts ??= accessColumns(batch.capacity);
    const hosts = this.hosts;
    hosts.count = 0;
    for (let row = 0; row < batch.count; row++) {
      if ((batch.flags[row] & SAMPLE_FLAG.guest) === 0) copyRow(batch, row, hosts);
      else {
        guests.samples++;
        if ((batch.addressLow[row] | batch.addressHigh[row]) !== 0) guests.withAddress++;
        if ((batch.physicalLow[row] | batch.physicalHigh[row]) !== 0) guests.withPhysical++;
      }
    }
    return hosts;
  }

  /** Batches have far fewer than 2^21 rows, so sums of words stay exact in doubles. */
  private addAddresses(batch: AccessColumns): void {
    let low = 0;
    let high = 0;
    for (let row = 0; row < batch.count; row++) {
      const addressLow = batch.addressLow[row];
      const addressHigh = batch.addressHigh[row];
      if (addressLow === 0 && addressHigh === 0) continue;
      this.withAddress++;
      low += addressLow;
      high += addressHigh;
      this.xorLow ^= addressLow;
      this.xorHigh ^= addressHigh;
      this.virtual.add(addressLow, addressHigh);
    }
    this.sum += BigInt(low) + (BigInt(high) << 32n);
  }

  private addPhysical(batch: AccessColumns): void {
    for (let row = 0; row < batch.count; row++) {
      const low = batch.physicalLow[row];
      const high = batch.physicalHigh[row];
      if (low === 0 && high === 0) continue;
      this.withPhysical++;
      this.physical.add(low, high);
    }
  }

  /** Neighbouring samples are mostly of one thread, so runs are counted before they are looked up. */
  private addThreads(batch: AccessColumns): void {
    let start = 0;
    for (let row = 1; row <= batch.count; row++) {
      const goesOn =
        row < batch.count && batch.tid[row] === batch.tid[start] && batch.pid[row] === batch.pid[start];
      if (goesOn) continue;
      this.addRun(batch.pid[start], batch.tid[start], row - start);
      start = row;
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

function hasGuests(batch: AccessColumns): boolean {
  const { flags, count } = batch;
  for (let row = 0; row < count; row++) if ((flags[row] & SAMPLE_FLAG.guest) !== 0) return true;
  return false;
}

/** Appends a row's thread and addresses. */
function copyRow(from: AccessColumns, row: number, to: AccessColumns): void {
  const at = to.count++;
  to.pid[at] = from.pid[row];
  to.tid[at] = from.tid[row];
  to.addressLow[at] = from.addressLow[row];
  to.addressHigh[at] = from.addressHigh[row];
  to.physicalLow[at] = from.physicalLow[row];
  to.physicalHigh[at] = from.physicalHigh[row];
}
