/** Columns of a row group, which the host fills or has filled, and the bytes that come of them. */
export const CAPACITY: i32 = 65536;
const ROWS: usize = <usize>CAPACITY;

/** What all rows of a block have: the host fills these. Words of 32 bits. */
export const PIDS: usize = 4096;
export const COMMANDS: usize = PIDS + 4 * ROWS;
export const MAPPINGS: usize = COMMANDS + 4 * ROWS;
/** Byte addresses of 64 bits. */
export const BLOCKS: usize = MAPPINGS + 4 * ROWS;

/** What the loop of rows.ts fills: words of 32 bits, and 64 bits for addresses and accesses (doubles). */
export const SUB_PAGES: usize = BLOCKS + 8 * ROWS;
export const SAMPLES: usize = SUB_PAGES + 4 * ROWS;
export const TLB_MISSES: usize = SAMPLES + 4 * ROWS;
export const TIMES: usize = TLB_MISSES + 4 * ROWS;
export const ADDRESSES: usize = TIMES + 4 * ROWS;
export const ACCESSES: usize = ADDRESSES + 8 * ROWS;
/** Indices of the accesses into the dictionary. */
export const ACCESS_INDICES: usize = ACCESSES + 8 * ROWS;

/** Counters of the pages at hand, slice by slice, u16; and those of the samples that missed the TLB. */
export const COUNTS: usize = ACCESS_INDICES + 4 * ROWS;
export const MISSES: usize = COUNTS + 2 * ROWS;
/**
 * Of each slice: accesses a sample stands for (f64), index of its time or −1 (u32), what a full counter lost (u32), and of the
 * last row its count (u32, 0: none yet) and the index of its accesses (u32).
 */
export const SLICES: usize = MISSES + 2 * ROWS;
export const SLICE_BYTES: usize = 24;
export const MOST_SLICES: i32 = 256;

/** Dictionary of accesses: values, then index + 1 of the entry in each place, u16. */
export const MOST_VALUES: i32 = 4096;
export const VALUES: usize = SLICES + SLICE_BYTES * <usize>MOST_SLICES;
export const PLACES: usize = VALUES + 8 * <usize>MOST_VALUES;
export const PLACE_COUNT: i32 = 2 * MOST_VALUES;

/** Differences of the block at hand, 128 × u64. */
export const DELTAS: usize = PLACES + 2 * <usize>PLACE_COUNT;
/** Enough for values of 64 bits and the heads of their blocks. */
export const OUT: usize = DELTAS + 8 * 128;
export const END: usize = OUT + 9 * ROWS + 1024;
