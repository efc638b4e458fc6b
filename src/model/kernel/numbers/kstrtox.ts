/**
 * How the kernel reads what is written into a sysfs file (lib/kstrtox.c, lib/string_helpers.c sysfs_streq()).
 * Values are exact 64-bit integers; a refusal is the name of the errno.
 */
import { failure, type Result, success } from '../../../base/result.js';
import type { ErrnoName } from '../../../vocabulary/errno.js';

/** A value, or the errno of the write. */
export type Parsed<Value> = Result<Value, ErrnoName>;

const UNSIGNED_MOST = (1n << 64n) - 1n;

/** kstrtoul(): an unsigned 64-bit integer with automatic base. EINVAL for bad text, ERANGE for overflow. */
export function parseUnsignedLong(text: string): Parsed<bigint> {
  return parseDigits(text.startsWith('+') ? text.slice(1) : text);
}

/** kstrtouint(): the same, up to 2^32 − 1. */
export function parseUnsignedInt(text: string): Parsed<bigint> {
  return inRange(parseUnsignedLong(text), 0n, 0xffff_ffffn);
}

/** kstrtoint(): a signed 32-bit integer with automatic base. */
export function parseInt32(text: string): Parsed<bigint> {
  if (!text.startsWith('-')) return inRange(parseUnsignedLong(text), 0n, 0x7fff_ffffn);
  const magnitude = parseDigits(text.slice(1));
  if (!magnitude.ok) return magnitude;
  return inRange(success(-magnitude.value), -0x8000_0000n, 0n);
}

/** kstrtobool(): decided by the first character, by two for `on` and `off`. `e` and `d` since 6.13. */
export function parseBoolean(text: string, acceptsEnable: boolean): Parsed<boolean> {
  const first = text.charAt(0).toLowerCase();
  if (first === 'y' || first === 't' || first === '1') return success(true);
  if (first === 'n' || first === 'f' || first === '0') return success(false);
  if (first === 'o') return parseOnOff(text);
  if (acceptsEnable && first === 'e') return success(true);
  if (acceptsEnable && first === 'd') return success(false);
  return failure('EINVAL');
}

/** sysfs_streq() against a list: exact, case-sensitive, one trailing newline forgiven. */
export function parseKeyword(text: string, keywords: readonly string[]): Parsed<string> {
  const word = text.endsWith('\n') ? text.slice(0, -1) : text;
  return keywords.includes(word) ? success(word) : failure('EINVAL');
}

function parseOnOff(text: string): Parsed<boolean> {
  const second = text.charAt(1).toLowerCase();
  if (second === 'n') return success(true);
  if (second === 'f') return success(false);
  return failure('EINVAL');
}

/** Overflow is found while digits are read, so it wins over garbage behind them. */
function parseDigits(text: string): Parsed<bigint> {
  const base = baseOf(text);
  const digits = leadingDigits(base === 16 ? text.slice(2) : text, base);
  if (digits === '') return failure('EINVAL');
  const value = toInteger(digits, base);
  if (value > UNSIGNED_MOST) return failure('ERANGE');
  const rest = text.slice((base === 16 ? 2 : 0) + digits.length);
  return rest === '' || rest === '\n' ? success(value) : failure('EINVAL');
}

function baseOf(text: string): 8 | 10 | 16 {
  if (!text.startsWith('0')) return 10;
  return /^0x[0-9a-f]/i.test(text) ? 16 : 8;
}

const DIGITS = { 8: /^[0-7]*/, 10: /^[0-9]*/, 16: /^[0-9a-f]*/i } as const;

function leadingDigits(text: string, base: 8 | 10 | 16): string {
  return DIGITS[base].exec(text)?.[0] ?? '';
}

const PREFIX = { 8: '0o', 10: '', 16: '0x' } as const;

/** More digits than a 64-bit number can have significant ones are an overflow, whatever they are. */
function toInteger(digits: string, base: 8 | 10 | 16): bigint {
  const significant = digits.replace(/^0+/, '');
  if (significant.length > 22) return UNSIGNED_MOST + 1n;
  return significant === '' ? 0n : BigInt(PREFIX[base] + significant);
}

function inRange(parsed: Parsed<bigint>, least: bigint, most: bigint): Parsed<bigint> {
  if (!parsed.ok) return parsed;
  return parsed.value < least || parsed.value > most ? failure('ERANGE') : parsed;
}
