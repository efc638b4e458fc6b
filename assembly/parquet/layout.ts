/** Values to be encoded, which the host copies to these addresses, and the bytes that come of them. */
export const CAPACITY: i32 = 65536;
/** As doubles for differences, as u32 for indices. */
export const VALUES: usize = 4096;
/** Differences of the block at hand, 128 × u64. */
export const DELTAS: usize = VALUES + 8 * <usize>CAPACITY;
/** Enough for values of 64 bits and the heads of their blocks. */
export const OUT: usize = DELTAS + 8 * 128;
export const END: usize = OUT + 9 * <usize>CAPACITY + 1024;
