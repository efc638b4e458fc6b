/** Quantiles of Gammas of mean 1, by Wilson and Hilferty: within 1 % from shape 1, and on the safe side of wide below it. */

/** The quantile at `z` standard deviations of the normal distribution. */
export function meanOneQuantile(shape: number, z: number): number {
  const root = 1 - 1 / (9 * shape) + z / (3 * Math.sqrt(shape));
  return Math.max(0, root) ** 3;
}

const HALF_WIDTH = 3;
const POINTS = 25;

/** Points of the normal distribution and what each weighs; the weights sum to 1. */
export const NORMAL_POINTS: readonly { readonly z: number; readonly weight: number }[] = (() => {
  const points = Array.from({ length: POINTS }, (_, index) => {
    const z = HALF_WIDTH * ((2 * index) / (POINTS - 1) - 1);
    return { z, weight: Math.exp((-z * z) / 2) };
  });
  const sum = points.reduce((all, { weight }) => all + weight, 0);
  return points.map(({ z, weight }) => ({ z, weight: weight / sum }));
})();

/**
 * Probability that `difference`, a function of z, is below 0: the weight of the points at which it is, with that of a point
 * next to a change of sign taken by half-ways.
 */
export function chanceBelowZero(difference: (z: number) => number): number {
  let chance = 0;
  let before = Number.NaN;
  let weightBefore = 0;
  for (const { z, weight } of NORMAL_POINTS) {
    const now = difference(z);
    if (now < 0) chance += weight;
    if (now < 0 !== before < 0 && Number.isFinite(before)) {
      const share = Math.abs(now) / (Math.abs(now) + Math.abs(before));
      // Of the way between both points, the share on the negative side: each has counted as half of it.
      const way = (weight + weightBefore) / 2;
      chance += now < 0 ? way * (share - 0.5) : way * (0.5 - share);
    }
    [before, weightBefore] = [now, weight];
  }
  return Math.min(1, Math.max(0, chance));
}
