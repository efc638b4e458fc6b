/** Distinct values of a column in the order in which they came. */
import type { ColumnValues } from '../parquet/columns.js';

export class Dictionary {
  readonly entries: string[] = [];
  private readonly indices = new Map<string, number>();

  indexOf(value: string): number {
    const known = this.indices.get(value);
    if (known !== undefined) return known;
    this.indices.set(value, this.entries.length);
    return this.entries.push(value) - 1;
  }

  clear(): void {
    this.entries.length = 0;
    this.indices.clear();
  }
}

/** More distinct doubles than this are written as they are. */
const MOST_DOUBLES = 4096;
const PLACES = MOST_DOUBLES * 2;

/** A dictionary of doubles that gives up when there are too many: open addressing, because a Map boxes each of them. */
export class DoubleDictionary {
  private size = 0;
  private readonly entries = new Float64Array(MOST_DOUBLES);
  /** Index + 1 of the entry in each place; 0 marks a free one. */
  private readonly places = new Uint16Array(PLACES);
  private readonly indices: Uint32Array;
  private readonly double = new Float64Array(1);
  private readonly words = new Uint32Array(this.double.buffer);

  constructor(rows: number) {
    this.indices = new Uint32Array(rows);
  }

  /** Says which entry stands in a row. */
  put(row: number, index: number): void {
    this.indices[row] = index;
  }

  /** The column of the values that were added. */
  columnOf(values: Float64Array): ColumnValues {
    if (this.size > MOST_DOUBLES) return { kind: 'plain', values };
    return { kind: 'dictionary', entries: this.entries.subarray(0, this.size), indices: this.indices };
  }

  clear(): void {
    this.size = 0;
    this.places.fill(0);
  }

  /** Index of a value, which is added when it is new; any index once there are too many values. */
  indexOf(value: number): number {
    if (this.size > MOST_DOUBLES) return 0;
    this.double[0] = value;
    let place = (Math.imul(this.words[0] ^ Math.imul(this.words[1], 0x85ebca6b), 0x9e3779b1) >>> 8) % PLACES;
    for (; this.places[place] !== 0; place = (place + 1) % PLACES) {
      const index = this.places[place] - 1;
      if (this.entries[index] === value) return index;
    }
    if (this.size === MOST_DOUBLES) {
      this.size++;
      return 0;
    }
    this.entries[this.size] = value;
    this.places[place] = ++this.size;
    return this.size - 1;
  }
}
