/**
 * Sets of ways, each ordered from most to least recently used, so that replacement needs no ages. A look-up is one
 * pass over the set that moves entries down until the key is found, written without branches: what a program
 * touches next is just what a branch predictor cannot know.
 *
 * With d = entry XOR key (never negative, since keys are below 2^31), −d >> 31 is −1 for a different entry and 0
 * for the one sought; `seeking` stays −1 until it is found.
 */
import { EMPTY, KIND, missingByTouch, missingFrom, type TlbArrayModel } from './tlb-array.js';

/** What all arrays of sets do alike, wherever a set lies. */
export abstract class Sets implements TlbArrayModel {
  readonly ways: number;
  /** Distance of sets: the ways, rounded up to a multiple of four. */
  protected readonly stride: number;
  protected readonly entries: Int32Array;
  /** Sets that base pages and runs use, less one. */
  protected readonly mask: number;
  /** Sets that huge translations use, less one, and the first of them. */
  protected readonly hugeMask: number;
  protected readonly hugeSet: number;

  /** `hugeSets` begin at set `hugeSet`: among those of the others, or behind them. */
  constructor(sets: number, ways: number, hugeSets: number, hugeSet: number) {
    this.ways = ways;
    this.stride = (ways + 3) & ~3;
    this.mask = sets - 1;
    this.hugeMask = hugeSets - 1;
    this.hugeSet = hugeSet;
    this.entries = new Int32Array(Math.max(sets, hugeSet + hugeSets) * this.stride).fill(EMPTY);
  }

  abstract touch(key: number): number;
  abstract missing(keys: Int32Array, positions: Uint16Array, count: number): number;

  missingInOrder(keys: Int32Array, from: number, positions: Uint16Array, count: number): number {
    return missingFrom(this, keys, from, positions, count);
  }

  /** Where the set of a key begins. */
  protected firstOf(key: number): number {
    const unit = key >>> 2;
    const isHuge = (key & 3) === KIND.huge;
    return (isHuge ? this.hugeSet + (unit & this.hugeMask) : unit & this.mask) * this.stride;
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
    for (let first = 0; first < entries.length; first += this.stride) {
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

/** Any number of ways; those that second levels have, in loops of their own. */
export class SetAssociative extends Sets {
  /** `hugeEntries` bounds what huge translations may take: they index only that share of the sets. */
  constructor(entries: number, ways: number, hugeEntries = entries) {
    super(setsOf(entries, ways), ways, setsOf(hugeEntries, ways), 0);
  }

  touch(key: number): number {
    const first = this.firstOf(key);
    return passOver(this.entries, first, first + this.ways, key);
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    switch (this.ways) {
      case 5:
        return this.#missingOfFive(keys, positions, count);
      case 8:
        return this.#missingOfEight(keys, positions, count);
      case 12:
        return this.#missingOfTwelve(keys, positions, count);
      case 16:
        return this.#missingOfSixteen(keys, positions, count);
      default:
        return missingByTouch(this, keys, positions, count);
    }
  }

  #missingOfFive(keys: Int32Array, positions: Uint16Array, count: number): number {
    const entries = this.entries;
    const mask = this.mask | 0;
    const hugeMask = this.hugeMask | 0;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = ((key >>> 2) & maskOf(key, mask, hugeMask)) << 3;
      const carried = entries[first | 3];
      const last = entries[first | 4];
      const seeking = passFour(entries, first, key, key, -1);
      entries[first | 4] = last ^ ((last ^ carried) & seeking);
      keys[missed] = key;
      positions[missed] = at;
      missed = (missed - (seeking & (-(last ^ key) >> 31))) | 0;
    }
    return missed;
  }

  #missingOfEight(keys: Int32Array, positions: Uint16Array, count: number): number {
    const entries = this.entries;
    const mask = this.mask | 0;
    const hugeMask = this.hugeMask | 0;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = ((key >>> 2) & maskOf(key, mask, hugeMask)) << 3;
      const carried = entries[first | 3];
      let seeking = passFour(entries, first, key, key, -1);
      seeking = passFour(entries, first | 4, key, carried, seeking);
      keys[missed] = key;
      positions[missed] = at;
      missed = (missed - seeking) | 0;
    }
    return missed;
  }

  #missingOfTwelve(keys: Int32Array, positions: Uint16Array, count: number): number {
    const entries = this.entries;
    const mask = this.mask | 0;
    const hugeMask = this.hugeMask | 0;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = Math.imul((key >>> 2) & maskOf(key, mask, hugeMask), 12);
      const carried4 = entries[first + 3];
      const carried8 = entries[first + 7];
      let seeking = passFour(entries, first, key, key, -1);
      seeking = passFour(entries, first + 4, key, carried4, seeking);
      seeking = passFour(entries, first + 8, key, carried8, seeking);
      keys[missed] = key;
      positions[missed] = at;
      missed = (missed - seeking) | 0;
    }
    return missed;
  }

  #missingOfSixteen(keys: Int32Array, positions: Uint16Array, count: number): number {
    const entries = this.entries;
    const mask = this.mask | 0;
    const hugeMask = this.hugeMask | 0;
    let missed = 0;
    for (let i = 0; i < count; i++) {
      const key = keys[i];
      const at = positions[i];
      const first = ((key >>> 2) & maskOf(key, mask, hugeMask)) << 4;
      const carried4 = entries[first | 3];
      const carried8 = entries[first | 7];
      const carried12 = entries[first | 11];
      let seeking = passFour(entries, first, key, key, -1);
      seeking = passFour(entries, first | 4, key, carried4, seeking);
      seeking = passFour(entries, first | 8, key, carried8, seeking);
      seeking = passFour(entries, first | 12, key, carried12, seeking);
      keys[missed] = key;
      positions[missed] = at;
      missed = (missed - seeking) | 0;
    }
    return missed;
  }
}

/** The kind as a constant of this module: V8 reads what it imports anew in every round of a loop. */
const HUGE = KIND.huge as number;

/** The mask of huge translations for a huge key, that of the others for the rest. */
export function maskOf(key: number, mask: number, hugeMask: number): number {
  return hugeMask ^ ((hugeMask ^ mask) & (((key & 3) - HUGE) >> 31));
}

/** Returns how many sets there are. Throws a RangeError unless it is a power of two. */
export function setsOf(entries: number, ways: number): number {
  const sets = entries / ways;
  if (!Number.isInteger(Math.log2(sets)))
    throw new RangeError(`${sets} sets of ${ways} ways: not a power of two`);
  return sets;
}

function passOver(entries: Int32Array, first: number, end: number, key: number): number {
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

/** Four ways of the pass: `carried` moves down from the way before while the key is still sought. */
function passFour(entries: Int32Array, at: number, key: number, carried: number, before: number): number {
  const a = entries[at];
  const b = entries[at | 1];
  const c = entries[at | 2];
  const d = entries[at | 3];
  let seeking = before;
  entries[at] = a ^ ((a ^ carried) & seeking);
  seeking &= -(a ^ key) >> 31;
  entries[at | 1] = b ^ ((b ^ a) & seeking);
  seeking &= -(b ^ key) >> 31;
  entries[at | 2] = c ^ ((c ^ b) & seeking);
  seeking &= -(c ^ key) >> 31;
  entries[at | 3] = d ^ ((d ^ c) & seeking);
  return seeking & (-(d ^ key) >> 31);
}
