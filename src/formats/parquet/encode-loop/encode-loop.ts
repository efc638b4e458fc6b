/** The loops over all values of a column, in a memory of their own (assembly/parquet). */

import { assert } from '../../../base/assert.js';
import { loopMemory } from '../../../vocabulary/loop-memory.js';
import { BINARY } from './binary.js';

const WASM_PAGE = 65536;
/** Values, and up to nine bytes for each. */
const PAGES = Math.ceil((18 * 65536 + 8192) / WASM_PAGE);

interface Exports {
  readonly CAPACITY: WebAssembly.Global;
  readonly VALUES: WebAssembly.Global;
  readonly OUT: WebAssembly.Global;
  readonly END: WebAssembly.Global;
  deltas(count: number): number;
  indices(count: number, width: number): number;
}

export class EncodeLoop {
  private readonly calls: Exports;
  private readonly doubles: Float64Array;
  private readonly words: Uint32Array;
  private readonly buffer: ArrayBuffer;

  constructor() {
    const memory = loopMemory(PAGES, PAGES);
    this.buffer = memory.buffer;
    this.calls = new WebAssembly.Instance(compiled(), { env: { memory } }).exports as unknown as Exports;
    assert(this.calls.END.value <= this.buffer.byteLength, 'the memory of the encoding loop is too small');
    const rows = this.calls.CAPACITY.value;
    this.doubles = new Float64Array(this.buffer, this.calls.VALUES.value, rows);
    this.words = new Uint32Array(this.buffer, this.calls.VALUES.value, rows);
  }

  /** values[0, count), whole numbers, as DELTA_BINARY_PACKED. The bytes are valid until the next call. */
  deltas(values: Float64Array, count: number): Uint8Array {
    this.doubles.set(values.subarray(0, count));
    return this.taken(this.calls.deltas(count));
  }

  /** indices[0, count) into a dictionary of `size` entries: their width, then the hybrid. Valid until the next call. */
  indices(indices: Uint32Array, count: number, size: number): Uint8Array {
    this.words.set(indices.subarray(0, count));
    return this.taken(this.calls.indices(count, size <= 1 ? 0 : 32 - Math.clz32(size - 1)));
  }

  private taken(bytes: number): Uint8Array {
    return new Uint8Array(this.buffer, this.calls.OUT.value, bytes);
  }
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
