/**
 * The regions of one monitoring target as columns, ascending and disjoint. Addresses are doubles in core units
 * (bytes for virtual address spaces); multiples of a page are exact up to 2^64. Operations mirror
 * mm/damon/core.c: damon_split_region_at(), damon_merge_two_regions().
 */

/** Most attribute probes of a context (DAMON_MAX_PROBES). */
export const MOST_PROBES = 4;
/** Regions of one target beyond which the modelled kernel has no memory left for another. */
export const MOST_REGIONS = 2 ** 20;

/** Columns of regions that grow, are split and merged in place. */
export class RegionList {
  count = 0;
  start: Float64Array;
  end: Float64Array;
  /** Samples of the current aggregation in which the region looked accessed. */
  accesses: Uint32Array;
  /** The same of the aggregation before. */
  lastAccesses: Uint32Array;
  /** Moving sum in ten-thousandths of an access, in kernels that store it. */
  movingBp: Uint32Array;
  /** Aggregations for which the access level stayed similar. */
  age: Uint32Array;
  /** Address that the current sample looks at. */
  sampled: Float64Array;
  /** MOST_PROBES counters per region. */
  hits: Uint8Array;
  lastHits: Uint8Array;

  constructor(capacity = 16) {
    this.start = new Float64Array(capacity);
    this.end = new Float64Array(capacity);
    this.accesses = new Uint32Array(capacity);
    this.lastAccesses = new Uint32Array(capacity);
    this.movingBp = new Uint32Array(capacity);
    this.age = new Uint32Array(capacity);
    this.sampled = new Float64Array(capacity);
    this.hits = new Uint8Array(capacity * MOST_PROBES);
    this.lastHits = new Uint8Array(capacity * MOST_PROBES);
  }

  size(index: number): number {
    return this.end[index] - this.start[index];
  }

  totalSize(): number {
    let total = 0;
    for (let index = 0; index < this.count; index++) total += this.end[index] - this.start[index];
    return total;
  }

  /** Puts a fresh region (counters and age 0) before `index`. */
  insert(index: number, start: number, end: number): void {
    this.#openGap(index);
    this.start[index] = start;
    this.end[index] = end;
    this.#clear(index);
  }

  remove(index: number): void {
    const after = index + 1;
    for (const column of this.#columns()) column.copyWithin(index, after, this.count);
    for (const column of [this.hits, this.lastHits]) {
      column.copyWithin(index * MOST_PROBES, after * MOST_PROBES, this.count * MOST_PROBES);
    }
    this.count--;
  }

  /**
   * Cuts region `index` so that its left piece has `leftSize`; the right piece follows with the same history.
   * False, and nothing done, when memory for another region is lacking.
   */
  splitAt(index: number, leftSize: number): boolean {
    if (this.count >= MOST_REGIONS) return false;
    const cut = this.start[index] + leftSize;
    this.#openGap(index + 1);
    this.#copyHistory(this, index, index + 1);
    this.start[index + 1] = cut;
    this.end[index + 1] = this.end[index];
    this.end[index] = cut;
    return true;
  }

  /** Widens `left` over `right`: size-weighted integer means of count, age and hits; `last` stays the left one's. */
  absorb(left: number, right: number): void {
    const sizeLeft = this.size(left);
    const sizeRight = this.size(right);
    const { accesses, age } = this;
    accesses[left] = weightedMean(accesses[left], sizeLeft, accesses[right], sizeRight);
    this.movingBp[left] = accesses[left] * 10_000;
    age[left] = weightedMean(age[left], sizeLeft, age[right], sizeRight);
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      const at = left * MOST_PROBES + probe;
      this.hits[at] = weightedMean(
        this.hits[at],
        sizeLeft,
        this.hits[right * MOST_PROBES + probe],
        sizeRight,
      );
    }
    this.end[left] = this.end[right];
  }

  /** Appends a copy of a piece of `from[index]`, for passes that write a new list. */
  appendPiece(from: RegionList, index: number, start: number, end: number): void {
    this.#reserve(this.count + 1);
    this.#copyHistory(from, index, this.count);
    this.start[this.count] = start;
    this.end[this.count] = end;
    this.count++;
  }

