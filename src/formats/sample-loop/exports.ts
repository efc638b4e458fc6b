/** What the loop of assembly/samples offers and asks for: the signatures of its index.ts and host.ts. */

/** What the compiled loop offers: its memory, its globals and its functions. */
export interface LoopExports {
  /** Rows of the columns, and addresses in the loop's memory (batch.ts, layout.ts). */
  readonly CAPACITY: WebAssembly.Global;
  readonly TIME: WebAssembly.Global;
  readonly PID: WebAssembly.Global;
  readonly TID: WebAssembly.Global;
  readonly VIRTUAL_PAGE: WebAssembly.Global;
  readonly PHYSICAL_PAGE: WebAssembly.Global;
  readonly KIND: WebAssembly.Global;
  readonly WEIGHT: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly ADDRESS_LOW: WebAssembly.Global;
  readonly ADDRESS_HIGH: WebAssembly.Global;
  readonly PHYSICAL_LOW: WebAssembly.Global;
  readonly PHYSICAL_HIGH: WebAssembly.Global;
  readonly LATENCY: WebAssembly.Global;
  readonly EVENT: WebAssembly.Global;
  readonly FREE: WebAssembly.Global;
  readonly EXCHANGE: WebAssembly.Global;
  readonly MODE_FLAGS: WebAssembly.Global;
  readonly OPERATION_KINDS: WebAssembly.Global;
  readonly SOURCE_COUNTS: WebAssembly.Global;
  readonly SOURCE_FLAGS: WebAssembly.Global;
  readonly HASHES: WebAssembly.Global;
  readonly COARSE: WebAssembly.Global;
  readonly HASHED: WebAssembly.Global;
  setGeometry(pageShift: number, blockBytes: number): void;
  /** Events, ids or wanted processes have changed. */
  forget(): void;
  setOrigin(low: number, high: number): void;
  forgetOrigin(): void;
  setReading(idAt: number, hasFilter: number, fillsMore: number): void;
  setPlan(event: number, ...plan: number[]): void;
  /** Decodes samples in [from, end) into the rows from `row` on; returns the address behind the last one taken. */
  decodeSamples(from: number, end: number, row: number): number;
  setSpe(event: number, weight: number, hasFilter: number): void;
  setConversion(shift: number, mult: bigint, zero: bigint, cycles: bigint, mask: bigint): void;
  forgetConversion(): void;
  nanosecondsOf(count: bigint): bigint;
  setQueue(tid: number, pid: number, isNamed: number, hasThread: number, context: number): void;
  /** To be called within `seekThread`: whose the times in [from, until) are. */
  setGuess(tid: number, pid: number, from: number, until: number): void;
  /** Hashes rows for a fingerprint; returns how many hashes it put into HASHES (hashes.ts). */
  hashRows(
    count: number,
    originLow: number,
    originUs: number,
    restNs: number,
    bound: number,
    coarseBound: number,
  ): number;
  /** Decodes SPE records in [from, end); returns where the first one begins that it did not read. */
  decodeRecords(from: number, end: number, row: number): number;
}

/** Answers the loop's questions about what it meets for the first time (host.ts). */
export interface LoopHost {
  eventOf(low: number, high: number): number;
  isWanted(pid: number): number;
  meaningOfSource(low: number, high: number): number;
  processOf(tid: number): number;
  seekThread(time: number): number;
}

/** Words of the exchange block (exchange.ts), which a call leaves its results in. */
export const EXCHANGE = {
  rows: 0,
  seen: 1,
  otherProcess: 2,
  originIsSet: 3,
  originLow: 4,
  originHigh: 5,
  records: 6,
  memoryRecords: 7,
  guessed: 8,
  unknownThread: 9,
  unconverted: 10,
  queueTid: 11,
  queuePid: 12,
  queueIsNamed: 13,
  queueContext: 14,
} as const;
/** 32-bit words that both sides exchange with each call (assembly/samples/exchange.ts). */
export const EXCHANGE_WORDS = 16;
