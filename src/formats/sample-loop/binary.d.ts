// Written by scripts/build-loops.mjs from assembly/samples.

/** The loop of assembly/samples, compiled to WebAssembly by the build; base64. */
export declare const BINARY: string;

/** What the loop offers: addresses and sizes in its memory, and functions. */
export interface LoopExports {
  readonly ADDRESS_HIGH: WebAssembly.Global;
  readonly ADDRESS_LOW: WebAssembly.Global;
  readonly CAPACITY: WebAssembly.Global;
  readonly EVENT: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly KIND: WebAssembly.Global;
  readonly LATENCY: WebAssembly.Global;
  readonly PHYSICAL_HIGH: WebAssembly.Global;
  readonly PHYSICAL_LOW: WebAssembly.Global;
  readonly PHYSICAL_PAGE: WebAssembly.Global;
  readonly PID: WebAssembly.Global;
  readonly TID: WebAssembly.Global;
  readonly TIME: WebAssembly.Global;
  readonly VIRTUAL_PAGE: WebAssembly.Global;
  readonly WEIGHT: WebAssembly.Global;
  readonly COARSE: WebAssembly.Global;
  readonly FREE: WebAssembly.Global;
  readonly HASHED: WebAssembly.Global;
  readonly HASHES: WebAssembly.Global;
  readonly EXCHANGE: WebAssembly.Global;
  readonly MODE_FLAGS: WebAssembly.Global;
  readonly MOST_PLANS: WebAssembly.Global;
  readonly OPERATION_KINDS: WebAssembly.Global;
  readonly SOURCE_COUNTS: WebAssembly.Global;
  readonly SOURCE_FLAGS: WebAssembly.Global;
  setGeometry(pageShift: number, blockBytes: number): void;
  forget(): void;
  forgetOrigin(): void;
  setOrigin(low: number, high: number): void;
  hashRows(
    count: number,
    originLow: number,
    originUs: number,
    restNs: number,
    bound: number,
    coarseBound: number,
  ): number;
  decodeSamples(from: number, end: number, firstRow: number): number;
  setPlan(
    event: number,
    bytes: number,
    tid: number,
    time: number,
    addr: number,
    period: number,
    weight: number,
    dataSource: number,
    physAddr: number,
    dataPageSize: number,
    kind: number,
    weightIsStruct: number,
    fixedWeight: number,
  ): void;
  setReading(idAt: number, hasFilter: number, fillsMore: number): void;
  setGuess(tid: number, pid: number, from: number, until: number): void;
  setQueue(tid: number, pid: number, isNamed: number, hasThread: number, context: number): void;
  decodeRecords(from: number, end: number, firstRow: number): number;
  setSpe(event: number, weight: number, hasFilter: number): void;
  forgetConversion(): void;
  nanosecondsOf(count: bigint): bigint;
  setConversion(shift: number, mult: bigint, zero: bigint, cycles: bigint, mask: bigint): void;
}

/** What the loop asks its host for (assembly/samples/host.ts). */
export interface LoopHost {
  eventOf(low: number, high: number): number;
  isWanted(pid: number): number;
  meaningOfSource(low: number, high: number): number;
  processOf(tid: number): number;
  seekThread(time: number): number;
}
