/**
 * Heat over time: maps of their own for each slice of time. When more slices hold samples than are allowed, or when
 * their counters take too much memory, slices are made twice as long: time is given up before blocks are.
 */
import type { SampleNature } from '../vocabulary/nature.js';
import { copySample, type SampleBatch, type SampleColumns, sampleColumns } from '../vocabulary/sample.js';
import type { Milliseconds, Nanoseconds, ProcessId } from '../vocabulary/units.js';
import { HotMaps, type HotMapsOptions } from './hot-maps.js';
import { OneRate } from './one-rate.js';

const NS = 1e6;
/** Of the bytes allowed: the sum of all slices takes as much again, and tables double when they grow. */
const SHARE_OF_BYTES = 4;
/** Number of the slice of samples without a time. */
const UNTIMED = Number.NEGATIVE_INFINITY;

/** Length and number of slices. */
export interface SliceOptions {
  /** Length of a slice to begin with. */
  readonly widthMs: Milliseconds;
  /** Slices that may hold samples. */
  readonly most: number;
}

/** The maps of one slice. */
export interface HeatSlice {
  /** When it begins: a multiple of the width; undefined of samples without a time. */
  readonly startMs: Milliseconds | undefined;
  readonly maps: HotMaps;
}

type Part = SampleColumns & { readonly times?: Float64Array };

/** Sorts batches into slices by their times, and lengthens slices when there are too many. */
export class HeatSlices {
  readonly #options: HotMapsOptions;
  readonly #most: number;
  readonly #rate = new OneRate();
  #widthMs: Milliseconds;
  #slices = new Map<number, HotMaps>();
  readonly #scratch = new Map<number, Part>();

  constructor(options: HotMapsOptions, { widthMs, most }: SliceOptions) {
    this.#options = options;
    this.#most = most;
    this.#widthMs = widthMs;
  }

  get widthMs(): Milliseconds {
    return this.#widthMs;
  }

