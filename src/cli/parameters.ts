/**
 * The words of options: sizes, durations, shares and counts, each with the range that it accepts. How a quantity is
 * written stands in one place (vocabulary/quantities.ts), for options and for files alike.
 */
import { WORD } from '../vocabulary/field.js';
import { quantityParser, type ValueParser } from '../vocabulary/quantities.js';
import type { Bytes, Fraction, Milliseconds } from '../vocabulary/units.js';

export { showShare, type ValueParser } from '../vocabulary/quantities.js';

/** Sizes: `512M`, `4GiB`, `1Gi`, `1e9`, `0x200000`; the letters are powers of 1024. */
export const bytesBetween = (min: Bytes, max: Bytes) => quantityParser('size', { min, max });
/** Durations: `30s`, `500ms`, `1h30m`; a bare number is seconds. Milliseconds. */
export const durationBetween = (min: Milliseconds, max: Milliseconds) =>
  quantityParser('duration', { min, max });
/** Shares: `0.1` or `10%`. */
export const fractionBetween = (min: Fraction, max: Fraction) => quantityParser('share', { min, max });
/** Percentages: `20` or `20%`, both the same. */
export const percentBetween = (min: number, max: number) => quantityParser('percentage', { min, max });
/** Whole numbers: `100`, `1e3`. */
export const countBetween = (min: number, max: number) => quantityParser('count', { min, max });
/** Numbers that need not be whole. */
export const factorBetween = (min: number, max: number) => quantityParser('factor', { min, max });

const MOST_BYTES = 2 ** 50;
const SHORTEST_PERIOD_MS = 100;
const LONGEST_MS = 366 * 86_400_000;
const MOST_THINGS = 1e9;

/** Parses a size such as `512M` into bytes. Throws a SyntaxError, as all parsers here do. */
export const parseBytes = bytesBetween(0, MOST_BYTES);
/** Parses a duration such as `1.5s` into milliseconds. */
export const parseDuration = durationBetween(0, LONGEST_MS);
/** A duration after which something is done again: not so short that nothing else gets done. */
export const parsePeriod = durationBetween(SHORTEST_PERIOD_MS, LONGEST_MS);
/** Parses `10%` or `0.1` into a fraction from 0 to 1. */
export const parseFraction = fractionBetween(0, 1);
/** Parses a percentage from 0 to 100; the `%` may be left out. */
export const parsePercent = percentBetween(0, 100);
/** Parses a whole number that is not negative. */
export const parseCount = countBetween(0, MOST_THINGS);
/** Folio orders up to that of a huge page with 64 KiB pages; the host's own bound is checked once it is known. */
export const parseOrder = countBetween(0, 13);

/** A word, such as a path or a name. */
export const parseWord = WORD;

/** Several values of a kind with commas between them, each once. */
export function listOf<Value>(parse: ValueParser<Value>): ValueParser<readonly Value[]> {
  const parseAll = (text: string): readonly Value[] => {
    const words = text.split(',').map((word) => word.trim());
    if (words.includes(''))
      throw new SyntaxError('has an empty place; write values with single commas between them');
    return [...new Set(words.map((word) => parse(word)))];
  };
  return Object.assign(parseAll, { accepts: `${parse.accepts}, or several with commas between them` });
}

/** A word of its own meaning beside the values of a kind. */
export function wordOr<Word, Value>(
  word: string,
  meaning: Word,
  parse: ValueParser<Value>,
): ValueParser<Word | Value> {
  const parseEither = (text: string): Word | Value => (text.trim() === word ? meaning : parse(text));
  return Object.assign(parseEither, { accepts: `${parse.accepts}, or \`${word}\`` });
}
