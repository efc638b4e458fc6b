/**
 * Powers that are the same on every machine and every version of the language's engine. Math.pow may differ in its
 * last bit between engines; here only additions, multiplications and divisions are used, which IEEE 754 fixes.
 */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const { SQRT2 } = Math;

const view = new DataView(new ArrayBuffer(8));

/** base ** exponent for a positive base, within a few units of the last place. */
export function power(base: number, exponent: number): number {
  return exponential(exponent * logarithm(base));
}

/** Natural logarithm of a positive normal number: 2 atanh((m − 1) / (m + 1)) + e ln 2, m between √½ and √2. */
export function logarithm(value: number): number {
  view.setFloat64(0, value);
  const high = view.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  view.setUint32(0, (high & 0xfffff) | 0x3ff00000);
  let mantissa = view.getFloat64(0);
  if (mantissa > SQRT2) {
    mantissa /= 2;
    exponent++;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let series = 0;
  for (let term = 25; term >= 1; term -= 2) series = series * square + 1 / term;
  return exponent * LN2_HIGH + (2 * s * series + exponent * LN2_LOW);
}

/** e ** value for values whose result is a normal number. */
export function exponential(value: number): number {
  const halvings = Math.round(value / (LN2_HIGH + LN2_LOW));
  const rest = value - halvings * LN2_HIGH - halvings * LN2_LOW;
  let series = 1;
  for (let term = 18; term >= 1; term--) series = 1 + (rest / term) * series;
  view.setUint32(0, (halvings + 1023) << 20);
  view.setUint32(4, 0);
  return series * view.getFloat64(0);
}
