/** A span of the history as JSON, version 1: times as the wall clock told them, and as they passed. */
import type { Span } from '../../history/span.js';

/** Returns one span of the history as the JSON of `octavo history --json`. */
export function spanDocument(span: Span) {
  const { first, last, lived, wall, turns, dropped, jumpMs, targets } = span;
  return {
    turnNumbers: [first, last],
    from: new Date(wall.from).toISOString(),
    until: new Date(wall.until).toISOString(),
    livedMs: [lived.from, lived.until],
    turns,
    dropped,
    jumpMs,
    targets: targets.map(({ values, ...rest }) => ({
      ...rest,
      values: Object.fromEntries(
        Object.entries(values).map(([field, summary]) => [
          field,
          summary && { known: summary.known, sum: summary.sum, ...summary.range },
        ]),
      ),
    })),
  };
}
