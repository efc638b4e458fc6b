/**
 * Tells recordings apart by what is in them. Every sample with a time has a hash of its moment, thread and address; the
 * 256 smallest hashes are the sketch of a recording (bottom-k sampling: Cohen, Kaplan 2007). Two recordings that share
 * samples share small hashes, however they were cut, compressed, filtered or put together; independent ones share none.
 *
 * The text of `perf script` tells moments to the microsecond. So there is a second sketch, of hashes of microseconds, which is
 * asked only where one of the two recordings is such a text.
 */
import { BottomHashes, SKETCH_SIZE } from './bottom-hashes.js';
import type { SampleBatch } from './sample.js';
import type { Fraction, Nanoseconds } from './units.js';

export { SKETCH_SIZE };

const TWO_32 = 2 ** 32;
/** A hash has 53 bits: 32 and 21 of two words. */
const LOW_SHIFT = 11;
const LOW_RANGE = 2 ** 21;
const NS_PER_US = 1000;
/** Concurrent recordings may sample one access within a microsecond: so many in a hundred hashes are no chance. */
const LEAST_COARSE: Fraction = 0.03;

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
  /** The same of microseconds. */
  readonly coarse: Float64Array;
}

/** Takes batches of a recording, and prints its fingerprint at the end. */
export class Fingerprint {
  /** Samples with a place. */
  count = 0;
  /** Times of the first and last sample of the recording's clock; none when `last` is not above −1. */
  first: Nanoseconds = Number.POSITIVE_INFINITY;
  last: Nanoseconds = -1;
  #timed = 0;
  /** Sum of all hashes mod 2^32: the same in any order. */
  #sum = 0;
  readonly #hashes = new BottomHashes(LOW_RANGE);
  readonly #coarse = new BottomHashes(1);
  #room = new Float64Array(0);
  #coarseRoom = new Float64Array(0);

  /** Hashes whose high word is above this are in no sketch. */
  get bound(): number {
    return this.#hashes.bound;
  }

  /** The same of hashes of microseconds. */
  get coarseBound(): number {
    return this.#coarse.bound;
  }

  /** Adds the rows of a batch that have a virtual or physical page. */
  add(batch: SampleBatch): void {
    if (this.#room.length < batch.count) {
      this.#room = new Float64Array(batch.count);
      this.#coarseRoom = new Float64Array(batch.count);
    }
    this.addHashed(hashRows(batch, this, [this.#room, this.#coarseRoom]), batch.timeOrigin);
  }

  /** Adds rows that were hashed elsewhere, with times after `origin`. */
  addHashed({ count, timed, sum, first, last, hashes, coarse }: HashedRows, origin: bigint): void {
    this.count += count;
    this.#timed += timed;
    this.#sum = (this.#sum + sum) >>> 0;
    this.#hashes.add(hashes);
    this.#coarse.add(coarse);
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
    return [this.count % TWO_32, this.#timed % TWO_32, this.#sum].map(hex).join('') + smallest;
  }

  /** The smallest hashes, ascending, in hexadecimal. */
  get sketch(): readonly string[] {
    return Array.from(this.#hashes.smallest(), (hash) => hash.toString(16).padStart(14, '0'));
  }

  /** The smallest hashes of microseconds. */
  get coarseSketch(): readonly string[] {
    return Array.from(this.#coarse.smallest(), (hash) => hash.toString(16).padStart(8, '0'));
  }
}

const hex = (word: number): string => word.toString(16).padStart(8, '0');

/** The loop over rows; assembly/samples/hashes.ts is the same for the columns of the sample loop. */
function hashRows(
  batch: SampleBatch,
  { bound, coarseBound }: Pick<Fingerprint, 'bound' | 'coarseBound'>,
  [room, coarseRoom]: readonly [Float64Array, Float64Array],
): HashedRows {
  const { time, tid, pid, virtualPage, physicalPage, weight } = batch;
  const origin = Number(batch.timeOrigin & 0xffffffffn);
  const { us, restNs } = microsecondsOf(batch.timeOrigin);
  let [count, timed, sum, kept, keptCoarse] = [0, 0, 0, 0, 0];
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
    const moment = (us + (Math.floor((restNs + at) / NS_PER_US) >>> 0)) >>> 0;
    const coarse = stir(Math.imul(moment, 0xc2b2ae35) ^ where ^ (where >>> 13));
    if (coarse <= coarseBound) coarseRoom[keptCoarse++] = coarse;
    if (high > bound) continue;
    room[kept++] = high * LOW_RANGE + ((stir(where ^ 0x6c62272e) ^ stir(when ^ who)) >>> LOW_SHIFT);
  }
  const [hashes, coarse] = [room.subarray(0, kept), coarseRoom.subarray(0, keptCoarse)];
  return { count, timed, sum, first, last, hashes, coarse };
}

/** An origin of times as whole microseconds mod 2^32, and the nanoseconds beyond them. */
export function microsecondsOf(origin: bigint): { readonly us: number; readonly restNs: Nanoseconds } {
  const perUs = BigInt(NS_PER_US);
  return { us: Number((origin / perUs) & 0xffffffffn), restNs: Number(origin % perUs) };
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
  /** Of microseconds; absent where it was not kept. */
  readonly coarseSketch?: readonly string[] | undefined;
  /** Moments are told to the microsecond only. */
  readonly isCoarse?: boolean | undefined;
}

/**
 * Share of the samples of `second` that are in `first` too, as far as their sketches tell; 0 when they share nothing.
 * Only hashes below the bounds of both sketches are compared, where each is complete.
 */
export function sharedSamples(first: Printed, second: Printed): Fraction {
  if (first.fingerprint === second.fingerprint) return 1;
  const share = sharedHashes(first.sketch, second.sketch);
  if (first.isCoarse === second.isCoarse) return share;
  const coarse = sharedHashes(first.coarseSketch ?? [], second.coarseSketch ?? []);
  return coarse < LEAST_COARSE ? share : Math.max(share, coarse);
}

function sharedHashes(first: readonly string[], second: readonly string[]): Fraction {
  const bounds = [first, second]
    .filter((sketch) => sketch.length === SKETCH_SIZE)
    .map((sketch) => sketch[SKETCH_SIZE - 1]);
  // Behind every hexadecimal digit.
  const bound = bounds.sort()[0] ?? 'g';
  const known = new Set(first);
  const comparable = second.filter((hash) => hash <= bound);
  const shared = comparable.filter((hash) => known.has(hash)).length;
  return comparable.length === 0 ? 0 : shared / comparable.length;
}
