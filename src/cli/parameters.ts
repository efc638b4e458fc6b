/** The words of options: sizes, durations, shares and counts. */
import { GIB, KIB, MIB } from '../vocabulary/units.js';

/** `512M`, `4GiB`, `100000`. */
export function parseBytes(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(?:i?B)?|B)?$/i.exec(text);
  const units: Record<string, number> = { K: KIB, M: MIB, G: GIB, T: 1024 * GIB };
  if (!match) throw new SyntaxError(`\`${text}\` is no size; write 512M or 4GiB`);
  return Math.round(Number(match[1]) * (match[2] ? units[match[2].toUpperCase()] : 1));
}

/** `30s`, `500ms`, `2m`, `1h`, `90d`; a bare number is seconds. Milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  if (!match) throw new SyntaxError(`\`${text}\` is no duration; write 30s or 500ms`);
  return Number(match[1]) * units[match[2] ?? 's'];
}

const SHORTEST_PERIOD_MS = 100;

/** A duration after which something is done again: not so short that nothing else gets done. */
export function parsePeriod(text: string): number {
  const duration = parseDuration(text);
  if (duration < SHORTEST_PERIOD_MS) {
    throw new SyntaxError(`\`${text}\` is too short; write ${SHORTEST_PERIOD_MS}ms or more`);
  }
  return duration;
}

/** `0.1` or `10%`. */
export function parseFraction(text: string): number {
  const value = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new SyntaxError(`\`${text}\` is no share; write 0.1 or 10%`);
  return value;
}

/** `12.5` or `12.5%`: a percentage from 0 to 100. */
export function parsePercent(text: string): number {
  const match = /^(\d+(?:\.\d+)?)%?$/.exec(text);
  if (!match || Number(match[1]) > 100) throw new SyntaxError(`\`${text}\` is no percentage; write 0 to 100`);
  return Number(match[1]);
}

export function parseCount(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new SyntaxError(`\`${text}\` is no count`);
  return Number(text);
}

/** A share as it is printed and read. */
export const showShare = (value: number) => String(Math.round(value * 1000) / 1000);
