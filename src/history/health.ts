/** How the keeping of the history goes, for status and metrics. */
import type { Bytes } from '../vocabulary/units.js';

/** From the newest to the longest: every turn, five minutes, an hour. */
export const TIERS = ['raw', '5m', '1h'] as const;
/** `raw`, `5m` or `1h`. */
export type Tier = (typeof TIERS)[number];

/** Size of the history, and what it lost. */
export interface HistoryHealth {
  /** On disk. */
  readonly bytes: Readonly<Record<Tier, Bytes>>;
  /** Observations that could not be kept since the history was opened. */
  readonly dropped: number;
  /** Why the last ones could not be kept; undefined when they were. One sentence. */
  readonly problem: string | undefined;
  /** Files and lines that are damaged and were passed over, as sentences. */
  readonly damage: readonly string[];
}