  append(start: number, end: number): void {
    this.#reserve(this.count + 1);
    this.start[this.count] = start;
    this.end[this.count] = end;
    this.#clear(this.count++);
  }

  /** Moves region `from` to the earlier place `to`, for compaction in place. */
  move(from: number, to: number): void {
    if (from === to) return;
    this.#copyHistory(this, from, to);
    this.start[to] = this.start[from];
    this.end[to] = this.end[from];
  }

  /** Counts of the finished aggregation become the last ones. */
  closeAggregation(): void {
    this.lastAccesses.set(this.accesses.subarray(0, this.count));
    this.accesses.fill(0, 0, this.count);
    this.lastHits.set(this.hits.subarray(0, this.count * MOST_PROBES));
    this.hits.fill(0, 0, this.count * MOST_PROBES);
  }

  clone(): RegionList {
    const copy = new RegionList(Math.max(16, this.count));
    for (let index = 0; index < this.count; index++) {
      copy.appendPiece(this, index, this.start[index], this.end[index]);
    }
    return copy;
  }

  /** First index from `from` on whose end lies above `address`; count when there is none. */
  firstEndingAfter(address: number, from = 0): number {
    let index = from;
    while (index < this.count && this.end[index] <= address) index++;
    return index;
  }

  #clear(index: number): void {
    this.accesses[index] = 0;
    this.lastAccesses[index] = 0;
    this.movingBp[index] = 0;
    this.age[index] = 0;
    this.sampled[index] = 0;
    this.hits.fill(0, index * MOST_PROBES, (index + 1) * MOST_PROBES);
    this.lastHits.fill(0, index * MOST_PROBES, (index + 1) * MOST_PROBES);
  }

  #copyHistory(from: RegionList, index: number, to: number): void {
    this.accesses[to] = from.accesses[index];
    this.lastAccesses[to] = from.lastAccesses[index];
    this.movingBp[to] = from.movingBp[index];
    this.age[to] = from.age[index];
    this.sampled[to] = from.sampled[index];
    for (let probe = 0; probe < MOST_PROBES; probe++) {
      this.hits[to * MOST_PROBES + probe] = from.hits[index * MOST_PROBES + probe];
      this.lastHits[to * MOST_PROBES + probe] = from.lastHits[index * MOST_PROBES + probe];
    }
  }

  #openGap(index: number): void {
    this.#reserve(this.count + 1);
    for (const column of this.#columns()) column.copyWithin(index + 1, index, this.count);
    for (const column of [this.hits, this.lastHits]) {
      column.copyWithin((index + 1) * MOST_PROBES, index * MOST_PROBES, this.count * MOST_PROBES);
    }
    this.count++;
  }

  #columns(): (Float64Array | Uint32Array)[] {
    return [this.start, this.end, this.accesses, this.lastAccesses, this.movingBp, this.age, this.sampled];
  }

  #reserve(count: number): void {
    if (count <= this.start.length) return;
    const larger = new RegionList(Math.max(count, this.start.length * 2));
    larger.start.set(this.start);
    larger.end.set(this.end);
    larger.accesses.set(this.accesses);
    larger.lastAccesses.set(this.lastAccesses);
    larger.movingBp.set(this.movingBp);
    larger.age.set(this.age);
    larger.sampled.set(this.sampled);
    larger.hits.set(this.hits);
    larger.lastHits.set(this.lastHits);
    this.#take(larger);
  }

  #take(other: RegionList): void {
    this.start = other.start;
    this.end = other.end;
    this.accesses = other.accesses;
    this.lastAccesses = other.lastAccesses;
    this.movingBp = other.movingBp;
    this.age = other.age;
    this.sampled = other.sampled;
    this.hits = other.hits;
    this.lastHits = other.lastHits;
  }
}

/** floor((a·sizeA + b·sizeB) / (sizeA + sizeB)); exact while the products stay below 2^53 granules. */
function weightedMean(a: number, sizeA: number, b: number, sizeB: number): number {
  return Math.floor((a * sizeA + b * sizeB) / (sizeA + sizeB));
}
