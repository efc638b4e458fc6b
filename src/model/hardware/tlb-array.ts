/**
 * What a TLB keeps its translations in: an array with exact least-recently-used replacement. An entry is a key: the
 * number of the translated unit shifted left by two, with its kind in the low bits. `touch` looks a key up and
 * leaves it as the most recently used entry, hit or miss, because whatever misses is filled.
 */

/** Kinds of keys. 0 is kept for "not known yet". */
export const KIND = { unknown: 0, base: 1, run: 2, huge: 3 } as const;

/** No key: its kind would be `unknown`. */
export const EMPTY = 0;

/** One array of a TLB. */
export interface TlbArrayModel {
  /** 0 when `key` was there and −1 when it was not; it is the most recently used entry afterwards. */
  touch(key: number): number;
  /** Whether the key is there, without using it. */
  has(key: number): boolean;
  /**
   * Touches `count` keys in order and moves those that were not there, with their `positions` in the batch, to the
   * front of both; returns how many. One loop with everything at hand: the model's hottest.
   */
  missing(keys: Int32Array, positions: Uint16Array, count: number): number;
  /** The same for keys at positions `from`, `from` + 1, … of the batch, which are written to `positions`. */
  missingInOrder(keys: Int32Array, from: number, positions: Uint16Array, count: number): number;
  /** Removes one key if it is there. */
  remove(key: number): void;
  /** Removes every entry whose key `matches`. */
  removeIf(matches: (key: number) => boolean): void;
  clear(): void;
  /** Keys present, most recently used first within a set. */
  keys(): number[];
}

/** `missing` for arrays that have no loop of their own. */
export function missingByTouch(
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

/** `missingInOrder` for arrays that have no loop of their own. */
export function missingFrom(
  array: TlbArrayModel,
  keys: Int32Array,
  from: number,
  positions: Uint16Array,
  count: number,
): number {
  for (let i = 0; i < count; i++) positions[i] = from + i;
  return array.missing(keys, positions, count);
}
