/** Where the loop keeps what it knows, as addresses in its memory. The columns come next (batch.ts). */

/** Numbers that go back to the host after each call, as 32-bit words: the indexes are those of exchange.ts. */
export const EXCHANGE: usize = 64;
/** Ids of events met before: a u64 id, then the event's number + 1 (0: none); one place for each hash. */
export const ID_CACHE: usize = 4096;
export const ID_CACHE_BITS: u64 = 12;
/** Processes met before: a u32 pid, then whether its samples are wanted (0: not asked yet). */
export const PID_CACHE: usize = ID_CACHE + (16 << 12);
export const PID_CACHE_MASK: u32 = 1023;
/** Data sources met before: a u64 value, then what it means + 1 (0: not asked yet). */
export const SOURCE_CACHE: usize = PID_CACHE + (8 << 10);
export const SOURCE_CACHE_BITS: u64 = 8;
/** SAMPLE_FLAG bits of each cpumode, 8 × u8. */
export const MODE_FLAGS: usize = SOURCE_CACHE + (16 << 8);
/** SAMPLE_KIND of each payload of an SPE operation packet, 256 × u8. */
export const OPERATION_KINDS: usize = MODE_FLAGS + 64;
/** How often each SPE data source was seen with a load, 65,536 × u32 and one that is never read. */
export const SOURCE_COUNTS: usize = OPERATION_KINDS + 256;
/** SAMPLE_FLAG bits of each SPE data source of the CPU decoded for, 32 × u16. */
export const SOURCE_FLAGS: usize = SOURCE_COUNTS + (4 << 16) + 64;
/** A Plan for each event. */
export const PLANS: usize = SOURCE_FLAGS + 64;
export const MOST_PLANS: i32 = 4096;
export const TABLES_END: usize = PLANS + (64 << 12);
