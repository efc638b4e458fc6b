/**
 * The two shapes of TLB arrays, both with exact least-recently-used replacement. An entry is a key: the number of
 * the translated unit shifted left by two, with its kind in the low bits. `touch` looks a key up and leaves it as
 * the most recently used entry, hit or miss, because whatever misses is filled.
 */

/** Kinds of keys. 0 is kept for "not known yet". */
export const KIND = { unknown: 0, base: 1, run: 2, huge: 3 } as const;

export interface TlbArrayModel {
  /** Whether `key` was there; it is the most recently used entry afterwards. */
  touch(key: number): boolean;
  /** Whether the key is there, without using it. */
  has(key: number): boolean;
  /** Removes every entry whose key `matches`. */
  removeIf(matches: (key: number) => boolean): void;
  clear(): void;
  /** Keys present, most recently used first within a set. */
  keys(): number[];
}

const EMPTY = -1;

/**
 * Sets of ways, each ordered from most to least recently used, so that the common hit is the first compare and
 * replacement needs no ages.
 */
export class SetAssociative implements TlbArrayModel {
  readonly #ways: number;
  readonly #setMask: number;
  readonly #hugeWays: number;
  readonly #entries: Int32Array;

  /** `hugeEntries` bounds what huge translations may take, as the same number of ways in each set. */
  constructor(entries: number, ways: number, hugeEntries = entries) {
    const sets = entries / ways;
    if (!Number.isInteger(Math.log2(sets)))
      throw new RangeError(`${sets} sets of ${ways} ways: not a power of two`);
    this.#ways = ways;
    this.#setMask = sets - 1;
    this.#hugeWays = Math.floor((hugeEntries * ways) / entries);
    this.#entries = new Int32Array(entries).fill(EMPTY);
  }

  touch(key: number): boolean {
    const entries = this.#entries;
    const first = ((key >>> 2) & this.#setMask) * this.#ways;
    if (entries[first] === key) return true;
    return this.touchOlder(key, first);
  }

  private touchOlder(key: number, first: number): boolean {
    const entries = this.#entries;
    const end = first + this.#ways;
    let at = first + 1;
    while (at < end && entries[at] !== key) at++;
    const hit = at < end;
    shiftDown(entries, first, hit ? at : this.victim(key, first));
    entries[first] = key;
    return hit;
  }

  private victim(key: number, first: number): number {
    const last = first + this.#ways - 1;
    if (this.#hugeWays === this.#ways || (key & 3) !== KIND.huge) return last;
    let huge = 0;
    let oldestHuge = last;
    for (let at = first; at <= last; at++) {
      if (this.#entries[at] === EMPTY || (this.#entries[at] & 3) !== KIND.huge) continue;
      huge++;
      oldestHuge = at;
    }
    return huge >= this.#hugeWays ? oldestHuge : last;
  }

  has(key: number): boolean {
    const first = ((key >>> 2) & this.#setMask) * this.#ways;
    for (let at = first; at < first + this.#ways; at++) if (this.#entries[at] === key) return true;
    return false;
  }

  removeIf(matches: (key: number) => boolean): void {
    const entries = this.#entries;
    for (let first = 0; first < entries.length; first += this.#ways) {
      let kept = first;
      for (let at = first; at < first + this.#ways; at++) {
        const entry = entries[at];
        if (entry !== EMPTY && !matches(entry)) entries[kept++] = entry;
      }
      entries.fill(EMPTY, kept, first + this.#ways);
    }
  }

  clear(): void {
    this.#entries.fill(EMPTY);
  }

  keys(): number[] {
    return Array.from(this.#entries.filter((entry) => entry !== EMPTY));
  }
}

/** Moves entries [first, at) one place towards older and leaves `first` free. */
function shiftDown(entries: Int32Array, first: number, at: number): void {
  for (let i = at; i > first; i--) entries[i] = entries[i - 1];
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

  touch(key: number): boolean {
    const bucket = Math.imul(key, 0x9e3779b1) >>> this.#hashShift;
    let slot = this.#heads[bucket];
    while (slot !== NONE && this.#keys[slot] !== key) slot = this.#chain[slot];
    if (slot === NONE) {
      this.fill(key, bucket);
      return false;
    }
    if (slot !== this.#newest) this.promote(slot);
    return true;
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
