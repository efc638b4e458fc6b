import type { Nanoseconds } from '../../vocabulary/units.js';

/** A quantity over time: its mean, weighted by how long it was what it was, and its peak. */
export class OverTime {
  #since: Nanoseconds;
  #at: Nanoseconds;
  #value = 0;
  #integral = 0;
  #peak = 0;

  constructor(now: Nanoseconds) {
    this.#since = now;
    this.#at = now;
  }

  /** From now on it is `value`. */
  note(now: Nanoseconds, value: number): void {
    if (now > this.#at) {
      this.#integral += this.#value * (now - this.#at);
      this.#at = now;
    }
    this.#value = value;
    if (value > this.#peak) this.#peak = value;
  }

  /** Begins anew: the mean and the peak are of the time from now on. */
  restart(now: Nanoseconds): void {
    this.note(now, this.#value);
    this.#since = now;
    this.#integral = 0;
    this.#peak = this.#value;
  }

  get mean(): number {
    return this.#at > this.#since ? this.#integral / (this.#at - this.#since) : this.#value;
  }

  get peak(): number {
    return this.#peak;
  }
}
