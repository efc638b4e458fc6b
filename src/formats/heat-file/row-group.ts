/** Rows of a heat file as columns, until there are enough of them for a row group. */
import type { ColumnValues } from '../parquet/columns.js';
import { Dictionary, DoubleDictionary } from './dictionaries.js';

/** Rows of a row group: what is held in columns before it is encoded. */
export const GROUP_ROWS = 65536;

/** What the rows of a block have in common. */
export interface BlockRows {
  readonly pid: number;
  readonly command: string;
  /** Byte address of the block, and of a page. */
  readonly address: number;
  readonly pageBytes: number;
  /** The slices of time in which it was sampled, ascending. */
  readonly slices: readonly SliceRows[];
}

/** Samples of a block in a slice of time. */
export interface SliceRows {
  /** When it begins, NO_TIME when not known. */
  readonly timeMs: number;
  /** Accesses that a sample stands for. */
  readonly weight: number;
  /** Samples by sub-page, and those of them that missed the TLB. */
  readonly counts: Float64Array;
  readonly tlbMisses: Uint16Array;
}

export class RowGroup {
  private count = 0;
  private readonly write: (count: number, columns: readonly ColumnValues[]) => void;
  private readonly pids = new Float64Array(GROUP_ROWS);
  private readonly commandIndices = new Uint32Array(GROUP_ROWS);
  private readonly mappingIndices = new Uint32Array(GROUP_ROWS);
  private readonly blocks = new Float64Array(GROUP_ROWS);
  private readonly subPages = new Float64Array(GROUP_ROWS);
  private readonly addresses = new Float64Array(GROUP_ROWS);
  private readonly samples = new Float64Array(GROUP_ROWS);
  private readonly accesses = new Float64Array(GROUP_ROWS);
  private readonly tlbMisses = new Float64Array(GROUP_ROWS);
  private readonly timeIndices = new Uint32Array(GROUP_ROWS);
  private readonly times: number[] = [];
  private readonly commands = new Dictionary();
  private readonly mappings = new Dictionary();
  private readonly accessValues = new DoubleDictionary(GROUP_ROWS);

  constructor(write: (count: number, columns: readonly ColumnValues[]) => void) {
    this.write = write;
  }

  /** Sees to it that there is room for so many rows, at most GROUP_ROWS. */
  makeRoom(rows: number): void {
    if (this.count + rows > GROUP_ROWS) this.flush();
  }

  /**
   * A row for each slice's counts[from, to) that are not 0, all in the mapping of this name. There must be
   * room.
   */
  add(block: BlockRows, mapping: string, from: number, to: number): void {
    const first = this.count;
    let row = first;
    for (let subPage = from; subPage < to; subPage++) {
      for (const slice of block.slices)
        if (slice.counts[subPage] !== 0) this.put(row++, block, slice, subPage);
    }
    this.pids.fill(block.pid, first, row);
    this.commandIndices.fill(this.commands.indexOf(block.command), first, row);
    this.mappingIndices.fill(this.mappings.indexOf(mapping), first, row);
    this.blocks.fill(block.address, first, row);
    this.accessValues.addAll(this.accesses, first, row);
    this.count = row;
  }

  private put(row: number, { address, pageBytes }: BlockRows, slice: SliceRows, subPage: number): void {
    const count = slice.counts[subPage];
    this.subPages[row] = subPage;
    this.addresses[row] = address + subPage * pageBytes;
    this.samples[row] = count;
    this.accesses[row] = count * slice.weight;
    this.tlbMisses[row] = Math.min(count, slice.tlbMisses[subPage]);
    this.timeIndices[row] = this.timeIndex(slice.timeMs);
  }

  /** There are as many times as slices: few. */
  private timeIndex(timeMs: number): number {
    const known = this.times.indexOf(timeMs);
    return known >= 0 ? known : this.times.push(timeMs) - 1;
  }

  flush(): void {
    const { count } = this;
    if (count === 0) return;
    const numbers = (values: Float64Array, range?: readonly [number, number]): ColumnValues => ({
      kind: 'numbers',
      values,
      ...(range === undefined ? {} : { range }),
    });
    const strings = (dictionary: Dictionary, indices: Uint32Array): ColumnValues => ({
      kind: 'dictionary',
      entries: dictionary.entries,
      indices,
    });
    this.write(count, [
      numbers(this.pids, [this.pids[0], this.pids[count - 1]]),
      strings(this.commands, this.commandIndices),
      strings(this.mappings, this.mappingIndices),
      numbers(this.blocks, rangeOf(this.blocks, count)),
      numbers(this.subPages),
      numbers(this.addresses, rangeOf(this.addresses, count)),
      numbers(this.samples),
      this.accessValues.columnOf(this.accesses),
      numbers(this.tlbMisses),
      { kind: 'dictionary', entries: [...this.times], indices: this.timeIndices },
    ]);
    this.count = 0;
    this.commands.clear();
    this.mappings.clear();
    this.times.length = 0;
    this.accessValues.clear();
  }
}

function rangeOf(values: Float64Array, count: number): readonly [number, number] {
  let least = values[0];
  let largest = values[0];
  for (let row = 1; row < count; row++) {
    if (values[row] < least) least = values[row];
    if (values[row] > largest) largest = values[row];
  }
  return [least, largest];
}
