/** Columns of the rows to be counted, which the host copies to these addresses. */
export const CAPACITY: i32 = 8192;
const COLUMN: usize = <usize>CAPACITY;

export const VIRTUAL_PAGE: usize = 4096;
export const WEIGHT: usize = VIRTUAL_PAGE + 8 * COLUMN;
export const PID: usize = WEIGHT + 8 * COLUMN;
export const FLAGS: usize = PID + 4 * COLUMN;
/** How many samples a row stands for, where rows stand for several. */
export const TIMES: usize = FLAGS + 2 * COLUMN;
/** Processes met before: a u32 pid, then whether they are kept (0: not asked yet). */
export const PID_CACHE: usize = TIMES + 8 * COLUMN;
export const PID_CACHE_MASK: u32 = 1023;
/** Rows without a place, by reason, as words; UNPLACED of src/hotness/heat-table.ts has their order. */
export const UNPLACED: usize = PID_CACHE + 8 * 1024;
/** What the last `tally` found, as words: touched sub-pages, and those with one and with two samples. */
export const TALLY: usize = UNPLACED + 64;
/** The blocks begin here. */
export const FREE: usize = TALLY + 64;
