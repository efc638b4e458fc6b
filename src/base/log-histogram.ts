/** Sub-buckets of each power of two: values are told apart to 1/32, that is within 3.2 %. */
const SUB_BITS = 5;
const SUB = 2 ** SUB_BITS;
/** Powers of two above the linear part; with 5 bits below that is up to 2^53. */
const POWERS = 48;

/**
 * Counts of non-negative numbers in buckets that grow with the value, as HdrHistogram keeps them: whole numbers below
 * 64 exactly, others within 1/32. Memory is 12 KiB whatever is recorded.
 */
export class LogHistogram {
  readonly #counts = new Float64Array((POWERS + 1) * SUB);
  #total = 0;
  #most = 0;

  get total(): number {
    return this.#total;
  }

  /** The largest value recorded, exactly. */
  get most(): number {
    return this.#most;
  }

  record(value: number, count = 1): void {
    if (count <= 0) return;
    this.#counts[bucketOf(value)] += count;
    this.#total += count;
    if (value > this.#most) this.#most = value;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
    this.#most = 0;
  }

  /** Smallest value that is not exceeded by `share` of what was recorded, as the top of its bucket; 0 of nothing. */
  quantile(share: number): number {
    const wanted = share * this.#total;
    let sum = 0;
    // The last bucket holds everything beyond, of which only the largest is known.
    for (let bucket = 0; bucket < this.#counts.length - 1; bucket++) {
      sum += this.#counts[bucket];
      if (sum > 0 && sum >= wanted) return Math.min(this.#most, topOf(bucket));
    }
    return this.#most;
  }
}

function bucketOf(value: number): number {
  const whole = Math.floor(value);
  if (whole < SUB) return whole;
  const power = Math.min(highestBit(whole) - SUB_BITS, POWERS - 1);
  const sub = Math.min(SUB - 1, Math.floor(whole / 2 ** power) - SUB);
  return (power + 1) * SUB + sub;
}

/** Place of the highest bit of a whole number; without logarithms, which differ in the last place between engines. */
function highestBit(whole: number): number {
  let high = whole;
  let bits = 0;
  for (; high >= 2 ** 32; bits += 32) high = Math.floor(high / 2 ** 32);
  return bits + 31 - Math.clz32(high);
}

/** The largest whole number of a bucket. */
function topOf(bucket: number): number {
  if (bucket < SUB) return bucket;
  const power = Math.floor(bucket / SUB) - 1;
  return (SUB + (bucket % SUB) + 1) * 2 ** power - 1;
}
