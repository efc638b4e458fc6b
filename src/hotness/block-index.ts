import type { BlockNumber } from '../vocabulary/units.js';

const NONE = -1;

/** Block number → dense slot, by open addressing on typed arrays: no allocation per lookup. */
export class BlockIndex {
  #slots = new Int32Array(64).fill(NONE);
  #keys = new Float64Array(32);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get byteLength(): number {
    return this.#slots.byteLength + this.#keys.byteLength;
  }

  /** Slot of a block, −1 when it is not tracked. */
  find(block: BlockNumber): number {
    const mask = this.#slots.length - 1;
    for (let at = hash(block) & mask; ; at = (at + 1) & mask) {
      const slot = this.#slots[at];
      if (slot === NONE || this.#keys[slot] === block) return slot;
    }
  }

  /** Slot of a block, a new one (the next number) when it was not tracked. */
  add(block: BlockNumber): number {
    const found = this.find(block);
    if (found !== NONE) return found;
    if (this.#size * 2 >= this.#slots.length) this.#grow();
    const slot = this.#size++;
    this.#keys[slot] = block;
    this.#place(slot);
    return slot;
  }

  /** Block numbers by slot. */
  keys(): Float64Array {
    return this.#keys.subarray(0, this.#size);
  }

  #place(slot: number): void {
    const mask = this.#slots.length - 1;
    let at = hash(this.#keys[slot]) & mask;
    while (this.#slots[at] !== NONE) at = (at + 1) & mask;
    this.#slots[at] = slot;
  }

  #grow(): void {
    const keys = new Float64Array(this.#keys.length * 2);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#slots = new Int32Array(this.#slots.length * 2).fill(NONE);
    for (let slot = 0; slot < this.#size; slot++) this.#place(slot);
  }
}

/** Multiplicative hashing by 2^32 / golden ratio; the high half of numbers beyond 32 bits is folded in. */
function hash(block: BlockNumber): number {
  const low = block | 0;
  const folded = low === block ? low : low ^ Math.imul((block / 0x1_0000_0000) | 0, 0x85ebca6b);
  const mixed = Math.imul(folded, 0x9e3779b1);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
