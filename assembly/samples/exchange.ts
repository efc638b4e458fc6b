/** Numbers that a call leaves for the host, which reads them from memory: cheaper than further calls. */
import { EXCHANGE } from './layout';

/** Rows of the batch in use. */
export const ROWS: usize = EXCHANGE;
/** SAMPLE records taken by this call, whether they made a row or not. */
export const SEEN: usize = EXCHANGE + 4;
/** Of them, those of processes that are not wanted. */
export const OTHER_PROCESS: usize = EXCHANGE + 8;
/** 1 when this call has set the time origin, which then stands in the next two words. */
export const ORIGIN_IS_SET: usize = EXCHANGE + 12;
export const ORIGIN: usize = EXCHANGE + 16;
/** Whole SPE records taken by this call, and those of the load/store class among them. */
export const RECORDS: usize = EXCHANGE + 24;
export const MEMORY_RECORDS: usize = EXCHANGE + 28;
/** SPE records whose thread is a guess, those without any, and those with a time that cannot be converted. */
export const GUESSED: usize = EXCHANGE + 32;
export const UNKNOWN_THREAD: usize = EXCHANGE + 36;
export const UNCONVERTED: usize = EXCHANGE + 40;
/** The queue's thread and last context after the call. */
export const QUEUE_TID: usize = EXCHANGE + 44;
export const QUEUE_PID: usize = EXCHANGE + 48;
export const QUEUE_IS_NAMED: usize = EXCHANGE + 52;
export const QUEUE_CONTEXT: usize = EXCHANGE + 56;
