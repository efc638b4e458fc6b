/** From a sample drawn without putting back to the whole. Pure. */

const Z = 1.96;

/**
 * Wilson's interval for a share, at 95 %, with the correction for a finite population: who looked at all of them
 * knows. `hits` of `trials` looked at, out of `of`.
 */
export function shareInterval(
  hits: number,
  trials: number,
  of: number,
): readonly [low: number, high: number] {
  const left = of > 1 ? Math.max(0, of - trials) / (of - 1) : 0;
  const z2 = Z ** 2 * left;
  const share = hits / trials;
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const variance = (share * (1 - share)) / trials + z2 / (4 * trials ** 2);
  const half = (Math.sqrt(z2) * Math.sqrt(variance)) / (1 + z2 / trials);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
