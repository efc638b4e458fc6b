/** What the user wants of the trade of memory for speed: the one knob besides the horizon. */
import type { ValueParser } from '../../vocabulary/quantities.js';
import type { Bytes, Fraction } from '../../vocabulary/units.js';

/** One of four ways to say what is wanted. */
export type Goal =
  /** Walks may take at most this share more of the processes' time than in the fastest layout. */
  | { readonly kind: 'slowdown'; readonly share: Fraction }
  /** At least this share of what huge pages everywhere would waste goes back. */
  | { readonly kind: 'bloat'; readonly share: Fraction }
  /** At least so many bytes of what is there go back. */
  | { readonly kind: 'bytes'; readonly bytes: Bytes }
  /** Where the share of the bloat that goes back times the share of huge pages' gain that is kept is largest. */
  | { readonly kind: 'balanced' };

/** Thermostat's kind of budget, a third of its 3 %: below what load varies by. */
export const USUAL_GOAL = '1%';
/** No budget, but the knee of the process's own curve. */
export const BALANCED = 'balanced';

const SIZES: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };
const PERCENT = /^(bloat=)?(\d{1,3}(?:\.\d{1,6})?)%$/i;
const SIZE = /^(\d{1,15}(?:\.\d{1,6})?)\s?(?:([kmgt])(?:i?b)?|b)?$/i;

/** The goal that a text says: `1%`, `balanced`, `bloat=50%`, `2GiB`. Throws a SyntaxError that says what it must be. */
export const parseGoal: ValueParser<Goal> = Object.assign(
  (text: string): Goal => {
    if (text.trim().toLowerCase() === BALANCED) return { kind: 'balanced' };
    const percent = PERCENT.exec(text.trim());
    if (percent !== null && Number(percent[2]) <= 100) {
      const kind = percent[1] === undefined ? 'slowdown' : 'bloat';
      return { kind, share: Number(percent[2]) / 100 };
    }
    const size = SIZE.exec(text.trim());
    if (size !== null) {
      return { kind: 'bytes', bytes: Math.round(Number(size[1]) * (SIZES[size[2]?.toLowerCase()] ?? 1)) };
    }
    throw new SyntaxError('is no goal; write 1%, balanced, bloat=50% or 2GiB');
  },
  {
    accepts: 'a slowdown such as 1%, balanced, a share of the bloat such as bloat=50%, or bytes such as 2GiB',
  },
);
