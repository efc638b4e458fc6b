/**
 * The two shapes of TLB arrays, both with exact least-recently-used replacement. An entry is a key: the number of
 * the translated unit shifted left by two, with its kind in the low bits. `touch` looks a key up and leaves it as
 * the most recently used entry, hit or miss, because whatever misses is filled.
 */

/** Kinds of keys. 0 is kept for "not known yet". */
export const KIND = { unknown: 0, base: 1, run: 2, huge: 3 } as const;

export interface TlbArrayModel {
  /** 0 when `key` was there and −1 when it was not; it is the most recently used entry afterwards. */
  touch(key: number): number;
  /** Whether the key is there, without using it. */
  has(key: number): boolean;
  /**
   * Touches `count` keys in order and moves those that were not there to the front of `keys`, with their
   * `positions`; answers how many. One loop with everything at hand: the model's hottest.
   */
  missing(keys: Int32Array, positions: Uint16Array, count: number): number;
  /** Removes one key if it is there. */
  remove(key: number): void;
  /** Removes every entry whose key `matches`. */
  removeIf(matches: (key: number) => boolean): void;
  clear(): void;
  /** Keys present, most recently used first within a set. */
  keys(): number[];
}

/** No key: its kind would be `unknown`. */
const EMPTY = 0;

/**
 * Sets of ways, each ordered from most to least recently used, so that replacement needs no ages. A look-up is one
 * pass over the set that moves entries down until the key is found, written without branches: what a program
 * touches next is just what a branch predictor cannot know.
 *
 * With d = entry XOR key (never negative, since keys are below 2^31), −d >> 31 is −1 for a different entry and 0
 * for the one sought; `seeking` stays −1 until it is found.
 */
abstract class SetAssociativeBase implements TlbArrayModel {
  protected readonly ways: number;
  /** By kind: base pages and runs may use all sets, huge translations perhaps fewer. */
  protected readonly setMask: Int32Array;
  protected readonly entries: Int32Array;

  /** `hugeEntries` bounds what huge translations may take: they index only that share of the sets. */
  constructor(entries: number, ways: number, hugeEntries = entries, otherEntries = entries) {
    this.ways = ways;
    const all = setsOf(otherEntries, ways) - 1;
    this.setMask = Int32Array.of(all, all, all, setsOf(hugeEntries, ways) - 1);
    this.entries = new Int32Array(entries).fill(EMPTY);
  }

  abstract touch(key: number): number;

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    return missingByTouch(this, keys, positions, count);
  }

  /** Where the set of a key begins. */
  protected firstOf(key: number): number {
    return ((key >>> 2) & this.setMask[key & 3]) * this.ways;
  }

  has(key: number): boolean {
    const first = this.firstOf(key);
    return this.entries.subarray(first, first + this.ways).includes(key);
  }

  remove(key: number): void {
    const entries = this.entries;
    const first = this.firstOf(key);
    const end = first + this.ways;
    let at = first;
    while (at < end && entries[at] !== key) at++;
    if (at === end) return;
    for (; at + 1 < end; at++) entries[at] = entries[at + 1];
    entries[end - 1] = EMPTY;
  }

  removeIf(matches: (key: number) => boolean): void {
    const entries = this.entries;
    for (let first = 0; first < entries.length; first += this.ways) {
      let kept = first;
      for (let at = first; at < first + this.ways; at++) {
        const entry = entries[at];
        if (entry !== EMPTY && !matches(entry)) entries[kept++] = entry;
      }
      entries.fill(EMPTY, kept, first + this.ways);
    }
  }

  clear(): void {
    this.entries.fill(EMPTY);
  }

  keys(): number[] {
    return Array.from(this.entries.filter((entry) => entry !== EMPTY));
  }
}

export class SetAssociative extends SetAssociativeBase {
  touch(key: number): number {
    const entries = this.entries;
    const ways = this.ways;
    const first = ((key >>> 2) & this.setMask[key & 3]) * ways;
    return (ways & 3) === 0
      ? touchByFours(entries, first, first + ways, key)
      : touchOne(entries, first, first + ways, key);
  }

  override missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    const { entries, ways, setMask } = this;
    if ((ways & 3) !== 0) return missingByTouch(this, keys, positions, count);
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = ((key >>> 2) & setMask[key & 3]) * ways;
      const miss = touchByFours(entries, first, first + ways, key);
      keys[missed] = key;
      positions[missed] = at;
      missed -= miss;
    }
    return missed;
  }
}

