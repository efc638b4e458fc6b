/** Whole numbers as bits, least significant first, as Parquet packs them. */
import type { ByteSink } from './byte-sink.js';

/** Largest width that one 32-bit accumulator can take beside seven bits left over. */
const NARROW = 24;

/** Bits that the largest of the values takes. */
export function bitWidth(largest: number): number {
  return largest === 0
    ? 0
    : largest < 2 ** 31
      ? 32 - Math.clz32(largest)
      : Math.floor(Math.log2(largest)) + 1;
}

/** Packs values[from, to), of which there are a multiple of eight after filling up with zeroes to `count`. */
export function packBits(
  values: Float64Array | Uint32Array,
  from: number,
  to: number,
  count: number,
  width: number,
  out: ByteSink,
): void {
  if (width === 0) return;
  let pending = 0;
  let used = 0;
  for (let i = from; i < from + count; i++) {
    let value = i < to ? values[i] : 0;
    let left = width;
    // Wide values go in slices that fit beside what is pending.
    while (left > 0) {
      const bits = Math.min(left, NARROW);
      const slice = left <= NARROW && value < 2 ** NARROW ? value : value % 2 ** bits;
      pending |= slice << used;
      used += bits;
      left -= bits;
      if (left > 0) value = Math.floor(value / 2 ** bits);
      for (; used >= 8; used -= 8) {
        out.byte(pending & 255);
        pending >>>= 8;
      }
    }
  }
  if (used > 0) out.byte(pending & 255);
}
