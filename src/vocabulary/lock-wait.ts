/** What a process loses to an act beside the time for which the act holds its locks. */
import type { Proposal } from './plan.js';
import type { Microseconds } from './units.js';

/**
 * A collapse takes the mmap_lock several times, for reading and for writing. A writer that waits may be overtaken for
 * RWSEM_WAIT_TIMEOUT, 4 ms, before the lock is handed to it: 0.7 to 4 ms more than the call takes on quiet CPUs, more on
 * busy ones (decision 0631).
 */
const COLLAPSE_LATE_US: Microseconds = 4000;

/** How much longer than the act itself a waiting thread of the process is to be expected to wait, for each block. */
export function lateUs(action: Proposal['action']): Microseconds {
  return action === 'collapse' ? COLLAPSE_LATE_US : 0;
}
