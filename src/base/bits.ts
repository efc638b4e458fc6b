const BITS_OF_BYTE = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte.toString(2).replaceAll('0', '').length,
);

/** Number of set bits in a bitmap. */
export function countBits(bitmap: Uint8Array): number {
  let bits = 0;
  for (let at = 0; at < bitmap.length; at++) bits += BITS_OF_BYTE[bitmap[at]];
  return bits;
}
