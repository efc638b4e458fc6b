/**
 * Blocks as their TLB entries: each entry's access rate is a Gamma, and entries of (nearly) the same shape are one class.
 * What is worked out on it takes time by classes, a dozen a block, and not by sub-pages.
 */
import { ENTRIES_PER_LINE } from '../../vocabulary/translation.js';
import type { Bytes, Pages } from '../../vocabulary/units.js';

/** Blocks as columns. */
export interface LayoutTable {
  readonly count: number;
  /** Seconds of sampling that a block's shapes stand for: the β of its Gammas. A rate is shape / exposure. */
  readonly exposure: Float64Array;
  /** Shape of the Gamma of the whole block: the rate of its one entry as huge page. */
  readonly hugeShape: Float64Array;
  /** Classes of entries of the small layout: block k has those from firstClass[k] up to firstClass[k + 1]. */
  readonly firstClass: Uint32Array;
  readonly classShape: Float64Array;
  readonly classEntries: Float64Array;
  /** Bytes that a block takes as huge page beyond what it takes in small ones. */
  readonly waste: Float64Array;
  /** Lines of page tables that are in use when it is in small pages. */
  readonly lines: Float64Array;
  /** What its walks cost by what was observed, as a multiple of what is believed. */
  readonly worth: Float64Array;
}

/** Exposure of a rate that is known exactly: its Gamma has no spread. */
export const EXACT = 1e15;

/** Shapes within an eighth of an octave are one class: sign, exponent and three bits of a float's mantissa. */
const CLASS_SHIFT = 20;
const BUCKETS = 1 << (32 - CLASS_SHIFT);
const bits = new Float32Array(1);
const word = new Uint32Array(bits.buffer);

/** Takes blocks one after the other and builds the table once. */
export class LayoutTableBuilder {
  readonly #most: number;
  #exposure: number[] = [];
  #hugeShape: number[] = [];
  #waste: number[] = [];
  #lines: number[] = [];
  #worth: number[] = [];
  #firstClass: number[] = [0];
  #classShape = new Float64Array(1024);
  #classEntries = new Float64Array(1024);
  #classes = 0;
  readonly #entries = new Float64Array(BUCKETS);
  readonly #sums = new Float64Array(BUCKETS);
  readonly #met: Uint16Array;

  /** `most` entries that a block may have. */
  constructor(most: number) {
    this.#most = most;
    this.#met = new Uint16Array(Math.max(1, most));
  }

  /**
   * Adds a block whose small layout has `entries` entries of these shapes. Entries that are never used have shape 0. It has
   * as many pages in use unless `pages` says more.
   */
  add(
    exposure: number,
    shapes: Float64Array,
    entries: number,
    waste: Bytes,
    { worth = 1, pages = entries }: { readonly worth?: number; readonly pages?: Pages } = {},
  ): void {
    if (entries > this.#most) throw new RangeError(`${entries} entries, room for ${this.#most}`);
    let met = 0;
    let total = 0;
    for (let entry = 0; entry < entries; entry++) {
      const shape = shapes[entry];
      if (shape <= 0) continue;
      total += shape;
      bits[0] = shape;
      const bucket = word[0] >>> CLASS_SHIFT;
      if (this.#entries[bucket] === 0) this.#met[met++] = bucket;
      this.#entries[bucket]++;
      this.#sums[bucket] += shape;
    }
    this.#close(met);
    this.#exposure.push(exposure);
    this.#hugeShape.push(total);
    this.#waste.push(waste);
    const lines = this.#most / ENTRIES_PER_LINE;
    this.#lines.push(lines * (1 - (1 - pages / this.#most) ** ENTRIES_PER_LINE));
    this.#worth.push(worth);
  }

  build(): LayoutTable {
    return {
      count: this.#exposure.length,
      exposure: Float64Array.from(this.#exposure),
      hugeShape: Float64Array.from(this.#hugeShape),
      firstClass: Uint32Array.from(this.#firstClass),
      classShape: this.#classShape.slice(0, this.#classes),
      classEntries: this.#classEntries.slice(0, this.#classes),
      waste: Float64Array.from(this.#waste),
      lines: Float64Array.from(this.#lines),
      worth: Float64Array.from(this.#worth),
    };
  }

  #close(met: number): void {
    while (this.#classes + met > this.#classShape.length) this.#grow();
    for (let index = 0; index < met; index++) {
      const bucket = this.#met[index];
      const entries = this.#entries[bucket];
      this.#classShape[this.#classes] = this.#sums[bucket] / entries;
      this.#classEntries[this.#classes++] = entries;
      this.#entries[bucket] = 0;
      this.#sums[bucket] = 0;
    }
    this.#firstClass.push(this.#classes);
  }

  #grow(): void {
    const wider = (from: Float64Array) => {
      const to = new Float64Array(2 * from.length);
      to.set(from);
      return to;
    };
    this.#classShape = wider(this.#classShape);
    this.#classEntries = wider(this.#classEntries);
  }
}
