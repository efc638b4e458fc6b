// Written by scripts/build-loops.mjs from assembly/tally.

/** The loop of assembly/tally, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;

/** What the loop offers: addresses and sizes in its memory, and functions. */
export interface LoopExports {
  readonly ADDRESS_HIGH: WebAssembly.Global;
  readonly ADDRESS_LOW: WebAssembly.Global;
  readonly CAPACITY: WebAssembly.Global;
  readonly PHYSICAL_HIGH: WebAssembly.Global;
  readonly PHYSICAL_LOW: WebAssembly.Global;
  readonly PID: WebAssembly.Global;
  readonly SUMS: WebAssembly.Global;
  readonly TID: WebAssembly.Global;
  setSizes(pageShift: number, blockShift: number): void;
  addRows(count: number): void;
}

/** What the loop asks its host for (assembly/tally/host.ts). */
export interface LoopHost {
  addThread(pid: number, tid: number, rows: number): void;
}
