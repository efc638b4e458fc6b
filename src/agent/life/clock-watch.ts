/** Notices that the wall clock was set, or that the machine slept: it and the monotonic clock part. */
import type { Clock } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';

/** What time servers correct without a jump stays below this. */
const LEAST_JUMP: Milliseconds = 5000;

/** Compares both clocks of a host at each look, and returns how far the wall clock jumped since the last. */
export class ClockWatch {
  readonly #clock: Clock;
  /** Wall time less monotonic time at the last look. */
  #offsetMs: Milliseconds;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = this.#offset();
  }

  #offset(): Milliseconds {
    return this.#clock.wallMs() - this.#clock.monotonicNs() / 1e6;
  }

  /** How far the wall clock jumped since the last look, ahead or back; 0 when it did not. */
  look(): Milliseconds {
    const offset = this.#offset();
    const jump = offset - this.#offsetMs;
    this.#offsetMs = offset;
    return Math.abs(jump) < LEAST_JUMP ? 0 : jump;
  }
}
