/**
 * Reads the history and changes nothing, while its writer goes on. What the newest windows of a longer tier do not hold yet is
 * made from the shorter one, as the writer will: every tier tells the same sums.
 */
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { TIERS, type Tier } from './health.js';
import { asOfNow, type Moment } from './lived-time.js';
import { momentOf, readTail, type Tail } from './segment-tail.js';
import { type HistoryPlace, listSegments, type Report, readHead, readSegment } from './segments.js';
import { addSpans, type Span } from './span.js';
import { bucketOf } from './windows.js';

/** A limit of time: as it passed, which a clock that was set does not move, or as the wall clock told it. */
export interface Limit {
  readonly by: 'lived' | 'wall';
  readonly ms: Milliseconds;
}

/** Which part of the history is wanted. */
export interface HistoryQuery {
  readonly since?: Limit | undefined;
  readonly until?: Limit | undefined;
  readonly signal: AbortSignal;
  /** Told of damage, which is passed over. */
  readonly report: Report;
}

/** The spans of a tier that lie at least partly within the limits, oldest first. Throws STOPPED. */
export function* readSpans(place: HistoryPlace, tier: Tier, query: HistoryQuery): Generator<Span> {
  for (const span of spansAfter(place, tier, 0, query)) if (isWithin(span, query)) yield span;
}

/** Spans that begin behind a sequence number, as far as files say that they may lie within the limits. */
function* spansAfter(
  place: HistoryPlace,
  tier: Tier,
  sequence: number,
  query: HistoryQuery,
): Generator<Span> {
  let covered = sequence;
  for (const path of filesFor(place, tier, sequence, query))
    for (const { span } of readSegment(place.host, path, query.report)) {
      throwIfStopped(query.signal);
      if (span.first <= covered) continue;
      covered = span.last;
      yield span;
    }
  const shorter = TIERS[TIERS.indexOf(tier) - 1];
  if (shorter !== undefined) yield* inWindows(tier, spansAfter(place, shorter, covered, query));
}

function* inWindows(tier: Tier, spans: Iterable<Span>): Generator<Span> {
  let open: Span | undefined;
  for (const span of spans) {
    const isSame = open !== undefined && bucketOf(tier, open) === bucketOf(tier, span);
    if (open !== undefined && !isSame) yield open;
    open = open !== undefined && isSame ? addSpans(open, span) : span;
  }
  if (open !== undefined) yield open;
}

/** All files but those before the last one that begins before what is asked for. */
function filesFor(
  place: HistoryPlace,
  tier: Tier,
  sequence: number,
  { since }: HistoryQuery,
): readonly string[] {
  const lived = since?.by === 'lived' ? since.ms : 0;
  const paths = listSegments(place, tier).map(({ path }) => path);
  const start = paths.findLastIndex((path) => {
    const head = readHead(place.host, path);
    return head !== undefined && (head.livedMs < lived || head.first <= sequence);
  });
  return paths.slice(Math.max(0, start));
}

function isWithin(span: Span, { since, until }: HistoryQuery): boolean {
  if (since !== undefined && span[since.by].until < since.ms) return false;
  return until === undefined || span[until.by].from <= until.ms;
}

/** The moment of the newest turn, and now by the same count; undefined where there is no history. */
export function newestMoment(
  place: HistoryPlace,
): { readonly last: Moment; readonly now: Moment } | undefined {
  const tails = TIERS.flatMap((tier) => newestTail(place, tier) ?? []);
  const [tail] = tails.sort((left, right) => right.span.last - left.span.last);
  if (tail === undefined) return undefined;
  const last = momentOf(tail);
  return { last, now: asOfNow(place.host, last) };
}

function newestTail({ host, directory }: HistoryPlace, tier: Tier): Tail | undefined {
  for (const { path } of listSegments({ host, directory }, tier).toReversed()) {
    const tail = readTail(host, path);
    if (tail !== undefined) return tail;
  }
  return undefined;
}

/** Time as it passed of the oldest span of each tier; absent where a tier is empty. */
export function oldestOf(place: HistoryPlace): Partial<Record<Tier, Milliseconds>> {
  const found = TIERS.flatMap((tier) => {
    const heads = listSegments(place, tier).map(({ path }) => readHead(place.host, path));
    const oldest = heads.find((head) => head !== undefined);
    return oldest === undefined ? [] : [[tier, oldest.livedMs] as const];
  });
  return Object.fromEntries(found);
}
