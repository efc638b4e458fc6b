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
  /** Accesses that a sample stands for. */
  readonly weight: number;
  /** Samples by sub-page, and those of them that missed the TLB. */
  readonly counts: Uint32Array;
  /** Undefined when none did. */
  readonly tlbMisses: Uint16Array | undefined;
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
  private readonly commands = new Dictionary();
  private readonly mappings = new Dictionary();
  private readonly accessValues = new DoubleDictionary(GROUP_ROWS);
  private readonly blockRange = new Range();
  private readonly addressRange = new Range();

  constructor(write: (count: number, columns: readonly ColumnValues[]) => void) {
    this.write = write;
  }

  /** Sees to it that there is room for so many rows, at most GROUP_ROWS. */
  makeRoom(rows: number): void {
    if (this.count + rows > GROUP_ROWS) this.flush();
  }

  /**
   * A row for each of counts[from, to) that is not 0, all in the mapping of this name. There must be
   * room.
   */
  add(block: BlockRows, mapping: string, from: number, to: number): void {
    const { counts, address, pageBytes } = block;
    const first = this.count;
    const { subPages, samples, addresses } = this;
    let row = first;
    for (let subPage = from; subPage < to; subPage++) {
      const count = counts[subPage];
      if (count === 0) continue;
      subPages[row] = subPage;
      addresses[row] = address + subPage * pageBytes;
      samples[row] = count;
      row++;
    }
    if (row === first) return;
    this.addAccesses(block, from, to);
    this.addMisses(block, from, to);
    this.addressRange.add(addresses[first], addresses[row - 1]);
    this.blockRange.add(address, address);
    this.pids.fill(block.pid, first, row);
    this.commandIndices.fill(this.commands.indexOf(block.command), first, row);
    this.mappingIndices.fill(this.mappings.indexOf(mapping), first, row);
    this.blocks.fill(address, first, row);
    this.count = row;
  }

  /** Accesses of the rows being added: the same for pages with the same count, so that few are looked up. */
  private addAccesses({ counts, weight }: BlockRows, from: number, to: number): void {
    const { accesses, accessValues } = this;
    let row = this.count;
    let last = 0;
    let index = 0;
    for (let subPage = from; subPage < to; subPage++) {
      const count = counts[subPage];
      if (count === 0) continue;
      if (count !== last) index = accessValues.indexOf(count * weight);
      last = count;
      accesses[row] = count * weight;
      accessValues.put(row++, index);
    }
  }

  private addMisses({ counts, tlbMisses: missed }: BlockRows, from: number, to: number): void {
    const { tlbMisses } = this;
    let row = this.count;
    for (let subPage = from; subPage < to; subPage++) {
      const count = counts[subPage];
      if (count > 0) tlbMisses[row++] = missed === undefined ? 0 : Math.min(count, missed[subPage]);
    }
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
      numbers(this.blocks, this.blockRange.taken()),
      numbers(this.subPages),
      numbers(this.addresses, this.addressRange.taken()),
      numbers(this.samples),
      this.accessValues.columnOf(this.accesses),
      numbers(this.tlbMisses),
    ]);
    this.count = 0;
    this.commands.clear();
    this.mappings.clear();
    this.accessValues.clear();
  }
}

/** Least and largest value of a column since they were last taken. */
class Range {
  private least = Number.POSITIVE_INFINITY;
  private largest = Number.NEGATIVE_INFINITY;

  add(least: number, largest: number): void {
    this.least = Math.min(this.least, least);
    this.largest = Math.max(this.largest, largest);
  }

  taken(): readonly [number, number] {
    const range = [this.least, this.largest] as const;
    this.least = Number.POSITIVE_INFINITY;
    this.largest = Number.NEGATIVE_INFINITY;
    return range;
  }
}
