/** Sums over all samples of a recording, to hold what was read against another reader of the same file. */

import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { SAMPLE_FLAG } from '../../vocabulary/sample.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { TallyLoop, type TallyRows } from './tally-loop/tally-loop.js';

/** Threads counted one by one; samples of further ones are counted together. */
const MOST_THREADS = 1 << 17;

/** Counts samples by process, thread, event, kind and CPU, and the distinct pages and blocks. */
export class Tally {
  /** Accesses of guests: their addresses are another machine's, so they are counted here and nowhere else. */
  readonly guests = { samples: 0, withAddress: 0, withPhysical: 0 };
  samples = 0;
  /** Samples of threads beyond the number counted one by one. */
  ofOtherThreads = 0;
  /** Page sizes of the recorded machine. */
  readonly geometry: PageGeometry;
  readonly #loop: TallyLoop;
  readonly #threads = new Map<number, Map<number, number>>();
  #threadCount = 0;
  #hosts: TallyRows | undefined;

  constructor(geometry: PageGeometry) {
    this.geometry = geometry;
    this.#loop = new TallyLoop(geometry, (pid, tid, rows) => this.#addRun(pid, tid, rows));
  }

  /**
   * Adds the rows of a batch. `guestsAreNamed` says that the recording was put together with those of its guests
   * (ID_INDEX with machine pids): guests are then processes like others, as they are to perf.
   */
  add(batch: AccessColumns, guestsAreNamed = false): void {
    this.#addHosts(guestsAreNamed || !hasGuests(batch) ? batch : this.#withoutGuests(batch));
  }

  #addHosts(batch: TallyRows): void {
    this.samples += batch.count;
    this.#loop.add(batch);
  }

  get withAddress(): number {
    return Number(this.#loop.sum('withAddress'));
  }

  get withPhysical(): number {
    return Number(this.#loop.sum('withPhysical'));
  }

  /** Sum of all addresses mod 2^64. */
  get sumAddress(): bigint {
    return this.#loop.sum('sum');
  }

  get xorAddress(): bigint {
    return this.#loop.sum('xor');
  }

  /** Distinct pages and blocks of virtual addresses, and blocks of physical ones. */
  get pages(): number {
    return Number(this.#loop.sum('pages'));
  }

  get blocks(): number {
    return Number(this.#loop.sum('blocks'));
  }

  get physicalBlocks(): number {
    return Number(this.#loop.sum('physicalBlocks'));
  }

  /** There were more than 2^19 blocks: the numbers of pages are then lower bounds. */
  get pagesAreLowerBounds(): boolean {
    return this.#loop.sum('isFull') !== 0n;
  }

  /** Samples by `pid/tid`, most first. */
  get byThread(): Record<string, number> {
    const named = [...this.#threads].flatMap(([pid, tids]) =>
      [...tids].map(([tid, count]) => [`${pid}/${tid}`, count] as const),
    );
    return Object.fromEntries(named.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)));
  }

  /** The host's rows of a batch, with the columns that are added up; guests are counted. */
  #withoutGuests(batch: AccessColumns): TallyRows {
    const { guests } = this;
    this.#hosts ??= tallyRows(batch.capacity);
    const hosts = this.#hosts;
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

  #addRun(pid: number, tid: number, samples: number): void {
    let tids = this.#threads.get(pid);
    const known = tids?.get(tid);
    if (known === undefined && this.#threadCount >= MOST_THREADS) {
      this.ofOtherThreads += samples;
      return;
    }
    if (tids === undefined) {
      tids = new Map();
      this.#threads.set(pid, tids);
    }
    if (known === undefined) this.#threadCount++;
    tids.set(tid, (known ?? 0) + samples);
  }
}

function hasGuests(batch: AccessColumns): boolean {
  const { flags, count, flagsSeen } = batch;
  if (flagsSeen !== undefined) return (flagsSeen & SAMPLE_FLAG.guest) !== 0;
  for (let row = 0; row < count; row++) if ((flags[row] & SAMPLE_FLAG.guest) !== 0) return true;
  return false;
}

function tallyRows(capacity: number): TallyRows {
  const words = () => new Uint32Array(capacity);
  return {
    count: 0,
    pid: new Int32Array(capacity),
    tid: new Int32Array(capacity),
    addressLow: words(),
    addressHigh: words(),
    physicalLow: words(),
    physicalHigh: words(),
  };
}

/** Appends a row's thread and addresses. */
function copyRow(from: TallyRows, row: number, to: TallyRows): void {
  const at = to.count++;
  to.pid[at] = from.pid[row];
  to.tid[at] = from.tid[row];
  to.addressLow[at] = from.addressLow[row];
  to.addressHigh[at] = from.addressHigh[row];
  to.physicalLow[at] = from.physicalLow[row];
  to.physicalHigh[at] = from.physicalHigh[row];
}
