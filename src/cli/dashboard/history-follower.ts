/** Follows the history: all of it in the tier that suits it, and the last hours turn by turn. */
import type { JournalPlace } from '../../cycle/journal.js';
import type { SeriesWish } from '../../dashboard/board.js';
import type { Series } from '../../dashboard/wire/series.js';
import type { Tier } from '../../history/health.js';
import { newestMoment, oldestOf, readSpans } from '../../history/read-history.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { tierFor } from '../history/limits.js';
import { type SpanOf, seriesOfSpans, thinned } from './series.js';

type ToldSeries = Omit<Series, 'octavo' | 'version' | 'revision'>;

/** The last of it, turn by turn. */
const RECENT_MS: Milliseconds = 3 * 3_600_000;
/** All of it is read again so often: it is much, and its end is the recent part. */
const ALL_EVERY_MS: Milliseconds = 60_000;
/** Spans of a series: what is more is left out, the oldest first. */
const MOST_SPANS = 5000;

const EMPTY: ToldSeries = { clock: 'wall', fields: [], times: [], targets: [] };

/** Keeps the numbers of a history up to date. */
export class HistoryFollower {
  readonly #place: JournalPlace;
  readonly #idOf: (target: string) => string;
  #newest = 0;
  #allMs = 0;
  #all: ToldSeries = EMPTY;
  #recent: ToldSeries = EMPTY;
  damage: readonly string[] = [];

  constructor(place: JournalPlace, idOf: (target: string) => string) {
    this.#place = place;
    this.#idOf = idOf;
  }

  /** Whether there is more than at the last look. Throws STOPPED, FILE_UNREADABLE. */
  look(signal: AbortSignal): boolean {
    const newest = newestMoment(this.#place);
    if (newest === undefined || newest.last.livedMs === this.#newest) return false;
    this.#newest = newest.last.livedMs;
    const { livedMs } = newest.now;
    const oldest = oldestOf(this.#place);
    const begin = Math.min(livedMs, ...Object.values(oldest));
    const damage: string[] = [];
    const read = (tier: Tier, from: Milliseconds) =>
      seriesOfSpans(this.#spans(tier, from, { signal, damage }), this.#idOf);
    if (livedMs - this.#allMs >= ALL_EVERY_MS || this.isEmpty) {
      this.#all = read(tierFor(begin, livedMs, oldest), begin);
      this.#allMs = livedMs;
    }
    this.#recent = read('raw', Math.max(begin, livedMs - RECENT_MS));
    this.damage = damage;
    return true;
  }

  #spans(
    tier: Tier,
    from: Milliseconds,
    { signal, damage }: { readonly signal: AbortSignal; readonly damage: string[] },
  ): readonly SpanOf[] {
    const spans: SpanOf[] = [];
    const since = { by: 'lived' as const, ms: from };
    const report = (sentence: string) => void damage.push(sentence);
    for (const { wall, targets } of readSpans(this.#place, tier, { since, signal, report })) {
      spans.push({
        untilMs: wall.until,
        targets: targets.map(({ target, values }) => ({ target, values: readings(values) })),
      });
      if (spans.length > MOST_SPANS) spans.shift();
    }
    return spans;
  }

  get isEmpty(): boolean {
    return this.#all.times.length === 0;
  }

  /** All of it, or its recent part turn by turn where only that is wished for. */
  series(wish: SeriesWish): ToldSeries {
    const [first = Number.POSITIVE_INFINITY] = this.#recent.times;
    const isRecent = wish.fromMs !== undefined && wish.fromMs >= first;
    return thinned(isRecent ? this.#recent : this.#all, wish);
  }

  /** The recent part, or all of it where that is all there is. */
  get recent(): ToldSeries {
    return this.#recent.times.length > 0 ? this.#recent : this.#all;
  }

  get all(): ToldSeries {
    return this.#all;
  }
}

function readings(
  values: Readonly<
    Record<string, { readonly sum: number; readonly range: { readonly last: number } | undefined } | null>
  >,
): SpanOf['targets'][number]['values'] {
  const told = Object.entries(values).map(([name, value]) => [
    name,
    value && { sum: value.sum, last: value.range?.last },
  ]);
  return Object.fromEntries(told);
}
