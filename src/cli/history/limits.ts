/** Times of the history as options: how long ago, or a time of the wall clock. And the tier that suits them. */
import { TIERS, type Tier } from '../../history/health.js';
import type { Moment } from '../../history/lived-time.js';
import type { Limit } from '../../history/read-history.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { parseDuration, type ValueParser } from '../parameters.js';

/** A time as the user wrote it: relative to now, or by the wall clock. */
export type TimeWord = { readonly agoMs: Milliseconds } | { readonly atMs: Milliseconds };

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?))?Z?$/;

/** `1d`, `90m`: so long ago. `2026-11-30`, `2026-11-30T14:00`: then, in UTC as all times that Octavo prints. */
export const parseTime: ValueParser<TimeWord> = Object.assign(
  (word: string): TimeWord => {
    const [, day, time = '00:00'] = DATE.exec(word.trim()) ?? [];
    if (day === undefined) return { agoMs: parseDuration(word) };
    const atMs = Date.parse(`${day}T${time}Z`);
    if (Number.isNaN(atMs)) throw new SyntaxError('is no day of a calendar, or no time of a day');
    return { atMs };
  },
  { accepts: 'how long ago, as 1d or 90m, or a time in UTC, as 2026-11-30 or 2026-11-30T14:00' },
);

/** A time that passed is counted as it passed: a clock that was set does not hide what is a day old. */
export function limitOf(word: TimeWord, now: Moment): Limit {
  return 'agoMs' in word ? { by: 'lived', ms: now.livedMs - word.agoMs } : { by: 'wall', ms: word.atMs };
}

/** A limit in time as it passed, as far as the wall clock was right. */
export function livedAt(limit: Limit, now: Moment): Milliseconds {
  return limit.by === 'lived' ? limit.ms : limit.ms + (now.livedMs - now.wallMs);
}

const HOUR_MS: Milliseconds = 3_600_000;
/** Up to so long a tier is shown unless told otherwise: a few hundred spans. */
const SHOWN_MS: Readonly<Record<Tier, Milliseconds>> = {
  raw: 2 * HOUR_MS,
  '5m': 72 * HOUR_MS,
  '1h': Number.POSITIVE_INFINITY,
};

/** The shortest tier that is not too much to look at, or a longer one where that reaches further back. */
export function tierFor(
  from: Milliseconds,
  until: Milliseconds,
  oldest: Partial<Record<Tier, Milliseconds>>,
): Tier {
  const fitting = TIERS.filter((tier) => until - from <= SHOWN_MS[tier]);
  const reaches = (tier: Tier) => Math.max(from, oldest[tier] ?? Number.POSITIVE_INFINITY);
  // What a longer tier has not yet is made from the shorter one, so that each reaches as far as those before it.
  const furthest = (tier: Tier) => Math.min(...TIERS.slice(0, TIERS.indexOf(tier) + 1).map(reaches));
  const best = Math.min(...fitting.map(furthest));
  return fitting.find((tier) => furthest(tier) === best) ?? '1h';
}
