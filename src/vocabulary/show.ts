/** Numbers in words people use, once for terminals, pages and reports. */
import { type Bytes, GIB, KIB, MIB, type Milliseconds, type Nanoseconds } from './units.js';

const TIB = 1024 * GIB;
/** What is not known, or does not exist. */
export const NOTHING = '–';

const BINARY_UNITS = [
  [TIB, 'TiB'],
  [GIB, 'GiB'],
  [MIB, 'MiB'],
  [KIB, 'KiB'],
] as const;

/** `12 KiB`, `3.5 MiB`, `1.25 GiB`; exact when whole. */
export function showBytes(bytes: Bytes): string {
  const size = Math.abs(bytes);
  if (size < KIB) return `${bytes} B`;
  const [unit, name] = BINARY_UNITS.find(([one]) => size >= one) ?? BINARY_UNITS[0];
  const value = bytes / unit;
  return `${Number.isInteger(value) ? value : value.toFixed(value < 10 ? 2 : 1)} ${name}`;
}

/** With a sign, for changes. */
export function showChange(bytes: Bytes): string {
  return bytes > 0 ? `+${showBytes(bytes)}` : bytes < 0 ? `−${showBytes(-bytes)}` : '0 B';
}

/** Returns a duration in µs, ms or s. */
export function showMicroseconds(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1e6).toFixed(2)} s`;
}

/** Returns a count with its noun: `1 block`, `2 blocks`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** Size of a folio of an order: `4 KiB`, `2 MiB`. */
export function showOrder(order: number, pageBytes: Bytes): string {
  return showBytes(pageBytes * 2 ** order);
}

/** Of memory with folios of several orders: `folios of 64 KiB`, `mixed folios, 23 KiB in the mean`. */
export function showMeanOrder(order: number, pageBytes: Bytes): string {
  const whole = Math.round(order);
  if (Math.abs(order - whole) < 0.03) return `folios of ${showOrder(whole, pageBytes)}`;
  return `mixed folios, ${showBytes(Math.round((pageBytes * 2 ** order) / 1024) * 1024)} in the mean`;
}

/** `840 ns`, `12 µs`, `3.4 ms`, `1.20 s`. */
export function showNanoseconds(ns: Nanoseconds): string {
  return ns < 1000 ? `${ns.toFixed(0)} ns` : showMicroseconds(ns / 1000);
}

/** How long something lasts, in the two largest units: `250 ms`, `12.50 s`, `5 min 30 s`, `7 d 4 h`. */
export function showDuration(ms: Milliseconds): string {
  if (ms === 0) return '0 s';
  if (ms < 1) return showMicroseconds(ms * 1000);
  if (ms < 1000) return `${Number(ms.toPrecision(3))} ms`;
  const seconds = ms / 1000;
  if (seconds < 120) return `${Number.isInteger(seconds) ? seconds : seconds.toFixed(2)} s`;
  const parts: readonly (readonly [length: number, name: string, below: number, belowName: string])[] = [
    [86_400, 'd', 3600, 'h'],
    [3600, 'h', 60, 'min'],
    [60, 'min', 1, 's'],
  ];
  const [length, name, below, belowName] =
    parts.find(([one, , ,], at) => seconds >= 2 * one || at === parts.length - 1) ?? parts[2];
  const whole = Math.floor(seconds / length);
  const rest = Math.floor((seconds - whole * length) / below);
  return rest === 0 ? `${whole} ${name}` : `${whole} ${name} ${rest} ${belowName}`;
}

/** Things a second, three digits that count: `820`, `31.5 k`, `2.04 M`, `1.20 G`; two below 10. */
export function showRate(perSecond: number): string {
  const unit = RATES.find(([least]) => perSecond >= least);
  if (unit === undefined) return String(Number(perSecond.toPrecision(perSecond < 10 ? 2 : 3)));
  const [size, letter] = unit;
  const value = perSecond / size;
  return `${value >= 999.5 ? value.toFixed(0) : value.toPrecision(3)}${letter}`;
}

const RATES = [
  [1e9, ' G'],
  [1e6, ' M'],
  [1e3, ' k'],
] as const;

/** A share of a whole: `9.3 %`; `–` of nothing. */
export function showPart(part: number, whole: number, digits = 1): string {
  return whole === 0 ? NOTHING : `${((100 * part) / whole).toFixed(digits)} %`;
}

/** Digits in groups of three: `1,234,567`. */
export function showCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A moment of the wall clock in UTC, to the second: `2026-11-30 16:20:05Z`. */
export function showInstant(ms: Milliseconds): string {
  return new Date(ms)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, 'Z');
}
