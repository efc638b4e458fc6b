/**
 * Sample columns with the exact addresses that a perf.data file holds beside the page numbers that all sources
 * have. Whoever needs only samples takes them as a SampleBatch.
 */
import type { SampleColumns } from '../../vocabulary/sample.js';

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
  /** Number of the event in the file. */
  readonly event: Uint16Array;
  /** Whether all rows are of one event; undefined when nobody has looked. */
  isOneEvent?: boolean | undefined;
}
