/** Bytes as far as they are known. What is not known at all is undefined and never 0. */
import { type SampledTotal, sampledTotal } from '../base/bounded-mean.js';

/** With `expected` undefined only the bounds are known; with `high` undefined there is at least `low`. */
export interface Amount {
  readonly expected: number | undefined;
  readonly low: number;
  readonly high: number | undefined;
}

/** Returns an amount that was counted. */
export function exactly(value: number): Amount {
  return { expected: value, low: value, high: value };
}

/** Returns an amount of which only bounds are known; `high` undefined where there is none. */
export function between(low: number, high: number | undefined): Amount {
  return { expected: high === low ? low : undefined, low, high };
}

/** At least this much, and of the rest nothing is known. */
export function atLeast(low: number): Amount {
  return { expected: undefined, low, high: undefined };
}

/** Whether an amount was counted. */
export function isExact({ expected, low, high }: Amount): boolean {
  return expected !== undefined && expected === low && expected === high;
}

/** The sum; what is not known of some parts keeps it from having an upper end. Undefined when no part is known. */
export function sumOf(parts: readonly (Amount | undefined)[]): Amount | undefined {
  const known = parts.filter((part) => part !== undefined);
  if (known.length === 0) return undefined;
  const whole = known.length === parts.length;
  const total = (of: (part: Amount) => number | undefined) =>
    known.reduce<number | undefined>((sum, part) => {
      const value = of(part);
      return sum === undefined || value === undefined ? undefined : sum + value;
    }, 0);
  return {
    expected: whole ? total(({ expected }) => expected) : undefined,
    low: known.reduce((sum, { low }) => sum + low, 0),
    high: whole ? total(({ high }) => high) : undefined,
  };
}

/** The same, at most `most`. */
export function capped({ expected, low, high }: Amount, most: number): Amount {
  const top = Math.min(high ?? most, most);
  return {
    expected: expected === undefined ? undefined : Math.min(expected, most),
    low: Math.min(low, top),
    high: top,
  };
}

/** Returns the amount `factor` times. */
export function times({ expected, low, high }: Amount, factor: number): Amount {
  return {
    expected: expected === undefined ? undefined : expected * factor,
    low: low * factor,
    high: high === undefined ? undefined : high * factor,
  };
}

/** Values of a random sample. */
export interface Drawn {
  /** One value for each that was drawn, from 0 to `most`. */
  readonly values: readonly number[];
  readonly most: number;
  /** How many of them were drawn for themselves; all when absent. */
  readonly independent?: number;
}

/** The total over a population whose size may itself be known within bounds only. */
export function totalOf({ values, most, independent }: Drawn, population: Amount): Amount {
  const total = (size: number): SampledTotal => sampledTotal(values, size, most, independent);
  const { expected, low, high } = population;
  return {
    expected: expected === undefined ? undefined : total(Math.max(expected, values.length)).expected,
    low: total(Math.max(low, values.length)).low,
    high: high === undefined ? undefined : total(Math.max(high, values.length)).high,
  };
}
