/** Rows of a fixed width in slabs, so that growing never copies what is there. */
type Column = Uint8Array | Uint16Array;

const SLAB_SHIFT = 8;
const SLAB_ROWS = 1 << SLAB_SHIFT;

export class Slabs<Row extends Column> {
  readonly #slabs: Row[] = [];
  readonly #width: number;
  readonly #make: (length: number) => Row;

  constructor(width: number, make: (length: number) => Row) {
    this.#width = width;
    this.#make = make;
  }

  get byteLength(): number {
    return this.#slabs.reduce((sum, slab) => sum + slab.byteLength, 0);
  }

  /** The slab that holds a row, made when it is missing; the row starts at `offset(row)`. */
  slab(row: number): Row {
    const index = row >>> SLAB_SHIFT;
    while (this.#slabs.length <= index) this.#slabs.push(this.#make(SLAB_ROWS * this.#width));
    return this.#slabs[index];
  }

  offset(row: number): number {
    return (row & (SLAB_ROWS - 1)) * this.#width;
  }

  /** The row itself, as a view. */
  row(row: number): Row {
    const offset = this.offset(row);
    return this.slab(row).subarray(offset, offset + this.#width) as Row;
  }
}
