import type { ScannedRegions } from '../host.js';

/** Collects PAGEMAP_SCAN results over several calls. */
export class GrowingRegions {
  #count = 0;
  #starts = new Float64Array(1024);
  #ends = new Float64Array(1024);
  #categories = new Uint32Array(1024);

  add(words: BigUint64Array, at: number, count: number, pageBytes: number): void {
    this.#reserve(this.#count + count);
    for (let index = 0; index < count; index++) {
      const row = this.#count + index;
      // Page-aligned addresses are exact in a double whatever their size.
      this.#starts[row] = Number(words[at + index * 3]) / pageBytes;
      this.#ends[row] = Number(words[at + index * 3 + 1]) / pageBytes;
      this.#categories[row] = Number(words[at + index * 3 + 2]);
    }
    this.#count += count;
  }

  columns(): ScannedRegions {
    return { count: this.#count, starts: this.#starts, ends: this.#ends, categories: this.#categories };
  }

  #reserve(rows: number): void {
    if (rows <= this.#starts.length) return;
    const capacity = Math.max(rows, this.#starts.length * 2);
    this.#starts = copyInto(new Float64Array(capacity), this.#starts);
    this.#ends = copyInto(new Float64Array(capacity), this.#ends);
    this.#categories = copyInto(new Uint32Array(capacity), this.#categories);
  }
}

function copyInto<Column extends Float64Array | Uint32Array>(column: Column, from: Column): Column {
  column.set(from);
  return column;
}
