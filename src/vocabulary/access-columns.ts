/**
 * Sample columns with the exact addresses that a perf.data file holds beside the page numbers that all sources
 * have. Code that needs only samples takes them as a SampleBatch.
 */
import type { SampleColumns } from './sample.js';

/** The instructions that made the accesses; filled only where they were asked for. */
export interface Instructions {
  /** Address in two words; both 0 when the sample has none. */
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** 1 where it is the very instruction, 0 where it may be one behind it. */
  readonly isExact: Uint8Array;
}

/** Returns columns for instruction addresses. */
export function instructionColumns(rows: number): Instructions {
  return { low: new Uint32Array(rows), high: new Uint32Array(rows), isExact: new Uint8Array(rows) };
}

/** Samples with exact addresses; columns of `capacity` rows. */
export interface AccessColumns extends SampleColumns {
  readonly capacity: number;
  /** Data address in two words; both 0 when the sample has none. */
  readonly addressLow: Uint32Array;
  readonly addressHigh: Uint32Array;
  /** Physical address in two words as the record says it; both 0 when it says none. */
  readonly physicalLow: Uint32Array;
  readonly physicalHigh: Uint32Array;
  /** Latency of the access in cycles, 0 when unknown. */
  readonly latency: Uint32Array;
  /** Absent unless they were asked for. */
  instructions?: Instructions | undefined;
  /** Number of the event in the file. */
  readonly event: Uint16Array;
  /** Whether all rows are of one event; undefined when that is not known. */
  isOneEvent?: boolean | undefined;
}