/**
 * Four ways, the usual first level, with the pass written out. Huge translations may have sets of their own behind
 * those of the others: two arrays that a core looks up side by side.
 */
export class FourWays extends SetAssociativeBase {
  /** First set of each kind. */
  readonly #bank: Int32Array;

  /** `hugeEntries` of their own, or 0 when huge translations share the sets of the others. */
  constructor(entries: number, hugeEntries = 0) {
    super(entries + hugeEntries, 4, hugeEntries || entries, entries);
    this.#bank = Int32Array.of(0, 0, 0, hugeEntries === 0 ? 0 : setsOf(entries, 4));
  }

  protected override firstOf(key: number): number {
    return (this.#bank[key & 3] + ((key >>> 2) & this.setMask[key & 3])) << 2;
  }

  touch(key: number): number {
    const first = this.firstOf(key);
    return touchByFours(this.entries, first, first + 4, key);
  }

  override missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    const { entries, setMask } = this;
    const bank = this.#bank;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = (bank[key & 3] + ((key >>> 2) & setMask[key & 3])) << 2;
      const a = entries[first];
      const b = entries[first + 1];
      const c = entries[first + 2];
      const d = entries[first + 3];
      const beyondA = -(a ^ key) >> 31;
      const beyondB = beyondA & (-(b ^ key) >> 31);
      const beyondC = beyondB & (-(c ^ key) >> 31);
      entries[first] = key;
      entries[first + 1] = b ^ ((b ^ a) & beyondA);
      entries[first + 2] = c ^ ((c ^ b) & beyondB);
      entries[first + 3] = d ^ ((d ^ c) & beyondC);
      keys[missed] = key;
      positions[missed] = at;
      missed -= beyondC & (-(d ^ key) >> 31);
    }
    return missed;
  }
}

/** Two arrays of different shape side by side: one for huge translations, one for the others. */
export class SideBySide implements TlbArrayModel {
  readonly #byKind: readonly TlbArrayModel[];
  readonly #arrays: readonly TlbArrayModel[];

  constructor(others: TlbArrayModel, huge: TlbArrayModel) {
    this.#byKind = [others, others, others, huge];
    this.#arrays = [others, huge];
  }

  touch(key: number): number {
    return this.#byKind[key & 3].touch(key);
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    return missingByTouch(this, keys, positions, count);
  }

  has(key: number): boolean {
    return this.#byKind[key & 3].has(key);
  }

  remove(key: number): void {
    this.#byKind[key & 3].remove(key);
  }

