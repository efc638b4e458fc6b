/**
 * Counts in 16 bits: five bits of exponent and eleven of mantissa, without a sign. From 2^-10 to 2^21 each is kept to one part
 * in 4096; less is 0, and more is 2^21.
 */
const SHIFT = 12;
/** Exponent of the smallest value but 0 (2^-10, biased by 127), so that its code is 2048. */
const LOWEST = (127 - 11) << (23 - SHIFT);
const MOST_CODE = 0xffff;

const value = new Float32Array(1);
const word = new Uint32Array(value.buffer);

/** Returns the 16-bit code nearest to a count, which must not be negative. */
export function toSmallFloat(count: number): number {
  value[0] = count;
  const code = ((word[0] + (1 << (SHIFT - 1))) >>> SHIFT) - LOWEST;
  return code < 1 << (23 - SHIFT) ? 0 : Math.min(code, MOST_CODE);
}

/** Returns the count that a code of `toSmallFloat` stands for. */
export function fromSmallFloat(code: number): number {
  if (code === 0) return 0;
  word[0] = (code + LOWEST) << SHIFT;
  return value[0];
}
