/** What huge pages map of a segment, in spans of time: sorted by the unit of addresses that each is of. Pure. */
import { NO_MEMORY } from '../wire/tile.js';

/** What huge pages mapped of a unit in a span of time. */
export interface ShareSpan {
  /** Which unit of the segment: a block, or a row of a simulation. */
  readonly unit: number;
  /** Columns [from, to). */
  readonly from: number;
  readonly to: number;
  /** 0 to 1, or `NO_MEMORY`. */
  readonly share: number;
}

/** Sums by column, one longer for the differences behind the last. */
export interface ShareSums {
  readonly known: Float64Array;
  readonly empty: Float64Array;
  readonly huge: Float64Array;
}

/** Spans of a segment, for sums over any of its units. */
export class Shares {
  /** Pages of a unit are 2^level. */
  readonly level: number;
  readonly #units: Uint32Array;
  readonly #from: Uint16Array;
  readonly #to: Uint16Array;
  readonly #share: Float32Array;

  constructor(level: number, spans: readonly ShareSpan[]) {
    const sorted = [...spans].sort((a, b) => a.unit - b.unit || a.from - b.from);
    this.level = level;
    this.#units = Uint32Array.from(sorted, ({ unit }) => unit);
    this.#from = Uint16Array.from(sorted, ({ from }) => from);
    this.#to = Uint16Array.from(sorted, ({ to }) => to);
    this.#share = Float32Array.from(sorted, ({ share }) => share);
  }

  get isEmpty(): boolean {
    return this.#units.length === 0;
  }

  /** Units that are huge in a column, each by its share. */
  unitsAt(column: number): number {
    let sum = 0;
    for (let at = 0; at < this.#units.length; at++)
      if (this.#from[at] <= column && column < this.#to[at]) sum += Math.max(0, this.#share[at]);
    return sum;
  }

  /**
   * Adds the units that lie in [fromUnit, toUnit) by column from `first` on, as differences to the column before: `known`
   * counts those with memory, `empty` those without, `huge` adds up the shares.
   */
  addTo(
    { known, empty, huge }: ShareSums,
    [fromUnit, toUnit]: readonly [number, number],
    first: number,
  ): void {
    const columns = known.length - 1;
    for (let at = this.#firstAt(fromUnit); at < this.#units.length && this.#units[at] < toUnit; at++) {
      const from = Math.max(0, Math.min(columns, this.#from[at] - first));
      const to = Math.max(0, Math.min(columns, this.#to[at] - first));
      const counted = this.#share[at] === NO_MEMORY ? empty : known;
      counted[from] += 1;
      counted[to] -= 1;
      if (counted === empty) continue;
      huge[from] += this.#share[at];
      huge[to] -= this.#share[at];
    }
  }

  #firstAt(unit: number): number {
    let [low, high] = [0, this.#units.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#units[middle] < unit) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
