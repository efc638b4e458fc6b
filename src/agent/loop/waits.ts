/** How the agent waits: its duties are done when they fall due meanwhile, and the loop can be woken. */
import type { Clock } from '../../host/host.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { Duties, type Duty } from './duties.js';

/** The longest that the loop waits in one go. */
export const LONGEST_WAIT: Milliseconds = 1000;

/** Waits of the loop and of turns, by the monotonic clock. */
export class Waits {
  readonly #clock: Clock;
  readonly #duties = new Duties();
  #wake = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get nowMs(): Milliseconds {
    return this.#clock.monotonicNs() / 1e6;
  }

  addDuty(duty: Duty): void {
    this.#duties.add(duty);
  }

  /** Does the duties that are due. */
  tend(): void {
    this.#duties.tend(this.nowMs);
  }

  /** Ends a wait of the loop before its time. */
  interrupt(): void {
    this.#wake.abort();
    this.#wake = new AbortController();
  }

  /** A wait of the loop: until a duty falls due, or it is interrupted, at the latest. */
  async pause(duration: Milliseconds): Promise<void> {
    const least = Math.min(duration, LONGEST_WAIT, this.#duties.nextMs - this.nowMs);
    if (least > 0) await this.#clock.sleep(least, this.#wake.signal);
  }

  /** Waits as long as a turn wants to, with the duties that fall due meanwhile. */
  async sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void> {
    const endMs = this.nowMs + duration;
    while (signal?.aborted !== true) {
      const leftMs = endMs - this.nowMs;
      const toDutyMs = Math.max(0, this.#duties.nextMs - this.nowMs);
      if (toDutyMs > leftMs) return this.#clock.sleep(Math.max(0, leftMs), signal);
      if (toDutyMs > 0) await this.#clock.sleep(toDutyMs, signal);
      this.tend();
    }
  }
}