  removeIf(matches: (key: number) => boolean): void {
    for (const array of this.#arrays) array.removeIf(matches);
  }

  clear(): void {
    for (const array of this.#arrays) array.clear();
  }

  keys(): number[] {
    return this.#arrays.flatMap((array) => array.keys());
  }
}

function missingByTouch(
  array: TlbArrayModel,
  keys: Int32Array,
  positions: Uint16Array,
  count: number,
): number {
  let missed = 0;
  for (let i = 0; i < count; i++) {
    const key = keys[i];
    const at = positions[i];
    const miss = array.touch(key);
    keys[missed] = key;
    positions[missed] = at;
    missed -= miss;
  }
  return missed;
}

function setsOf(entries: number, ways: number): number {
  const sets = entries / ways;
  if (!Number.isInteger(Math.log2(sets)))
    throw new RangeError(`${sets} sets of ${ways} ways: not a power of two`);
  return sets;
}

function touchOne(entries: Int32Array, first: number, end: number, key: number): number {
  let seeking = -1;
  let carried = key;
  for (let at = first; at < end; at++) {
    const entry = entries[at];
    entries[at] = entry ^ ((entry ^ carried) & seeking);
    seeking &= -(entry ^ key) >> 31;
    carried = entry;
  }
  return seeking;
}

/** The same for ways in multiples of four. */
function touchByFours(entries: Int32Array, first: number, end: number, key: number): number {
  let seeking = -1;
  let carried = key;
  for (let at = first; at < end; at += 4) {
    const a = entries[at];
    const b = entries[at + 1];
    const c = entries[at + 2];
    const d = entries[at + 3];
    entries[at] = a ^ ((a ^ carried) & seeking);
    seeking &= -(a ^ key) >> 31;
    entries[at + 1] = b ^ ((b ^ a) & seeking);
    seeking &= -(b ^ key) >> 31;
    entries[at + 2] = c ^ ((c ^ b) & seeking);
    seeking &= -(c ^ key) >> 31;
    entries[at + 3] = d ^ ((d ^ c) & seeking);
    seeking &= -(d ^ key) >> 31;
    carried = d;
  }
  return seeking;
}

const NONE = 255;

/**
 * Fully associative: hash chains find the slot, a doubly linked list orders the slots by use. At most 254 entries.
 */
export class FullyAssociative implements TlbArrayModel {
  readonly #capacity: number;
  readonly #hashShift: number;
  readonly #keys: Int32Array;
  readonly #heads: Uint8Array;
  readonly #chain: Uint8Array;
  readonly #newer: Uint8Array;
  readonly #older: Uint8Array;
  #newest = NONE;
  #oldest = NONE;
  #used = 0;

  constructor(entries: number) {
    if (entries >= NONE)
      throw new RangeError(`${entries} entries are too many for a fully associative array`);
    const buckets = 2 ** Math.ceil(Math.log2(entries * 4));
    this.#capacity = entries;
    this.#hashShift = 32 - Math.log2(buckets);
    this.#keys = new Int32Array(entries).fill(EMPTY);
    this.#heads = new Uint8Array(buckets).fill(NONE);
    this.#chain = new Uint8Array(entries).fill(NONE);
    this.#newer = new Uint8Array(entries).fill(NONE);
    this.#older = new Uint8Array(entries).fill(NONE);
  }

  touch(key: number): number {
    const bucket = Math.imul(key, 0x9e3779b1) >>> this.#hashShift;
    let slot = this.#heads[bucket];
    while (slot !== NONE && this.#keys[slot] !== key) slot = this.#chain[slot];
    if (slot === NONE) {
      this.fill(key, bucket);
      return -1;
    }
    if (slot !== this.#newest) this.promote(slot);
    return 0;
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const miss = this.touch(key);
      keys[missed] = key;
      positions[missed] = at;
      missed -= miss;
    }
    return missed;
  }

  private promote(slot: number): void {
    const newer = this.#newer[slot];
    const older = this.#older[slot];
    this.#older[newer] = older;
    if (older === NONE) this.#oldest = newer;
    else this.#newer[older] = newer;
    this.pushNewest(slot);
  }

  private pushNewest(slot: number): void {
    const newest = this.#newest;
    this.#older[slot] = newest;
    this.#newer[slot] = NONE;
    if (newest === NONE) this.#oldest = slot;
    else this.#newer[newest] = slot;
    this.#newest = slot;
  }

  private fill(key: number, bucket: number): void {
    const slot = this.#used < this.#capacity ? this.#used++ : this.evictOldest();
    this.#keys[slot] = key;
    this.#chain[slot] = this.#heads[bucket];
    this.#heads[bucket] = slot;
    this.pushNewest(slot);
  }

  private evictOldest(): number {
    const slot = this.#oldest;
    const newer = this.#newer[slot];
    this.#oldest = newer;
    if (newer === NONE) this.#newest = NONE;
    else this.#older[newer] = NONE;
    this.unchain(slot);
    return slot;
  }

  private unchain(slot: number): void {
    const bucket = Math.imul(this.#keys[slot], 0x9e3779b1) >>> this.#hashShift;
    let at = this.#heads[bucket];
    if (at === slot) {
      this.#heads[bucket] = this.#chain[slot];
      return;
    }
    while (this.#chain[at] !== slot) at = this.#chain[at];
    this.#chain[at] = this.#chain[slot];
  }

  remove(key: number): void {
    if (this.has(key)) this.removeIf((other) => other === key);
  }

  has(key: number): boolean {
    return this.#keys.subarray(0, this.#used).includes(key);
  }

  removeIf(matches: (key: number) => boolean): void {
    const kept: number[] = [];
    for (let slot = this.#oldest; slot !== NONE; slot = this.#newer[slot]) {
      if (!matches(this.#keys[slot])) kept.push(this.#keys[slot]);
    }
    if (kept.length === this.#used) return;
    this.clear();
    for (const key of kept) this.touch(key);
  }

  clear(): void {
    this.#heads.fill(NONE);
    this.#keys.fill(EMPTY);
    this.#newest = NONE;
    this.#oldest = NONE;
    this.#used = 0;
  }

  keys(): number[] {
    const keys: number[] = [];
    for (let slot = this.#newest; slot !== NONE; slot = this.#older[slot]) keys.push(this.#keys[slot]);
    return keys;
  }
}
