/**
 * How kernels before damon_call() answered a command: its writer looks every 100 ms whether the thread has taken it,
 * without holding the tree's lock meanwhile, and says success whatever came of it (damon_sysfs_handle_cmd()).
 */
import { type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { Nanoseconds } from '../../../../vocabulary/units.js';
import type { Pending } from './kdamond-calls.js';

const POLL_NS: Nanoseconds = 100e6;

/** The answer to a command of such a kernel, found at the next look. */
export class PolledAnswer implements Pending {
  readonly #began: Nanoseconds;
  readonly #now: () => Nanoseconds;
  /** True when the thread has taken the command, or is gone. */
  readonly #isOver: () => boolean;
  #overAt: Nanoseconds | undefined;

  constructor(now: () => Nanoseconds, isOver: () => boolean) {
    this.#now = now;
    this.#isOver = isOver;
    this.#began = now();
  }

  get answer(): Result<void, ErrnoName> | undefined {
    return this.nextPoll() <= this.#now() ? success(undefined) : undefined;
  }

  /** When the writer sees that the command is over; Infinity while it is not. */
  nextPoll(): Nanoseconds {
    if (this.#overAt === undefined && this.#isOver()) this.#overAt = this.#now();
    if (this.#overAt === undefined) return Number.POSITIVE_INFINITY;
    return this.#began + Math.max(1, Math.ceil((this.#overAt - this.#began) / POLL_NS)) * POLL_NS;
  }
}
