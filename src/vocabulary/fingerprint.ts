/**
 * Tells recordings apart by what is in them. Every sample with a time has a hash of its moment, thread and address; the
 * 256 smallest hashes are the sketch of a recording (bottom-k sampling: Cohen, Kaplan 2007). Two recordings that share
 * samples share small hashes, however they were cut, compressed, filtered or put together; independent ones share none.
 */
import type { SampleBatch } from './sample.js';
import type { Fraction, Nanoseconds } from './units.js';

/** Hashes of a sketch. 1/256 of a recording within another one is found with a chance of 1 − 1/e. */
export const SKETCH_SIZE = 256;
const ROOM = 4 * SKETCH_SIZE;
const TWO_32 = 2 ** 32;

export class Fingerprint {
  /** Samples with a place. */
  count = 0;
  /** Times of the first and last sample of the recording's clock; none when `last` is not above −1. */
  first: Nanoseconds = Number.POSITIVE_INFINITY;
  last: Nanoseconds = -1;
  private timed = 0;
  /** Sums of all hashes mod 2^32: the same in any order. */
  private sumLow = 0;
  private sumHigh = 0;
  private readonly high = new Uint32Array(ROOM);
  private readonly low = new Uint32Array(ROOM);
  private kept = 0;
  /** Hashes whose high word is above this are in no sketch. */
  private bound = TWO_32 - 1;

  /** Adds the rows of a batch that have a virtual or physical page. */
  add(batch: SampleBatch): void {
    const { time, tid, pid, virtualPage, physicalPage, weight } = batch;
    const origin = Number(batch.timeOrigin & 0xffffffffn);
    let first = Number.POSITIVE_INFINITY;
    let last = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < batch.count; row++) {
      const page = virtualPage[row] >= 0 ? virtualPage[row] : physicalPage[row];
      if (page < 0) continue;
      const isTimed = !Number.isNaN(time[row]);
      const when = isTimed ? ((origin + time[row]) % TWO_32) >>> 0 : weight[row] >>> 0;
      const where = (page % TWO_32) >>> 0;
      const who = Math.imul(tid[row] >= 0 ? tid[row] : pid[row], 0x9e3779b1) ^ Math.floor(page / TWO_32);
      const high = stir(stir(when ^ 0x2545f491) ^ where ^ who);
      const low = stir(stir(where ^ 0x6c62272e) ^ Math.imul(when, 0x85ebca6b) ^ who);
      this.count++;
      this.sumLow = (this.sumLow + low) >>> 0;
      this.sumHigh = (this.sumHigh + high) >>> 0;
      if (!isTimed) continue;
      this.timed++;
      if (time[row] < first) first = time[row];
      if (time[row] > last) last = time[row];
      if (high <= this.bound) this.keep(high, low);
    }
    if (last < first) return;
    this.first = Math.min(this.first, Number(batch.timeOrigin) + first);
    this.last = Math.max(this.last, Number(batch.timeOrigin) + last);
  }

  /** Nanoseconds from the first to the last sample; undefined when fewer than two have times. */
  get windowNs(): Nanoseconds | undefined {
    return this.last > this.first ? this.last - this.first : undefined;
  }

  /** Hash of all samples in hexadecimal. */
  get digest(): string {
    const words = [this.count % TWO_32, this.sumHigh, this.sumLow, stir(this.sumHigh ^ this.timed)];
    return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  /** The smallest hashes, ascending, in hexadecimal. */
  get sketch(): readonly string[] {
    this.shrink();
    return Array.from({ length: this.kept }, (_, at) => hex(this.high[at]) + hex(this.low[at]));
  }

  private keep(high: number, low: number): void {
    if (this.kept === ROOM) {
      this.shrink();
      if (high > this.bound) return;
    }
    this.high[this.kept] = high;
    this.low[this.kept] = low;
    this.kept++;
  }

  /** Keeps the smallest ones, each once. */
  private shrink(): void {
    const order = Array.from({ length: this.kept }, (_, at) => [this.high[at], this.low[at]] as const);
    order.sort((left, right) => left[0] - right[0] || left[1] - right[1]);
    const distinct = order.filter(
      ([high, low], at) => at === 0 || high !== order[at - 1][0] || low !== order[at - 1][1],
    );
    const smallest = distinct.slice(0, SKETCH_SIZE);
    smallest.forEach(([high, low], at) => {
      this.high[at] = high;
      this.low[at] = low;
    });
    this.kept = smallest.length;
    if (this.kept === SKETCH_SIZE) this.bound = this.high[SKETCH_SIZE - 1];
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** The finaliser of MurmurHash3. */
function stir(word: number): number {
  let mixed = word >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

export interface Printed {
  readonly fingerprint: string;
  readonly sketch: readonly string[];
}

/**
 * Share of the samples of `second` that are in `first` too, as far as their sketches tell; 0 when they share nothing.
 * Only hashes below the bounds of both sketches are compared, where each is complete.
 */
export function sharedSamples(first: Printed, second: Printed): Fraction {
  if (first.fingerprint === second.fingerprint) return 1;
  const bound = [first.sketch, second.sketch]
    .filter((sketch) => sketch.length === SKETCH_SIZE)
    .reduce((least, sketch) => (sketch[SKETCH_SIZE - 1] < least ? sketch[SKETCH_SIZE - 1] : least), 'g');
  const known = new Set(first.sketch);
  const comparable = second.sketch.filter((hash) => hash <= bound);
  const shared = comparable.filter((hash) => known.has(hash)).length;
  return comparable.length === 0 ? 0 : shared / comparable.length;
}
