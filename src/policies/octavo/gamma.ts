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

/** Probability that a Gamma of mean 1 is below `bound`. */
export function chanceBelow(shape: number, bound: number): number {
  if (bound <= 0) return 0;
  return normalBelow((Math.cbrt(bound) - 1 + 1 / (9 * shape)) * 3 * Math.sqrt(shape));
}

/** The normal distribution by Abramowitz and Stegun 26.2.17, to 1e-7. */
function normalBelow(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = (series * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  return z < 0 ? tail : 1 - tail;
}
