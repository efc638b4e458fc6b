/** What a PMU recorded: columns that grow, in the order of recording. */
import {
  NO_PAGE,
  SAMPLE_FLAG,
  SAMPLE_KIND,
  type SampleColumns,
  sampleColumns,
} from '../../vocabulary/sample.js';
import type { Nanoseconds, PageGeometry } from '../../vocabulary/units.js';
import { OUTCOME } from './tlb.js';

/** Where the data of a sampled access came from. */
export const DATA_FROM = { l1: 0, l2: 1, l3: 2, memory: 3 } as const;

/** One sample, as a reused object between columns and their readers. */
export interface PmuSample {
  time: Nanoseconds;
  cpu: number;
  pid: number;
  tid: number;
  /** Virtual byte address; 0 for an operation that is no memory access. */
  address: number;
  /** Physical byte address, 0 when unknown. */
  physical: number;
  isStore: boolean;
  isGuest: boolean;
  isHuge: boolean;
  /** OUTCOME of the translation. */
  outcome: number;
  /** DATA_FROM. */
  from: number;
  /** Cycles from dispatch to completion, and the part spent on translation. */
  latency: number;
  translation: number;
}

/** Returns a sample to be filled. */
export function emptySample(): PmuSample {
  return {
    time: 0,
    cpu: 0,
    pid: 0,
    tid: 0,
    address: 0,
    physical: 0,
    isStore: false,
    isGuest: false,
    isHuge: false,
    outcome: 0,
    from: 0,
    latency: 0,
    translation: 0,
  };
}

const BIT = { store: 1, guest: 2, huge: 4 } as const;

/** Samples as growing columns. */
export class PmuSamples {
  count = 0;
  #wide = new Float64Array(3 * 256);
  #narrow = new Int32Array(8 * 256);

  add(sample: PmuSample): void {
    if (this.count * 8 === this.#narrow.length) this.#grow();
    const wide = this.count * 3;
    this.#wide[wide] = sample.time;
    this.#wide[wide + 1] = sample.address;
    this.#wide[wide + 2] = sample.physical;
    const narrow = this.count * 8;
    this.#narrow[narrow] = sample.cpu;
    this.#narrow[narrow + 1] = sample.pid;
    this.#narrow[narrow + 2] = sample.tid;
    this.#narrow[narrow + 3] = sample.outcome;
    this.#narrow[narrow + 4] = sample.from;
    this.#narrow[narrow + 5] = sample.latency;
    this.#narrow[narrow + 6] = sample.translation;
    this.#narrow[narrow + 7] =
      (sample.isStore ? BIT.store : 0) | (sample.isGuest ? BIT.guest : 0) | (sample.isHuge ? BIT.huge : 0);
    this.count++;
  }

  /** Copies row `index` into `into`. */
  read(index: number, into: PmuSample): PmuSample {
    const wide = index * 3;
    const narrow = index * 8;
    into.time = this.#wide[wide];
    into.address = this.#wide[wide + 1];
    into.physical = this.#wide[wide + 2];
    into.cpu = this.#narrow[narrow];
    into.pid = this.#narrow[narrow + 1];
    into.tid = this.#narrow[narrow + 2];
    into.outcome = this.#narrow[narrow + 3];
    into.from = this.#narrow[narrow + 4];
    into.latency = this.#narrow[narrow + 5];
    into.translation = this.#narrow[narrow + 6];
    const bits = this.#narrow[narrow + 7];
    into.isStore = (bits & BIT.store) !== 0;
    into.isGuest = (bits & BIT.guest) !== 0;
    into.isHuge = (bits & BIT.huge) !== 0;
    return into;
  }

  #grow(): void {
    const wide = new Float64Array(this.#wide.length * 2);
    wide.set(this.#wide);
    this.#wide = wide;
    const narrow = new Int32Array(this.#narrow.length * 2);
    narrow.set(this.#narrow);
    this.#narrow = narrow;
  }

  /** The samples from row `from` on as a batch of the vocabulary, `period` accesses each. */
  batch(geometry: PageGeometry, period: number, from = 0, to = this.count): SampleColumns {
    const batch = sampleColumns(to - from);
    const sample = emptySample();
    for (let row = from; row < to; row++) fillRow(batch, this.read(row, sample), geometry, period);
    return batch;
  }
}

function fillRow(batch: SampleColumns, sample: PmuSample, geometry: PageGeometry, period: number): void {
  const row = batch.count++;
  batch.time[row] = sample.time;
  batch.pid[row] = sample.pid;
  batch.tid[row] = sample.tid;
  batch.virtualPage[row] = sample.address === 0 ? NO_PAGE : Math.floor(sample.address / geometry.pageBytes);
  batch.physicalPage[row] =
    sample.physical === 0 ? NO_PAGE : Math.floor(sample.physical / geometry.pageBytes);
  batch.kind[row] =
    sample.address === 0 ? SAMPLE_KIND.unknown : sample.isStore ? SAMPLE_KIND.store : SAMPLE_KIND.load;
  batch.weight[row] = period;
  batch.flags[row] =
    (sample.outcome >= OUTCOME.walk ? SAMPLE_FLAG.tlbMiss : 0) |
    (sample.isHuge ? SAMPLE_FLAG.hugeMapped : 0) |
    (sample.isGuest ? SAMPLE_FLAG.guest : 0) |
    (sample.from !== DATA_FROM.l1 ? SAMPLE_FLAG.cacheMiss : 0);
}
