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
/** A hash has 53 bits: 32 and 21 of two words. */
const LOW_SHIFT = 11;
const LOW_RANGE = 2 ** 21;

/** What the rows of a batch with a page come to. */
export interface HashedRows {
  readonly count: number;
  /** Those with a time. */
  readonly timed: number;
  /** Sum of all hashes' high words mod 2^32. */
  readonly sum: number;
  /** Nanoseconds after the batch's origin; infinite, and the last before the first, when no row has a time. */
  readonly first: Nanoseconds;
  readonly last: Nanoseconds;
  /** Hashes of 53 bits; those that are too large for any sketch may be left out. */
  readonly hashes: Float64Array;
}

/** Takes batches of a recording, and prints its fingerprint at the end. */
export class Fingerprint {
  /** Samples with a place. */
  count = 0;
  /** Times of the first and last sample of the recording's clock; none when `last` is not above −1. */
  first: Nanoseconds = Number.POSITIVE_INFINITY;
  last: Nanoseconds = -1;
  private timed = 0;
  /** Sum of all hashes mod 2^32: the same in any order. */
  private sum = 0;
  private readonly hashes = new Float64Array(ROOM);
  private kept = 0;
  /** Hashes whose high word is above this are in no sketch. */
  bound = TWO_32 - 1;
  private room = new Float64Array(0);

  /** Adds the rows of a batch that have a virtual or physical page. */
  add(batch: SampleBatch): void {
    if (this.room.length < batch.count) this.room = new Float64Array(batch.count);
    this.addHashed(hashRows(batch, this.bound, this.room), batch.timeOrigin);
  }

  /** Adds rows that were hashed elsewhere, with times after `origin`. */
  addHashed({ count, timed, sum, first, last, hashes }: HashedRows, origin: bigint): void {
    this.count += count;
    this.timed += timed;
    this.sum = (this.sum + sum) >>> 0;
    // By index: an iterator is slow until it is compiled, and most imports have ended by then.
    for (let at = 0; at < hashes.length; at++) {
      const hash = hashes[at];
      if (hash < (this.bound + 1) * LOW_RANGE) this.keep(hash);
    }
    if (last < first) return;
    this.first = Math.min(this.first, Number(origin) + first);
    this.last = Math.max(this.last, Number(origin) + last);
  }

  /** Nanoseconds from the first to the last sample; undefined when fewer than two have times. */
  get windowNs(): Nanoseconds | undefined {
    return this.last > this.first ? this.last - this.first : undefined;
  }

  /** Hash of all samples in hexadecimal. */
  get digest(): string {
    const [smallest = ''] = this.sketch;
    return [this.count % TWO_32, this.timed % TWO_32, this.sum].map(hex).join('') + smallest;
  }

  /** The smallest hashes, ascending, in hexadecimal. */
  get sketch(): readonly string[] {
    this.shrink();
    return Array.from(this.hashes.subarray(0, this.kept), (hash) => hash.toString(16).padStart(14, '0'));
  }

  private keep(hash: number): void {
    if (this.kept === ROOM) {
      this.shrink();
      if (hash > this.hashes[SKETCH_SIZE - 1]) return;
    }
    this.hashes[this.kept++] = hash;
  }

  /** Keeps the smallest ones, each once. */
  private shrink(): void {
    const sorted = this.hashes.subarray(0, this.kept).sort();
    let kept = 0;
    for (const hash of sorted) {
      if (kept < SKETCH_SIZE && (kept === 0 || hash !== sorted[kept - 1])) sorted[kept++] = hash;
    }
    this.kept = kept;
    if (kept === SKETCH_SIZE) this.bound = Math.floor(sorted[kept - 1] / LOW_RANGE);
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** The loop over rows; assembly/samples/hashes.ts is the same for the columns of the sample loop. */
function hashRows(batch: SampleBatch, bound: number, room: Float64Array): HashedRows {
  const { time, tid, pid, virtualPage, physicalPage, weight } = batch;
  const origin = Number(batch.timeOrigin & 0xffffffffn);
  let [count, timed, sum, kept] = [0, 0, 0, 0];
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < batch.count; row++) {
    const page = virtualPage[row] >= 0 ? virtualPage[row] : physicalPage[row];
    if (page < 0) continue;
    const at = time[row];
    const isTimed = !Number.isNaN(at);
    const when = isTimed ? (origin + at) >>> 0 : weight[row] >>> 0;
    const who = Math.imul(tid[row] >= 0 ? tid[row] : pid[row], 0x9e3779b1) ^ (page * 2 ** -32);
    const where = Math.imul(page >>> 0, 0x85ebca6b) ^ who;
    const high = stir(Math.imul(when, 0xc2b2ae35) ^ where ^ (where >>> 15));
    count++;
    sum = (sum + high) >>> 0;
    if (!isTimed) continue;
    timed++;
    first = Math.min(first, at);
    last = Math.max(last, at);
    if (high > bound) continue;
    room[kept++] = high * LOW_RANGE + ((stir(where ^ 0x6c62272e) ^ stir(when ^ who)) >>> LOW_SHIFT);
  }
  return { count, timed, sum, first, last, hashes: room.subarray(0, kept) };
}

/** The finaliser of MurmurHash3. */
function stir(word: number): number {
  let mixed = word >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** A fingerprint as text. */
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
  const bounds = [first.sketch, second.sketch]
    .filter((sketch) => sketch.length === SKETCH_SIZE)
    .map((sketch) => sketch[SKETCH_SIZE - 1]);
  // Behind every hexadecimal digit.
  const bound = bounds.sort()[0] ?? 'g';
  const known = new Set(first.sketch);
  const comparable = second.sketch.filter((hash) => hash <= bound);
  const shared = comparable.filter((hash) => known.has(hash)).length;
  return comparable.length === 0 ? 0 : shared / comparable.length;
}
