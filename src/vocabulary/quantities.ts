/**
 * Quantities as people write them, in options and in files: sizes, durations, shares, counts. One reader for each unit; a
 * parser throws a SyntaxError whose text goes on behind the word itself: "`5x` is no size; write 512M or 4GiB".
 */
import { GIB, KIB, MIB } from './units.js';

/** A parser that still knows what it accepts, for messages, the manual and the test that every option has bounds. */
export interface ValueParser<Value> {
  (text: string): Value;
  /** `a size from 4K to 1T` */
  readonly accepts: string;
}

/** Both ends are in the range. */
export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A unit of quantities: how it is spelled, and how a bound of it is shown. */
interface Quantity {
  readonly name: string;
  readonly example: string;
  /** The value in the unit that programs use, undefined when the word is none. */
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

/** Units by name; in brackets what a program has: size (bytes), duration (milliseconds), share (fraction). */
export const QUANTITIES = {
  size: SIZE,
  duration: DURATION,
  share: SHARE,
  percentage: PERCENT,
  count: COUNT,
  factor: FACTOR,
} as const satisfies Readonly<Record<string, Quantity>>;

/** A kind of quantity. */
export type Unit = keyof typeof QUANTITIES;

/** Parses a quantity and holds it against its range. Throws a SyntaxError. */
export function quantityParser(unit: Unit, range: Range): ValueParser<number> {
  const { name, example, read } = QUANTITIES[unit];
  const accepts = acceptedValues(unit, range);
  const parse = (text: string): number => {
    const value = read(text.trim());
    if (value === undefined) throw new SyntaxError(`is no ${name}; write ${example}`);
    if (value < range.min) throw new SyntaxError(`is too small; give ${accepts}`);
    if (value > range.max) throw new SyntaxError(`is too large; give ${accepts}`);
    return value;
  };
  return Object.assign(parse, { accepts });
}

/** `a share from 0 to 1` */
export function acceptedValues(unit: Unit, { min, max }: Range): string {
  const { name, show } = QUANTITIES[unit];
  return `a ${name} from ${show(min)} to ${show(max)}`;
}

/** A share as it is printed and read. */
export function showShare(value: number): string {
  return String(Number(value.toPrecision(3)));
}
