/** What the loop asks the host for when it meets something for the first time. */

/** Number of the event that an id belongs to, −1 for none. */
export declare function eventOf(low: u32, high: u32): i32;
/** 1 when samples of the process are wanted. */
export declare function isWanted(pid: i32): i32;
/** SAMPLE_KIND of a perf_mem_data_src, and its SAMPLE_FLAG bits from bit 8 on. */
export declare function meaningOfSource(low: u32, high: u32): i32;
/** Process of a thread, −1 when it was never named. */
export declare function processOf(tid: i32): i32;
/**
 * Goes to the thread that ran at a time (nanoseconds after the origin): 0 when none is known; else 1, and
 * `setGuess` has been called with it.
 */
export declare function seekThread(time: f64): i32;
