/** Rows of one thread that follow each other. */
export declare function addThread(pid: i32, tid: i32, rows: i32): void;
