/** 1 when blocks of the process are kept; asked when it is met for the first time. */
export declare function keeps(pid: i32): i32;
