/** Amounts of a survey in words: what is counted, what is expected between which bounds, and what is not known. */
import type { Amount } from '../../survey/amount.js';
import { isExact } from '../../survey/amount.js';
import { GIB, KIB, MIB } from '../../vocabulary/units.js';
import { showBytes } from '../print/units.js';

/** `1.5 GiB`, `~340 (120–600) MiB`, `≤ 3 MiB`, `≥ 1 GiB`; `?` for what is not known, which is never 0. */
export function showAmount(amount: Amount | undefined, show: (value: number) => string = showBytes): string {
  if (amount === undefined) return '?';
  const { expected, low, high } = amount;
  if (isExact(amount)) return show(low);
  if (high === undefined) return low > 0 ? `≥ ${show(low)}` : '?';
  if (expected === undefined) return low > 0 ? `${show(low)}–${show(high)}` : `≤ ${show(high)}`;
  return show === showBytes
    ? showInterval(expected, low, high)
    : `~${show(expected)} (${show(low)}–${show(high)})`;
}

/** In one unit, which is that of the upper end. */
function showInterval(expected: number, low: number, high: number): string {
  const [unit, name] = high < MIB ? [KIB, 'KiB'] : high < GIB ? [MIB, 'MiB'] : [GIB, 'GiB'];
  const digits = high / unit < 10 ? 2 : high / unit < 100 ? 1 : 0;
  const inUnit = (bytes: number) => (bytes === 0 ? '0' : (bytes / unit).toFixed(digits));
  return `~${inUnit(expected)} (${inUnit(low)}–${inUnit(high)}) ${name}`;
}

/** The same without the bounds of what is expected, where there is little room: `~340 MiB`. */
export function showBriefly(amount: Amount | undefined): string {
  const isExpected = amount?.expected !== undefined && amount.high !== undefined && !isExact(amount);
  return isExpected ? `~${showBytes(amount.expected ?? 0)}` : showAmount(amount);
}
