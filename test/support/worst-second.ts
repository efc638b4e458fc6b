/** Spans of time in which something was held. */
export interface HeldSpan {
  readonly beganNs: number;
  readonly endedNs: number;
}

/** Largest part of a second, wherever it begins, that lies in spans. */
export function worstSecond(spans: readonly HeldSpan[]): number {
  const starts = spans.flatMap(({ beganNs, endedNs }) => [beganNs, endedNs - 1e9]);
  const within = (from: number) =>
    spans.reduce(
      (sum, span) => sum + Math.max(0, Math.min(span.endedNs, from + 1e9) - Math.max(span.beganNs, from)),
      0,
    );
  return Math.max(0, ...starts.map(within)) / 1e9;
}
