/**
 * A fully associative array, 40 to 96 entries in the first levels that are built so: a pass over all of them would
 * cost more than the branches it saves. Hash chains find the slot of a key; a ring orders the slots by use, so that
 * filling the oldest slot moves no link at all: the ring is entered one slot further back.
 */
import { EMPTY, missingByTouch, type TlbArrayModel } from './tlb-array.js';

/** End of a chain. */
const NONE = 255;
/** Multiplier of the hash: 2^32 divided by the golden ratio. */
const HASH = 0x9e3779b1 | 0;

const ONE_KEY = new Int32Array(1);
const ONE_POSITION = new Uint16Array(1);

/** An array of any number of entries up to 255 with exact LRU, at constant cost for each access. */
export class FullyAssociative implements TlbArrayModel {
  readonly #hashShift: number;
  readonly #keys: Int32Array;
  /** Four byte columns in one: first slot of each bucket; then for each slot the next of its chain, the slot used
   * before it, and the slot used after it. */
  readonly #links: Uint8Array;
  readonly #chain: number;
  readonly #older: number;
  readonly #newer: number;
  #newest = 0;

  constructor(entries: number) {
    if (entries >= NONE)
      throw new RangeError(`${entries} entries are too many for a fully associative array`);
    const buckets = 2 ** Math.ceil(Math.log2(entries * 8));
    this.#hashShift = 32 - Math.log2(buckets);
    this.#keys = new Int32Array(entries).fill(EMPTY);
    this.#chain = buckets;
    this.#older = buckets + entries;
    this.#newer = buckets + 2 * entries;
    this.#links = new Uint8Array(buckets + 3 * entries).fill(NONE);
    for (let slot = 0; slot < entries; slot++) {
      this.#links[this.#older + slot] = (slot + 1) % entries;
      this.#links[this.#newer + slot] = (slot + entries - 1) % entries;
    }
  }

  touch(key: number): number {
    ONE_KEY[0] = key;
    return 0 - this.missingInOrder(ONE_KEY, 0, ONE_POSITION, 1);
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    return missingByTouch(this, keys, positions, count);
  }

  missingInOrder(keys: Int32Array, from: number, positions: Uint16Array, count: number): number {
    const own = this.#keys;
    const links = this.#links;
    const chain = this.#chain | 0;
    const newer = this.#newer | 0;
    const older = this.#older | 0;
    const shift = this.#hashShift | 0;
    let newest = this.#newest | 0;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const bucket = Math.imul(key, HASH) >>> shift;
      let slot = links[bucket];
      while (slot !== NONE && own[slot] !== key) slot = links[chain + slot];
      if (slot === NONE) {
        slot = links[newer + newest];
        if (own[slot] !== EMPTY) unchain(links, chain, slot, Math.imul(own[slot], HASH) >>> shift);
        links[chain + slot] = links[bucket];
        links[bucket] = slot;
        own[slot] = key;
        keys[missed] = key;
        positions[missed] = from + i;
        missed = (missed + 1) | 0;
      } else if (slot !== newest) promote(links, older, newer, slot, newest);
      newest = slot;
    }
    this.#newest = newest;
    return missed;
  }

  remove(key: number): void {
    if (this.has(key)) this.removeIf((other) => other === key);
  }

  has(key: number): boolean {
    let slot = this.#links[Math.imul(key, HASH) >>> this.#hashShift];
    while (slot !== NONE && this.#keys[slot] !== key) slot = this.#links[this.#chain + slot];
    return slot !== NONE;
  }

  removeIf(matches: (key: number) => boolean): void {
    const all = this.keys();
    const kept = all.filter((key) => !matches(key));
    if (kept.length === all.length) return;
    this.clear();
    for (const key of kept.reverse()) this.touch(key);
  }

  clear(): void {
    this.#links.fill(NONE, 0, this.#chain);
    this.#keys.fill(EMPTY);
  }

  keys(): number[] {
    const keys: number[] = [];
    let slot = this.#newest;
    for (let i = 0; i < this.#keys.length; i++, slot = this.#links[this.#older + slot]) {
      if (this.#keys[slot] !== EMPTY) keys.push(this.#keys[slot]);
    }
    return keys;
  }
}

/** Takes a slot out of the ring and puts it before the newest. */
function promote(links: Uint8Array, older: number, newer: number, slot: number, newest: number): void {
  const before = links[newer + slot];
  const after = links[older + slot];
  links[older + before] = after;
  links[newer + after] = before;
  const oldest = links[newer + newest];
  links[older + slot] = newest;
  links[newer + newest] = slot;
  links[older + oldest] = slot;
  links[newer + slot] = oldest;
}

function unchain(links: Uint8Array, chain: number, slot: number, bucket: number): void {
  let at = bucket;
  while (links[at] !== slot) at = chain + links[at];
  links[at] = links[chain + slot];
}
