/** Counts of durations in nanoseconds, 32 steps to each power of two (3 %), up to 4.29 s. */
const STEP_BITS = 5;
const STEPS = 2 ** STEP_BITS;
const LONGEST = 0xffffffff;
export const GAP_BINS = (32 - STEP_BITS + 1) * STEPS;

export class GapHistogram {
  readonly bins: Float64Array;

  constructor(bins: Float64Array = new Float64Array(GAP_BINS)) {
    this.bins = bins;
  }

  record(nanoseconds: number): void {
    this.bins[binOf(nanoseconds)]++;
  }

  add(other: GapHistogram): void {
    for (let bin = 0; bin < GAP_BINS; bin++) this.bins[bin] += other.bins[bin];
  }

  /** The duration that this share of all records does not exceed; 0 when there are none. */
  quantile(share: number): number {
    let total = 0;
    for (const count of this.bins) total += count;
    let left = share * total;
    for (let bin = 0; bin < GAP_BINS; bin++) {
      left -= this.bins[bin];
      if (this.bins[bin] > 0 && left <= 0) return longestOf(bin);
    }
    return 0;
  }
}

function binOf(nanoseconds: number): number {
  const value = nanoseconds < LONGEST ? nanoseconds >>> 0 : LONGEST;
  if (value < STEPS) return value;
  const exponent = 31 - Math.clz32(value);
  return (exponent - STEP_BITS + 1) * STEPS + ((value >>> (exponent - STEP_BITS)) & (STEPS - 1));
}

/** Longest duration that falls into a bin. */
function longestOf(bin: number): number {
  if (bin < STEPS) return bin;
  const exponent = Math.floor(bin / STEPS) + STEP_BITS - 1;
  return (STEPS + (bin % STEPS) + 1) * 2 ** (exponent - STEP_BITS) - 1;
}
