/** The estimator that claims replaced (decision 0002), kept to be measured beside them. */
const LOG_ALPHA = Math.log(0.025);
const Z = 1.959964;

export interface Before {
  readonly low: number;
  readonly high: number;
  readonly density: 'sparse' | 'dense' | 'unknown';
}

export function before(counts: Uint16Array, samples: number): Before {
  const pages = counts.length;
  let touched = 0;
  let once = 0;
  let twice = 0;
  for (const count of counts) {
    if (count > 0) touched++;
    if (count === 1) once++;
    if (count === 2) twice++;
  }
  const high =
    Math.max(uniformBound(samples, touched, pages), heterogeneousBound(once, twice, touched, pages)) / pages;
  const low = touched / pages;
  const covered = Math.max(0, 1 - once / samples);
  const surely = covered - (Z * Math.sqrt((1 - covered) * samples)) / samples;
  const isSparse = high < 0.1 && surely >= 0.9;
  return { low, high, density: isSparse ? 'sparse' : low > 0.9 ? 'dense' : 'unknown' };
}

function uniformBound(samples: number, touched: number, pages: number): number {
  let low = touched;
  let high = pages;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    const chance = logChoose(middle, touched) + samples * Math.log(touched / middle);
    if (chance >= LOG_ALPHA) low = middle;
    else high = middle - 1;
  }
  return low;
}

function heterogeneousBound(once: number, twice: number, touched: number, pages: number): number {
  const unseen = Math.max(
    logNormalLimit(once, twice),
    unseenPages((Math.sqrt(once + 1) + Z / 2) ** 2, twice),
  );
  return Math.min(pages, Math.ceil(touched + unseen));
}

function unseenPages(once: number, twice: number): number {
  return (once * (once - 1)) / (2 * (twice + 1));
}

function logNormalLimit(once: number, twice: number): number {
  const unseen = unseenPages(once, twice);
  if (unseen === 0) return once;
  const variance =
    unseen +
    (once * (2 * once - 1) ** 2) / (4 * (twice + 1) ** 2) +
    (once ** 2 * twice * (once - 1) ** 2) / (4 * (twice + 1) ** 4);
  return unseen * Math.exp(Z * Math.sqrt(Math.log(1 + variance / unseen ** 2)));
}

const LOG_FACTORIALS: number[] = [0, 0];

function logChoose(n: number, k: number): number {
  for (let next = LOG_FACTORIALS.length; next <= n; next++) {
    LOG_FACTORIALS.push(LOG_FACTORIALS[next - 1] + Math.log(next));
  }
  return LOG_FACTORIALS[n] - LOG_FACTORIALS[k] - LOG_FACTORIALS[n - k];
}
