/**
 * Cells of a segment that hold anything, sorted by row and column, at one size of rows: columns of numbers, and the same with
 * rows sixteen times as large, again and again. What a tile shows is read from the largest rows that it can be made of. Pure.
 */

/** Rows of one store become one of the next. */
const STEP_LEVELS = 4;

/** Cells in order, in columns of numbers. */
export interface Cells {
  readonly count: number;
  readonly row: Uint32Array;
  readonly column: Uint16Array;
  /** Accesses of all pages of the cell together. */
  readonly accesses: Float32Array;
  readonly samples: Float32Array;
  /** Pages of the cell that were accessed. */
  readonly touched: Float32Array;
}

function emptyCells(room: number): Cells & { count: number } {
  return {
    count: 0,
    row: new Uint32Array(room),
    column: new Uint16Array(room),
    accesses: new Float32Array(room),
    samples: new Float32Array(room),
    touched: new Float32Array(room),
  };
}

/** A cell as it is added. */
export interface NewCell {
  readonly row: number;
  readonly column: number;
  readonly accesses: number;
  readonly samples: number;
  readonly touched: number;
}

/** Cells as they come, in any order; those of one place are added up. */
export class CellCollector {
  #cells = emptyCells(1024);
  #isSorted = true;

  add({ row, column, accesses, samples, touched }: NewCell): void {
    const at = this.#placeFor(row, column);
    const cells = this.#cells;
    cells.accesses[at] += accesses;
    cells.samples[at] += samples;
    cells.touched[at] = Math.max(cells.touched[at], touched);
  }

  get count(): number {
    return this.#cells.count;
  }

  #placeFor(row: number, column: number): number {
    const last = this.#cells.count - 1;
    if (last >= 0 && this.#cells.row[last] === row && this.#cells.column[last] === column) return last;
    if (last >= 0) this.#isSorted &&= isBefore(this.#cells, last, row, column);
    if (last + 1 === this.#cells.row.length) this.#cells = grown(this.#cells);
    const at = this.#cells.count++;
    this.#cells.row[at] = row;
    this.#cells.column[at] = column;
    return at;
  }

  /** Makes rows twice as large, so that there are fewer cells. */
  halve(): void {
    this.#cells = coarser(this.sorted(), 1) as Cells & { count: number };
  }

  sorted(): Cells {
    if (!this.#isSorted) this.#cells = coarser(reordered(this.#cells), 0) as Cells & { count: number };
    this.#isSorted = true;
    return this.#cells;
  }
}

function isBefore({ row, column }: Cells, at: number, nextRow: number, nextColumn: number): boolean {
  return row[at] < nextRow || (row[at] === nextRow && column[at] < nextColumn);
}

function grown(cells: Cells): Cells & { count: number } {
  const larger = emptyCells(cells.row.length * 2);
  for (const name of ['row', 'column', 'accesses', 'samples', 'touched'] as const)
    larger[name].set(cells[name]);
  larger.count = cells.count;
  return larger;
}

function reordered(cells: Cells): Cells {
  const order = new Uint32Array(cells.count).map((_, at) => at);
  const { row, column } = cells;
  order.sort((a, b) => row[a] - row[b] || column[a] - column[b]);
  const sorted = emptyCells(cells.count);
  sorted.count = cells.count;
  for (const name of ['row', 'column', 'accesses', 'samples', 'touched'] as const)
    for (let at = 0; at < cells.count; at++) sorted[name][at] = cells[name][order[at]];
  return sorted;
}

/** The cells with 2^levels rows together. */
function coarser(cells: Cells, levels: number): Cells {
  const size = 2 ** levels;
  const sums = new CoarseRows(cells.count);
  for (let from = 0; from < cells.count; ) {
    const row = Math.floor(cells.row[from] / size);
    let to = from;
    for (; to < cells.count && Math.floor(cells.row[to] / size) === row; to++) sums.add(cells, to, levels);
    sums.endRow(row);
    from = to;
  }
  return sums.cells;
}

/** Adds cells of some rows up by column. */
class CoarseRows {
  readonly cells: Cells & { count: number };
  readonly #columns: number[] = [];
  readonly #placeOf = new Map<number, number>();
  readonly #begin = { at: 0 };

  constructor(room: number) {
    this.cells = emptyCells(room);
  }

  /** `levels`: by how much rows grow; 0 adds cells of the same place, whose pages are the same. */
  add(from: Cells, at: number, levels: number): void {
    const column = from.column[at];
    let place = this.#placeOf.get(column);
    if (place === undefined) {
      place = this.cells.count++;
      this.#placeOf.set(column, place);
      this.#columns.push(column);
      this.cells.column[place] = column;
    }
    this.cells.accesses[place] += from.accesses[at];
    this.cells.samples[place] += from.samples[at];
    const { touched } = this.cells;
    touched[place] =
      levels === 0 ? Math.max(touched[place], from.touched[at]) : touched[place] + from.touched[at];
  }

  /** The cells of a row are all there: they are put in order. */
  endRow(row: number): void {
    const from = this.#begin.at;
    const { cells } = this;
    for (let at = from; at < cells.count; at++) cells.row[at] = row;
    const order = this.#columns.map((_, at) => from + at).sort((a, b) => cells.column[a] - cells.column[b]);
    for (const name of ['column', 'accesses', 'samples', 'touched'] as const)
      cells[name].set(
        order.map((at) => cells[name][at]),
        from,
      );
    this.#columns.length = 0;
    this.#placeOf.clear();
    this.#begin.at = cells.count;
  }
}

/** The stores of a segment, the smallest rows first; each with the level of its rows. */
export class CellLevels {
  readonly #stores: readonly { readonly level: number; readonly cells: Cells }[];

  constructor(cells: Cells, leastLevel: number, mostLevel: number) {
    const stores = [{ level: leastLevel, cells }];
    for (let level = leastLevel + STEP_LEVELS; level <= mostLevel; level += STEP_LEVELS)
      stores.push({ level, cells: trimmed(coarser(stores[stores.length - 1].cells, STEP_LEVELS)) });
    this.#stores = stores;
  }

  get base(): Cells {
    return this.#stores[0].cells;
  }

  /** The cells with the largest rows that are no larger than those of the level. */
  at(level: number): { readonly level: number; readonly cells: Cells } {
    const index = this.#stores.findLastIndex((store) => store.level <= level);
    return this.#stores[Math.max(0, index)];
  }

  /** All of them, for what must be known of each size. */
  get stores(): readonly { readonly level: number; readonly cells: Cells }[] {
    return this.#stores;
  }
}

/** Without the room that was not needed. */
function trimmed(cells: Cells): Cells {
  const { count } = cells;
  return {
    count,
    row: cells.row.slice(0, count),
    column: cells.column.slice(0, count),
    accesses: cells.accesses.slice(0, count),
    samples: cells.samples.slice(0, count),
    touched: cells.touched.slice(0, count),
  };
}

/** First cell at or behind a row. */
export function firstAt({ row, count }: Cells, wanted: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (row[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
