/** Rows of a heat file as columns, until there are enough of them for a row group. */
import type { ColumnValues } from '../parquet/columns.js';
import { Dictionary, DoubleDictionary } from './dictionaries.js';

/** Rows of a row group: what is held in columns before it is encoded. */
export const GROUP_ROWS = 65536;
const LARGEST_COUNT = 0x7fffffff;

/** Takes rows, block by block in ascending order. */
export interface HeatRows {
  beginBlock(pid: number, command: string, address: number, pageBytes: number): void;
  beginMapping(name: string): void;
  add(subPage: number, samples: number, accesses: number): void;
}

export class RowGroup implements HeatRows {
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
  private readonly commands = new Dictionary();
  private readonly mappings = new Dictionary();
  private readonly accessValues = new DoubleDictionary(GROUP_ROWS);
  // What the rows to come have in common.
  private pid = 0;
  private command = '';
  private commandIndex = 0;
  private mapping = '';
  private mappingIndex = 0;
  private block = 0;
  private pageBytes = 0;

  constructor(write: (count: number, columns: readonly ColumnValues[]) => void) {
    this.write = write;
  }

  beginBlock(pid: number, command: string, address: number, pageBytes: number): void {
    this.pid = pid;
    this.command = command;
    this.commandIndex = this.commands.indexOf(command);
    this.block = address;
    this.pageBytes = pageBytes;
  }

  beginMapping(name: string): void {
    this.mapping = name;
    this.mappingIndex = this.mappings.indexOf(name);
  }

  add(subPage: number, samples: number, accesses: number): void {
    const row = this.count++;
    this.pids[row] = this.pid;
    this.commandIndices[row] = this.commandIndex;
    this.mappingIndices[row] = this.mappingIndex;
    this.blocks[row] = this.block;
    this.subPages[row] = subPage;
    this.addresses[row] = this.block + subPage * this.pageBytes;
    this.samples[row] = Math.min(samples, LARGEST_COUNT);
    this.accesses[row] = accesses;
    this.accessValues.add(accesses);
    if (this.count === GROUP_ROWS) this.flush();
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
    ]);
    this.begin();
  }

  private begin(): void {
    this.count = 0;
    this.commands.clear();
    this.mappings.clear();
    this.accessValues.clear();
    this.commandIndex = this.commands.indexOf(this.command);
    this.mappingIndex = this.mappings.indexOf(this.mapping);
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