  /** Slices with samples, those without a time first, the others ascending. */
  get slices(): readonly HeatSlice[] {
    return [...this.#slices]
      .sort(([a], [b]) => a - b)
      .map(([number, maps]) => ({
        startMs: number === UNTIMED ? undefined : number * this.#widthMs,
        maps,
      }));
  }

  /** `offsetNs` brings the times of the batch to the clock of the slices. */
  addSamples(batch: SampleBatch, nature: SampleNature, offsetNs: Nanoseconds = 0): void {
    const originNs = Number(batch.timeOrigin) + offsetNs;
    const only = this.#onlySlice(batch, originNs);
    if (only !== undefined) this.#mapsOf(only).addSamples(batch, nature);
    else if (!this.#addHalves(batch, nature, originNs)) this.#addParted(batch, nature, originNs);
    while (this.#isTooMuch()) this.#coarsen();
  }

  /** As HotMaps.forget() has it, of slices that have ended by then; of all when that is infinite. */
  forget(pid: ProcessId, untilNs: Nanoseconds = Number.POSITIVE_INFINITY): void {
    for (const [number, maps] of this.#slices) {
      const endNs = (number + 1) * this.#widthMs * NS;
      if (untilNs === Number.POSITIVE_INFINITY || (number !== UNTIMED && endNs <= untilNs)) maps.forget(pid);
    }
  }

  relabel(from: SampleNature, to: SampleNature): void {
    for (const maps of this.#slices.values()) maps.relabel(from, to);
  }

  /** All samples together; the slices are left as they are. */
  total(): HotMaps {
    const [first, ...more] = this.#slices.values();
    if (first === undefined) return this.#fresh();
    if (more.length === 0) return first;
    const sum = this.#fresh();
    for (const maps of [first, ...more]) sum.absorb(maps);
    return sum;
  }

  #numberOf(time: number, originNs: Nanoseconds): number {
    return Number.isNaN(time) ? UNTIMED : Math.floor((originNs + time) / (this.#widthMs * NS));
  }

  /** The slice that all rows are of; undefined when they are of several. */
  #onlySlice({ time, count, inCommon }: SampleBatch, originNs: Nanoseconds): number | undefined {
    const number = this.#numberOf(time[0], originNs);
    if (inCommon?.span !== undefined) {
      const { first, last } = inCommon.span;
      const isOnly = this.#numberOf(first, originNs) === number && this.#numberOf(last, originNs) === number;
      return isOnly ? number : undefined;
    }
    const width = this.#widthMs * NS;
    const [from, to] = [number * width - originNs, (number + 1) * width - originNs];
    for (let row = 1; row < count; row++) {
      const isIn = number === UNTIMED ? Number.isNaN(time[row]) : time[row] >= from && time[row] < to;
      if (!isIn) return undefined;
    }
    return number;
  }

  /** Adds a batch whose first rows are of one slice and whose others are of another; false when it is none. */
  #addHalves(batch: SampleBatch, nature: SampleNature, originNs: Nanoseconds): boolean {
    const { time, count } = batch;
    const [first, last] = [this.#numberOf(time[0], originNs), this.#numberOf(time[count - 1], originNs)];
    let middle = 1;
    while (middle < count && this.#numberOf(time[middle], originNs) === first) middle++;
    for (let row = middle; row < count; row++) if (this.#numberOf(time[row], originNs) !== last) return false;
    this.#mapsOf(first).addSamples(rowsOf(batch, 0, middle), nature);
    this.#mapsOf(last).addSamples(rowsOf(batch, middle, count), nature);
    return true;
  }

  #addParted(batch: SampleBatch, nature: SampleNature, originNs: Nanoseconds): void {
    this.#scratch.clear();
    for (let row = 0; row < batch.count; row++) {
      const number = this.#numberOf(batch.time[row], originNs);
      let part = this.#scratch.get(number);
      if (part === undefined) {
        // More slices than that would be put together anyway.
        if (this.#scratch.size > this.#most) {
          this.#coarsen();
          this.#addParted(batch, nature, originNs);
          return;
        }
        part = {
          ...sampleColumns(batch.count),
          ...(batch.times && { times: new Float64Array(batch.count) }),
        };
        this.#scratch.set(number, part);
      }
      if (batch.times !== undefined && part.times !== undefined) part.times[part.count] = batch.times[row];
      copySample(batch, row, part);
    }
    for (const [number, part] of this.#scratch) this.#mapsOf(number).addSamples(part, nature);
  }

  #fresh(): HotMaps {
    return new HotMaps({ ...this.#options, rate: this.#rate });
  }

  #mapsOf(number: number): HotMaps {
    let maps = this.#slices.get(number);
    if (maps === undefined) {
      maps = this.#fresh();
      this.#rate.join(maps);
      this.#slices.set(number, maps);
    }
    return maps;
  }

  #isTooMuch(): boolean {
    const timed = [...this.#slices].filter(([number]) => number !== UNTIMED);
    if (timed.length > this.#most) return true;
    const { mostBytes = Number.POSITIVE_INFINITY } = this.#options;
    const bytes = timed.reduce((sum, [, maps]) => sum + maps.byteLength, 0);
    return timed.length > 1 && bytes > mostBytes / SHARE_OF_BYTES;
  }

  /** Makes slices twice as long. */
  #coarsen(): void {
    this.#widthMs *= 2;
    const before = [...this.#slices];
    this.#slices = new Map();
    for (const [number, maps] of before) {
      const wider = number === UNTIMED ? UNTIMED : Math.floor(number / 2);
      const there = this.#slices.get(wider);
      if (there === undefined) this.#slices.set(wider, maps);
      else {
        there.absorb(maps);
        this.#rate.leave(maps);
      }
    }
  }
}

/** The rows from `from` to before `to`: the same memory. */
function rowsOf(batch: SampleBatch, from: number, to: number): SampleBatch {
  const { times } = batch;
  return {
    count: to - from,
    timeOrigin: batch.timeOrigin,
    time: batch.time.subarray(from, to),
    pid: batch.pid.subarray(from, to),
    tid: batch.tid.subarray(from, to),
    virtualPage: batch.virtualPage.subarray(from, to),
    physicalPage: batch.physicalPage.subarray(from, to),
    kind: batch.kind.subarray(from, to),
    weight: batch.weight.subarray(from, to),
    flags: batch.flags.subarray(from, to),
    flagsSeen: batch.flagsSeen,
    ...(times === undefined ? {} : { times: times.subarray(from, to) }),
  };
}
