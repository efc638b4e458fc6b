/**
 * Numbers with units as people write them in scenarios: `4GiB`, `200ms`, `2M/s`, `80%`. Plain numbers are taken in
 * the base unit.
 */
import * as z from 'zod';

const BYTES: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};
const NANOSECONDS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  h: 3600e9,
};

const inUnits = (units: Readonly<Record<string, number>>, text: string): number | undefined => {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*$/.exec(text);
  if (match === null || !Object.hasOwn(units, match[2])) return undefined;
  return Number(match[1]) * units[match[2]];
};

function quantity(units: Readonly<Record<string, number>>, what: string, bare: boolean) {
  const names = Object.keys(units).filter((name) => name !== '');
  const message = `write ${what} as a number with a unit: ${names.join(', ')}`;
  return z.union([z.string(), z.number()], { error: message }).transform((given, context) => {
    const value = typeof given === 'number' ? (bare ? given : undefined) : inUnits(units, given);
    if (value !== undefined && Number.isFinite(value) && value >= 0) return value;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is no ${what}; ${message}` });
    return z.NEVER;
  });
}

/** Bytes: `2MiB`, `4096`. A whole number of bytes. */
export const BytesText = quantity(BYTES, 'size', true).refine(
  Number.isInteger,
  'not a whole number of bytes',
);
/** Beyond this a number of nanoseconds is no longer exact, and adding a step to it may change nothing. */
const LONGEST_NS = Number.MAX_SAFE_INTEGER;

/** Nanoseconds: `5s`, `100ms`. A bare number has no unit and is refused. */
export const DurationText = quantity(NANOSECONDS, 'duration', false).refine(
  (value) => value <= LONGEST_NS,
  'longer than 104 days, where nanoseconds are no longer exact',
);

/** The length of a step that is taken again and again: time must advance by it. */
export const StepText = DurationText.refine(
  (value) => value >= 1,
  'must be at least 1ns, or time never advances',
);

/** A limit on memory: bytes, or a percentage of the data that it is to hold. */
export type Limit = { readonly bytes: number } | { readonly ofData: number };

/** `2GiB`, or `115%` of the data. */
export const LimitText = z
  .union([z.string(), z.number()], { error: 'write a limit as a size, or as 115% of the data' })
  .transform((given, context): Limit => {
    const percent = typeof given === 'string' ? /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(given.trim()) : null;
    if (percent !== null && Number(percent[1]) > 0) return { ofData: Number(percent[1]) / 100 };
    const bytes = BytesText.safeParse(given);
    if (bytes.success && bytes.data > 0) return { bytes: bytes.data };
    const message = `${JSON.stringify(given)} is no limit; write a size, or 115% of the data`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

/** A share: `0.25` or `25%`. */
export const ShareText = z
  .union([z.string(), z.number()], { error: 'write a share as 0.25 or 25%' })
  .transform((given, context) => {
    const match = typeof given === 'string' ? /^([0-9]+(?:\.[0-9]+)?)\s*%$/.exec(given.trim()) : null;
    const value = typeof given === 'number' ? given : match === null ? Number.NaN : Number(match[1]) / 100;
    if (value >= 0 && value <= 1) return value;
    context.addIssue({ code: 'custom', message: `${JSON.stringify(given)} is no share; write 0.25 or 25%` });
    return z.NEVER;
  });
