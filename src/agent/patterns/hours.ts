/** Hours in which a target may be acted on: `Mon-Fri 22:00-06:00`, in local time unless `UTC` stands behind. */
import type { ValueParser } from '../../vocabulary/quantities.js';
import type { Milliseconds } from '../../vocabulary/units.js';

/** One span of the week. */
export interface Hours {
  /** Days on which the span begins, 0 for Sunday. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day. A span that ends before it begins goes on into the next day; two equal ones are a whole day. */
  readonly from: number;
  readonly to: number;
  readonly utc: boolean;
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const WEEK = [0, 1, 2, 3, 4, 5, 6];
const TEXT = /^(?:([a-z,-]+) +)?(\d{1,2}):(\d{2}) *- *(\d{1,2}):(\d{2})( +utc)?$/i;

/** Throws a SyntaxError. */
export const parseHours: ValueParser<Hours> = Object.assign(
  (text: string): Hours => {
    const found = TEXT.exec(text.trim());
    if (found === null) throw new SyntaxError('are no hours; write 22:00-06:00 or Mon-Fri 22:00-06:00 UTC');
    const [, days, fromHour, fromMinute, toHour, toMinute, utc] = found;
    return {
      days: new Set(days === undefined ? WEEK : days.split(',').flatMap(daysIn)),
      from: minuteOf(fromHour, fromMinute),
      to: minuteOf(toHour, toMinute),
      utc: utc !== undefined,
    };
  },
  { accepts: 'hours such as 22:00-06:00, Sat,Sun 00:00-24:00 or Mon-Fri 22:00-06:00 UTC' },
);

function daysIn(word: string): readonly number[] {
  const ends = word.split('-').map((name) => DAYS.indexOf(name.slice(0, 3).toLowerCase()));
  if (ends.length > 2 || ends.includes(-1))
    throw new SyntaxError(`\`${word}\` is no day; write Mon or Mon-Fri`);
  const [first, last = first] = ends;
  return WEEK.slice(0, ((last - first + 7) % 7) + 1).map((step) => (first + step) % 7);
}

function minuteOf(hour: string, minute: string): number {
  const all = Number(hour) * 60 + Number(minute);
  if (Number(minute) > 59 || all > 24 * 60)
    throw new SyntaxError(`\`${hour}:${minute}\` is no time of a day`);
  return all;
}

/** Whether a time lies in any of the spans; always where there are none. */
export function isWithin(hours: readonly Hours[], wallMs: Milliseconds): boolean {
  return hours.length === 0 || hours.some((one) => contains(one, wallMs));
}

function contains({ days, from, to, utc }: Hours, wallMs: Milliseconds): boolean {
  const date = new Date(wallMs);
  const [day, minute] = utc
    ? [date.getUTCDay(), date.getUTCHours() * 60 + date.getUTCMinutes()]
    : [date.getDay(), date.getHours() * 60 + date.getMinutes()];
  if (from < to) return days.has(day) && minute >= from && minute < to;
  // Over midnight: the evening belongs to its own day, the morning to the day before.
  return (days.has(day) && minute >= from) || (days.has((day + 6) % 7) && minute < to);
}
