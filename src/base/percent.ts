/** Shares in print. A bound is rounded to the side on which it still holds: nothing is "at least 100.0 %" by rounding. */

/** To the nearest tenth: `9.3 %`. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

/** Rounded down, for "at least". */
export function percentDown(share: number): string {
  return percent(Math.floor(share * 1000 + SLACK) / 1000);
}

/** Rounded up, for "at most". */
export function percentUp(share: number): string {
  return percent(Math.ceil(share * 1000 - SLACK) / 1000);
}

/** So that 0.9 does not become 89.9 % because binary has no tenth. */
const SLACK = 1e-9;
