// Written by scripts/build-loops.mjs from assembly/parquet.

/** The loop of assembly/parquet, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;

/** What the loop offers: addresses and sizes in its memory, and functions. */
export interface LoopExports {
  readonly ACCESS_INDICES: WebAssembly.Global;
  readonly ACCESSES: WebAssembly.Global;
  readonly ADDRESSES: WebAssembly.Global;
  readonly BLOCKS: WebAssembly.Global;
  readonly CAPACITY: WebAssembly.Global;
  readonly COMMANDS: WebAssembly.Global;
  readonly COUNTS: WebAssembly.Global;
  readonly END: WebAssembly.Global;
  readonly MAPPINGS: WebAssembly.Global;
  readonly MISSES: WebAssembly.Global;
  readonly MOST_SLICES: WebAssembly.Global;
  readonly MOST_VALUES: WebAssembly.Global;
  readonly OUT: WebAssembly.Global;
  readonly PIDS: WebAssembly.Global;
  readonly SAMPLES: WebAssembly.Global;
  readonly SLICES: WebAssembly.Global;
  readonly SUB_PAGES: WebAssembly.Global;
  readonly TIMES: WebAssembly.Global;
  readonly TLB_MISSES: WebAssembly.Global;
  readonly VALUES: WebAssembly.Global;
  deltas(values: number, count: number, bits: number): number;
  doubleDeltas(values: number, count: number): number;
  indices(values: number, count: number, width: number): number;
  clearValues(): void;
  valueCount(): number;
  addRows(
    row: number,
    slices: number,
    pages: number,
    subPage: number,
    block: number,
    pageBytes: number,
  ): number;
  clearTimes(): void;
  fillRows(from: number, to: number, pid: number, command: number, mapping: number, block: number): void;
}
