/** Means over seeds with their intervals. Seeds are independent runs, so Student's t holds for their mean. */

import { exponential, logarithm } from '../base/power.js';

/** A mean with its 95 % interval; null ends where there is only one seed. */
export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** 97.5 % points of Student's t by degrees of freedom, from 1; the normal's beyond. */
const T_POINTS = [
  12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042,
];
const NORMAL = 1.96;

/** Undefined without values. */
export function meanOf(values: readonly number[]): Estimate | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const value = values.reduce((sum, one) => sum + one, 0) / count;
  if (count === 1) return { value, low: null, high: null };
  const squares = values.reduce((sum, one) => sum + (one - value) ** 2, 0);
  const half = (T_POINTS[count - 2] ?? NORMAL) * Math.sqrt(squares / (count - 1) / count);
  return { value, low: value - half, high: value + half };
}

/** The same of logarithms: geometric mean, and its interval as factors. Values must be positive. */
export function geometricMeanOf(values: readonly number[]): Estimate | undefined {
  const mean = meanOf(values.map(logarithm));
  if (mean === undefined) return undefined;
  const back = (log: number | null) => (log === null ? null : exponential(log));
  return { value: exponential(mean.value), low: back(mean.low), high: back(mean.high) };
}
