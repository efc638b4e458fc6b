/** How long the spans of a tier are. Windows are of time as it passed: a clock that is set makes none longer. Pure. */
import type { Milliseconds } from '../vocabulary/units.js';
import type { Tier } from './health.js';
import type { Span } from './span.js';

/** A raw span is one turn. */
export const WINDOW_MS: Readonly<Record<Tier, Milliseconds>> = { raw: 0, '5m': 300_000, '1h': 3_600_000 };

/** Number of the window of a longer tier that a span begins in. */
export function bucketOf(tier: Tier, { lived }: Span): number {
  return Math.floor(lived.from / WINDOW_MS[tier]);
}
