/**
 * The words of options: sizes, durations, shares and counts, each with the range that it accepts. A parser throws a
 * SyntaxError whose text goes on behind the word itself: "`5x` is no size; write 512M or 4GiB".
 */
import type { Bytes, Fraction, Milliseconds } from '../vocabulary/units.js';
import { GIB, KIB, MIB } from '../vocabulary/units.js';

/** A parser that still knows what it accepts, for messages, the manual and the test that every option has bounds. */
export interface ValueParser<Value> {
  (text: string): Value;
  /** `a size from 4K to 1T` */
  readonly accepts: string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

/** A kind of quantity: how it is spelled, and how a bound of it is shown. */
interface Quantity {
  readonly name: string;
  readonly example: string;
  /** The value in the kind's unit, undefined when the word is none. */
  read(word: string): number | undefined;
  show(value: number): string;
}

/** A sign is read, so that `-1` is too small rather than not understood. */
const DECIMAL = String.raw`-?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?`;
const BINARY: Readonly<Record<string, number>> = {
  K: KIB,
  M: MIB,
  G: GIB,
  T: 1024 * GIB,
  P: 1024 * 1024 * GIB,
};

const SIZE: Quantity = {
  name: 'size',
  example: '512M, 4GiB or 1e9',
  read(word) {
    if (/^0x[0-9a-f]+$/i.test(word)) return Number(word);
    const match = new RegExp(`^(${DECIMAL})\\s*(?:([KMGTP])(?:i?B?)|B)?$`, 'i').exec(word);
    if (!match) return undefined;
    return Math.round(Number(match[1]) * (match[2] ? BINARY[match[2].toUpperCase()] : 1));
  },
  show(value) {
    const unit = Object.entries(BINARY).findLast(([, bytes]) => value >= bytes && value % bytes === 0);
    return unit ? `${value / unit[1]}${unit[0]}` : String(value);
  },
};

const MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  d: 86_400_000,
};
const SPAN = new RegExp(`(${DECIMAL})\\s*(${Object.keys(MS).join('|')})(?![a-zµ])\\s*`, 'giy');

const DURATION: Quantity = {
  name: 'duration',
  example: '30s, 500ms or 1h30m',
  read(word) {
    if (new RegExp(`^${DECIMAL}$`, 'i').test(word)) return Number(word) * MS.s;
    const spans = [...word.matchAll(SPAN)];
    const length = spans.reduce((sum, [text]) => sum + text.length, 0);
    if (spans.length === 0 || length !== word.length) return undefined;
    return spans.reduce((sum, [, number, unit]) => sum + Number(number) * MS[unit.toLowerCase()], 0);
  },
  show(value) {
    const [name, ms] = (['d', 'h', 'm', 's'] as const)
      .map((unit) => [unit, MS[unit]] as const)
      .find(([, unit]) => value >= unit && value % unit === 0) ?? ['ms', 1];
    return `${value / ms}${name}`;
  },
};

const SHARE: Quantity = {
  name: 'share',
  example: '0.1 or 10%',
  read(word) {
    const match = new RegExp(`^(${DECIMAL})\\s*(%?)$`, 'i').exec(word);
    return match ? Number(match[1]) / (match[2] ? 100 : 1) : undefined;
  },
  show: (value) => showShare(value),
};

const PERCENT: Quantity = {
  name: 'percentage',
  example: '20 or 20%',
  read(word) {
    const match = new RegExp(`^(${DECIMAL})\\s*%?$`, 'i').exec(word);
    return match ? Number(match[1]) : undefined;
  },
  show: (value) => `${value}%`,
};

const COUNT: Quantity = {
  name: 'whole number',
  example: '100 or 1e3',
  read(word) {
    const value = new RegExp(`^${DECIMAL}$`, 'i').test(word) ? Number(word) : Number.NaN;
    return Number.isInteger(value) ? value : undefined;
  },
  show: String,
};

const FACTOR: Quantity = {
  name: 'number',
  example: '2 or 0.5',
  read: (word) => (new RegExp(`^${DECIMAL}$`, 'i').test(word) ? Number(word) : undefined),
  show: String,
};

function between({ name, example, read, show }: Quantity, { min, max }: Range): ValueParser<number> {
  const accepts = `a ${name} from ${show(min)} to ${show(max)}`;
  const parse = (text: string): number => {
    const value = read(text.trim());
    if (value === undefined) throw new SyntaxError(`is no ${name}; write ${example}`);
    if (value < min) throw new SyntaxError(`is too small; give ${accepts}`);
    if (value > max) throw new SyntaxError(`is too large; give ${accepts}`);
    return value;
  };
  return Object.assign(parse, { accepts });
}

/** Sizes: `512M`, `4GiB`, `1Gi`, `1e9`, `0x200000`; the letters are powers of 1024. */
export const bytesBetween = (min: Bytes, max: Bytes) => between(SIZE, { min, max });
/** Durations: `30s`, `500ms`, `1h30m`; a bare number is seconds. Milliseconds. */
export const durationBetween = (min: Milliseconds, max: Milliseconds) => between(DURATION, { min, max });
/** Shares: `0.1` or `10%`. */
export const fractionBetween = (min: Fraction, max: Fraction) => between(SHARE, { min, max });
/** Percentages: `20` or `20%`, both the same. */
export const percentBetween = (min: number, max: number) => between(PERCENT, { min, max });
/** Whole numbers: `100`, `1e3`. */
export const countBetween = (min: number, max: number) => between(COUNT, { min, max });
/** Numbers that need not be whole. */
export const factorBetween = (min: number, max: number) => between(FACTOR, { min, max });

const MOST_BYTES = 2 ** 50;
const SHORTEST_PERIOD_MS = 100;
const LONGEST_MS = 366 * 86_400_000;
const MOST_THINGS = 1e9;

export const parseBytes = bytesBetween(0, MOST_BYTES);
export const parseDuration = durationBetween(0, LONGEST_MS);
/** A duration after which something is done again: not so short that nothing else gets done. */
export const parsePeriod = durationBetween(SHORTEST_PERIOD_MS, LONGEST_MS);
export const parseFraction = fractionBetween(0, 1);
export const parsePercent = percentBetween(0, 100);
export const parseCount = countBetween(0, MOST_THINGS);
/** Folio orders up to that of a huge page with 64 KiB pages; the host's own bound is checked once it is known. */
export const parseOrder = countBetween(0, 13);

/** Any word but an empty one, which is a forgotten variable of a script. */
export const parseWord: ValueParser<string> = Object.assign(
  (text: string): string => {
    if (text.trim() === '') throw new SyntaxError('is empty');
    return text;
  },
  { accepts: 'a word' },
);

/** A share as it is printed and read. */
export function showShare(value: number): string {
  return String(Number(value.toPrecision(3)));
}
