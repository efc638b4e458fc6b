/** The loop that makes rows of heat and encodes columns, and the memory that it does it in (assembly/parquet). */

import { assert } from '../../../base/assert.js';
import { loopMemory } from '../../../vocabulary/loop-memory.js';
import { BINARY, type LoopExports } from './binary.js';

/** Columns of 65,536 rows: 60 bytes for each row, and up to nine for its encoded value. */
const PAGES = 72;
/** Bytes of what the loop knows of a slice (SLICE_BYTES of assembly/parquet/layout.ts). */
const SLICE_WORDS = 6;

/** A column in the loop's memory: its address, and the bits of a value. */
export interface LoopColumn {
  readonly at: number;
  readonly bits: 32 | 64;
}

/** Pages of a block that lie side by side. */
export interface PageRun {
  /** Byte address of the block. */
  readonly block: number;
  readonly pageBytes: number;
  /** The first page in the block, and how many there are. */
  readonly subPage: number;
  readonly pages: number;
}

/** What all rows of a block have; names by their index in the dictionary of their column. */
export interface RowFacts {
  readonly pid: number;
  readonly command: number;
  readonly mapping: number;
  readonly address: number;
}

/** Makes rows and encodes columns in a WebAssembly memory of its own, sized for one row group. */
export class EncodeLoop {
  readonly #calls: LoopExports;
  readonly #buffer: ArrayBuffer;
  /** Rows of a row group. */
  readonly capacity: number;
  /** Slices that a row can be of. */
  readonly mostSlices: number;
  readonly #pids: Int32Array;
  readonly #addresses: BigInt64Array;
  /** Counters of the pages at hand, slice by slice; and those of samples that missed the TLB. */
  readonly counts: Uint16Array;
  readonly misses: Uint16Array;
  readonly #slices: Uint32Array;
  readonly #sliceWeights: Float64Array;

  constructor() {
    const memory = loopMemory(PAGES, PAGES);
    const { buffer } = memory;
    this.#buffer = buffer;
    const calls = new WebAssembly.Instance(compiled(), { env: { memory } }).exports as unknown as LoopExports;
    this.#calls = calls;
    assert(calls.END.value <= buffer.byteLength, 'the memory of the encoding loop is too small');
    const rows = calls.CAPACITY.value;
    this.capacity = rows;
    this.mostSlices = calls.MOST_SLICES.value;
    this.#pids = new Int32Array(buffer, calls.PIDS.value, rows);
    this.#addresses = new BigInt64Array(buffer, calls.ADDRESSES.value, rows);
    this.counts = new Uint16Array(buffer, calls.COUNTS.value, rows);
    this.misses = new Uint16Array(buffer, calls.MISSES.value, rows);
    this.#slices = new Uint32Array(buffer, calls.SLICES.value, SLICE_WORDS * this.mostSlices);
    this.#sliceWeights = new Float64Array(buffer, calls.SLICES.value, (SLICE_WORDS / 2) * this.mostSlices);
  }

  /** The columns of a row group. */
  get columns() {
    const calls = this.#calls;
    const word = (at: WebAssembly.Global): LoopColumn => ({ at: at.value, bits: 32 });
    const long = (at: WebAssembly.Global): LoopColumn => ({ at: at.value, bits: 64 });
    return {
      pids: word(calls.PIDS),
      commands: word(calls.COMMANDS),
      mappings: word(calls.MAPPINGS),
      blocks: long(calls.BLOCKS),
      subPages: word(calls.SUB_PAGES),
      addresses: long(calls.ADDRESSES),
      samples: word(calls.SAMPLES),
      accesses: long(calls.ACCESSES),
      accessIndices: word(calls.ACCESS_INDICES),
      tlbMisses: word(calls.TLB_MISSES),
      times: word(calls.TIMES),
    };
  }

  /**
   * What holds for all rows of a slice: accesses that a sample stands for, index of its time (−1: none yet), and samples
   * that each full counter lost.
   */
  setSlice(slice: number, weight: number, timeIndex: number, lost: number): void {
    assert(slice < this.mostSlices, 'more slices of time than the encoding loop has room for');
    this.#sliceWeights[(SLICE_WORDS / 2) * slice] = weight;
    this.#slices[SLICE_WORDS * slice + 2] = timeIndex;
    this.#slices[SLICE_WORDS * slice + 3] = lost;
    this.#slices[SLICE_WORDS * slice + 4] = 0;
  }

  /**
   * Adds a row for each page and slice with samples, of the pages whose counters are in `counts` and `misses`, behind the
   * first `row` rows. Returns how many rows there are then.
   */
  addRows(row: number, slices: number, { block, pageBytes, subPage, pages }: PageRun): number {
    return this.#calls.addRows(row, slices, pages, subPage, block, pageBytes);
  }

  /** Gives the rows from `from` to before `to` what all rows of a block have: indices of its names, and its byte address. */
  fillRows(from: number, to: number, { pid, command, mapping, address }: RowFacts): void {
    this.#calls.fillRows(from, to, pid, command, mapping, address);
  }

  pidAt(row: number): number {
    return this.#pids[row];
  }

  /** Index of a slice's time in the row group, −1 when it has no row in it; the next row to come with a new one gets the next. */
  timeIndex(slice: number): number {
    return this.#slices[SLICE_WORDS * slice + 2] | 0;
  }

  /** Byte address of a row's page. */
  addressAt(row: number): number {
    return Number(this.#addresses[row]);
  }

  /** The values of the column of accesses of the row group; undefined when there are too many. */
  accessValues(): Float64Array | undefined {
    const count = this.#calls.valueCount();
    if (count > this.#calls.MOST_VALUES.value) return undefined;
    return new Float64Array(this.#buffer, this.#calls.VALUES.value, count);
  }

  /** Begins a row group. */
  clear(): void {
    this.#calls.clearTimes();
    this.#calls.clearValues();
  }

  /**
   * The first `count` whole numbers as DELTA_BINARY_PACKED. The bytes are valid until the next call. Doubles are copied over the
   * column of accesses.
   */
  deltas(values: LoopColumn | Float64Array, count: number): Uint8Array {
    if (!(values instanceof Float64Array))
      return this.#taken(this.#calls.deltas(values.at, count, values.bits));
    const at = this.#calls.ACCESSES.value;
    new Float64Array(this.#buffer, at, this.capacity).set(values.subarray(0, count));
    return this.#taken(this.#calls.doubleDeltas(at, count));
  }

  /**
   * The first `count` indices into a dictionary of `size` entries: their width, then the hybrid. Valid until the next call.
   * Those of the host are copied over the column of indices of accesses.
   */
  indices(values: LoopColumn | Uint32Array, count: number, size: number): Uint8Array {
    const at = values instanceof Uint32Array ? this.#calls.ACCESS_INDICES.value : values.at;
    if (values instanceof Uint32Array)
      new Uint32Array(this.#buffer, at, this.capacity).set(values.subarray(0, count));
    return this.#taken(this.#calls.indices(at, count, size <= 1 ? 0 : 32 - Math.clz32(size - 1)));
  }

  /** The first `count` values as they are, little endian. */
  bytes({ at, bits }: LoopColumn, count: number): Uint8Array {
    return new Uint8Array(this.#buffer, at, (bits / 8) * count);
  }

  #taken(bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#calls.OUT.value, bytes);
  }
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
