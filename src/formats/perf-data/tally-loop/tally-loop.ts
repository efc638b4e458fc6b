/** The loops over all rows of a tally, in a memory of their own (assembly/tally). */

import type { AccessColumns } from '../../../vocabulary/access-columns.js';
import { loopMemory } from '../../../vocabulary/loop-memory.js';
import type { PageGeometry } from '../../../vocabulary/units.js';
import { BINARY, type LoopExports, type LoopHost } from './binary.js';

/** The columns and the first blocks; then it grows, to 60 MiB at 1 TiB of touched address space. */
const FIRST_PAGES = 5;
const MOST_PAGES = 4096;

/** 64-bit words that the loop keeps. */
const SUMS = {
  sum: 0,
  xor: 1,
  withAddress: 2,
  withPhysical: 3,
  pages: 4,
  blocks: 5,
  physicalBlocks: 6,
  isFull: 7,
} as const;

/** What is added up of a batch. */
export type TallyRows = Pick<
  AccessColumns,
  'count' | 'pid' | 'tid' | 'addressLow' | 'addressHigh' | 'physicalLow' | 'physicalHigh'
>;

/** Sums rows of columns in WebAssembly, by thread and page. */
export class TallyLoop {
  readonly #memory = loopMemory(FIRST_PAGES, MOST_PAGES);
  readonly #calls: LoopExports;

  /** `addThread` is told of rows of one thread that follow each other. */
  constructor(geometry: PageGeometry, addThread: LoopHost['addThread']) {
    const imports = { env: { memory: this.#memory }, host: { addThread } };
    this.#calls = new WebAssembly.Instance(compiled(), imports).exports as unknown as LoopExports;
    this.#calls.setSizes(geometry.pageShift, geometry.pageShift + geometry.hugeOrder);
  }

  add(batch: TallyRows): void {
    const calls = this.#calls;
    const capacity = calls.CAPACITY.value;
    for (let from = 0; from < batch.count; from += capacity) {
      const to = Math.min(batch.count, from + capacity);
      this.#put(calls.ADDRESS_LOW, batch.addressLow, from, to);
      this.#put(calls.ADDRESS_HIGH, batch.addressHigh, from, to);
      this.#put(calls.PHYSICAL_LOW, batch.physicalLow, from, to);
      this.#put(calls.PHYSICAL_HIGH, batch.physicalHigh, from, to);
      this.#put(calls.PID, batch.pid, from, to);
      this.#put(calls.TID, batch.tid, from, to);
      calls.addRows(to - from);
    }
  }

  /** One of the sums, mod 2^64. */
  sum(name: keyof typeof SUMS): bigint {
    return new DataView(this.#memory.buffer).getBigUint64(this.#calls.SUMS.value + 8 * SUMS[name], true);
  }

  #put(at: WebAssembly.Global, column: Uint32Array | Int32Array, from: number, to: number): void {
    // Growing replaces the buffer, so that a view is made for each batch.
    new Int32Array(this.#memory.buffer, at.value, to - from).set(column.subarray(from, to));
  }
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
