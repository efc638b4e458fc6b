// Written by scripts/build-loops.mjs from assembly/heat.

/** The loop of assembly/heat, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;

/** What the loop offers: addresses and sizes in its memory, and functions. */
export interface LoopExports {
  readonly HEAD: WebAssembly.Global;
  readonly CAPACITY: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly PID: WebAssembly.Global;
  readonly TALLY: WebAssembly.Global;
  readonly TIMES: WebAssembly.Global;
  readonly UNPLACED: WebAssembly.Global;
  readonly VIRTUAL_PAGE: WebAssembly.Global;
  readonly WEIGHT: WebAssembly.Global;
  add(pid: number, number: number): number;
  begin(counterBytes: number): void;
  blockCount(): number;
  find(pid: number, number: number): number;
  firstBlock(): number;
  setThinning(mask: number): void;
  usedBytes(): number;
  addCount(pid: number, page: number, samples: number, weight: number): void;
  addCounts(address: number, first: number, pages: number): number;
  addRows(count: number, isTimed: number, each: number): void;
  addWeight(address: number, samples: number, weight: number): void;
  forgetProcesses(): void;
  setGeometry(blockShift: number, firstKernelPage: number, isBitmap: number): void;
  tally(address: number, pages: number): void;
}

/** What the loop asks its host for (assembly/heat/host.ts). */
export interface LoopHost {
  keeps(pid: number): number;
}
