/** Columns of the rows to be summed, which the host copies to these addresses, and the sums. */
export const CAPACITY: i32 = 8192;
const COLUMN: usize = 4 * <usize>CAPACITY;

export const ADDRESS_LOW: usize = 4096;
export const ADDRESS_HIGH: usize = ADDRESS_LOW + COLUMN;
export const PHYSICAL_LOW: usize = ADDRESS_HIGH + COLUMN;
export const PHYSICAL_HIGH: usize = PHYSICAL_LOW + COLUMN;
export const PID: usize = PHYSICAL_HIGH + COLUMN;
export const TID: usize = PID + COLUMN;
/** 64-bit words: sum and xor of the addresses, then the counts, in the order of SUMS in tally-loop.ts. */
export const SUMS: usize = TID + COLUMN;
export const FREE: usize = SUMS + 64;
