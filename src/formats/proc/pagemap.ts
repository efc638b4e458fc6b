/**
 * Bits of a /proc/PID/pagemap entry (Documentation/admin-guide/mm/pagemap.rst), as masks of the high 32-bit word
 * of the little-endian u64, so that hot loops never build a BigInt.
 */
export const PAGEMAP_HIGH = {
  /** Bits 32–54 of the frame number. */
  frame: 0x007f_ffff,
  softDirty: 1 << 23,
  exclusive: 1 << 24,
  guard: 1 << 26,
  file: 1 << 29,
  swapped: 1 << 30,
  present: 1 << 31,
} as const;

/** Bytes of an entry: the entry of page n begins at byte 8 n. */
export const PAGEMAP_ENTRY_BYTES = 8;

/** Frame number of an entry, 0 when the reader may not see frames. */
export function frameOf(low: number, high: number): number {
  return (high & PAGEMAP_HIGH.frame) * 0x1_0000_0000 + (low >>> 0);
}
