import type { PageNumber, Pages } from '../../vocabulary/units.js';

/** Rows in order of time. `page` counts from the start of the area that the workload gets. */
export interface TraceColumns {
  readonly timed: boolean;
  readonly sampled: boolean;
  readonly page: Uint32Array;
  readonly write: Uint8Array;
  readonly weight: Uint32Array;
  /** Nanoseconds from the first row on; empty where the trace has no time. */
  readonly timeNs: Float64Array;
  readonly pages: Pages;
  /** Pages that are touched. */
  readonly dataPages: Pages;
  /** Where the recorded process had its pages, and where they are here. */
  readonly areas: readonly {
    readonly startPage: PageNumber;
    readonly pages: Pages;
    readonly offset: Pages;
  }[];
}
