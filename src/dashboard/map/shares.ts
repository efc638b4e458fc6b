/** What huge pages map of a segment, in spans of time: sorted by the unit of addresses that each is of. Pure. */

/** What huge pages mapped of a unit in a span of time. */
export interface ShareSpan {
  /** Which unit of the segment: a block, or a row of a simulation. */
  readonly unit: number;
  /** Columns [from, to). */
  readonly from: number;
  readonly to: number;
  /** 0 to 1. */
  readonly share: number;
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
      if (this.#from[at] <= column && column < this.#to[at]) sum += this.#share[at];
    return sum;
  }

  /**
   * Adds to `known` and `huge`, by column from `first` on, the units that lie in [fromUnit, toUnit), as differences to the
   * column before.
   */
  addTo(
    known: Float64Array,
    huge: Float64Array,
    [fromUnit, toUnit]: readonly [number, number],
    first: number,
  ): void {
    const columns = known.length - 1;
    for (let at = this.#firstAt(fromUnit); at < this.#units.length && this.#units[at] < toUnit; at++) {
      const from = Math.max(0, Math.min(columns, this.#from[at] - first));
      const to = Math.max(0, Math.min(columns, this.#to[at] - first));
      known[from] += 1;
      known[to] -= 1;
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
