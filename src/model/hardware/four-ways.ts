/**
 * Four ways, the usual first level, with the pass over a set written out. Huge translations may have sets of their
 * own behind those of the others: two arrays that a core looks up side by side.
 */
import { maskOf, Sets, setsOf } from './set-associative.js';
import { KIND, missingByTouch } from './tlb-array.js';

/** The kind as a constant of this module: V8 reads what it imports anew in every round of a loop. */
const HUGE = KIND.huge as number;

/** A four-way array for a first level. */
export class FourWays extends Sets {
  /** `hugeEntries` of their own, or 0 when huge translations share the sets of the others. */
  constructor(entries: number, hugeEntries = 0) {
    const sets = setsOf(entries, 4);
    if (hugeEntries === 0) super(sets, 4, sets, 0);
    else super(sets, 4, setsOf(hugeEntries, 4), sets);
  }

  touch(key: number): number {
    return touchFour(this.entries, this.firstOf(key), key);
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    return missingByTouch(this, keys, positions, count);
  }

  /** Four keys a round: what V8 checks anew in each round of a loop is then paid for every fourth key only. */
  override missingInOrder(keys: Int32Array, from: number, positions: Uint16Array, count: number): number {
    const entries = this.entries;
    const mask = this.mask | 0;
    const hugeMask = this.hugeMask | 0;
    const hugeSet = this.hugeSet | 0;
    let missed = 0;
    let i = 0;
    for (; i < count - 3; i += 4) {
      const a = keys[i];
      const b = keys[i + 1];
      const c = keys[i + 2];
      const d = keys[i + 3];
      const at = from + i;
      const missA = touchFour(entries, firstOf(a, mask, hugeMask, hugeSet), a);
      keys[missed] = a;
      positions[missed] = at;
      missed = (missed - missA) | 0;
      const missB = touchFour(entries, firstOf(b, mask, hugeMask, hugeSet), b);
      keys[missed] = b;
      positions[missed] = at + 1;
      missed = (missed - missB) | 0;
      const missC = touchFour(entries, firstOf(c, mask, hugeMask, hugeSet), c);
      keys[missed] = c;
      positions[missed] = at + 2;
      missed = (missed - missC) | 0;
      const missD = touchFour(entries, firstOf(d, mask, hugeMask, hugeSet), d);
      keys[missed] = d;
      positions[missed] = at + 3;
      missed = (missed - missD) | 0;
    }
    for (; i < count; i++) {
      const key = keys[i];
      const miss = touchFour(entries, firstOf(key, mask, hugeMask, hugeSet), key);
      keys[missed] = key;
      positions[missed] = from + i;
      missed = (missed - miss) | 0;
    }
    return missed;
  }
}

function firstOf(key: number, mask: number, hugeMask: number, hugeSet: number): number {
  const isOther = ((key & 3) - HUGE) >> 31;
  return (((key >>> 2) & maskOf(key, mask, hugeMask)) + (hugeSet & ~isOther)) << 2;
}

/** Looks `key` up in the four ways from `first`, a multiple of four: 0 when it was there, −1 when it was not. */
export function touchFour(entries: Int32Array, first: number, key: number): number {
  const a = entries[first];
  const b = entries[first | 1];
  const c = entries[first | 2];
  const d = entries[first | 3];
  const beyondA = -(a ^ key) >> 31;
  const beyondB = beyondA & (-(b ^ key) >> 31);
  const beyondC = beyondB & (-(c ^ key) >> 31);
  entries[first] = key;
  entries[first | 1] = b ^ ((b ^ a) & beyondA);
  entries[first | 2] = c ^ ((c ^ b) & beyondB);
  entries[first | 3] = d ^ ((d ^ c) & beyondC);
  return beyondC & (-(d ^ key) >> 31);
}
