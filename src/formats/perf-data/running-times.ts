/**
 * For which share of a recording its events did count: the kernel throttles an event that interrupts too often, and takes
 * turns when there are more events than counters (time_running stays behind time_enabled).
 */
import type { Fraction, Nanoseconds } from '../../vocabulary/units.js';

/** Ids that are followed; more are of a damaged file. */
const MOST_EVENTS = 1 << 16;

/** For how long a counter was wanted, and did count. */
export interface Times {
  enabled: Nanoseconds;
  running: Nanoseconds;
}

/** Sums the time that events were throttled or multiplexed away, for the share that was not seen. */
export class RunningTimes {
  /** Times at which events were throttled that have not been let go since, by id. */
  readonly #held = new Map<number, Nanoseconds>();
  /** Events that were throttled at least once. */
  readonly #throttled = new Set<number>();
  #heldNs = 0;
  readonly #enabled = new Map<number, Nanoseconds>();
  readonly #running = new Map<number, Nanoseconds>();
  /** The event of each id. */
  readonly #eventOf = new Map<number, number>();
  /** What threads that ended came to, by event. */
  readonly #ended = new Map<number, Times>();

  throttle(id: number, time: Nanoseconds): void {
    if (this.#throttled.size >= MOST_EVENTS) return;
    this.#throttled.add(id);
    if (!this.#held.has(id)) this.#held.set(id, time);
  }

  unthrottle(id: number, time: Nanoseconds): void {
    const since = this.#held.get(id);
    if (since === undefined) return;
    this.#held.delete(id);
    this.#heldNs += Math.max(0, time - since);
  }

  /** What a thread's counter of an event came to when the thread ended. */
  threadEnded(event: number, enabled: Nanoseconds, running: Nanoseconds): void {
    const sum = this.#ended.get(event) ?? { enabled: 0, running: 0 };
    sum.enabled += enabled;
    sum.running += Math.min(enabled, running);
    this.#ended.set(event, sum);
  }

  /** What an event says of itself: both times grow, so that the last word is the one that counts. */
  counted(event: number, id: number, { enabled, running }: Times): void {
    const known = this.#enabled.get(id);
    if (enabled < (known ?? 0) || (known === undefined && this.#enabled.size >= MOST_EVENTS)) return;
    this.#enabled.set(id, enabled);
    this.#running.set(id, running);
    this.#eventOf.set(id, event);
  }

  /**
   * Share of the time in which events did not count, of a recording from `first` to `last`: of the event that counted
   * least of those that `matters` says.
   */
  idleShare(
    first: Nanoseconds,
    last: Nanoseconds,
    matters: (event: number) => boolean = () => true,
  ): Fraction {
    return 1 - (1 - this.#throttledShare(first, last)) * (1 - this.#multiplexedShare(matters));
  }

  #throttledShare(first: Nanoseconds, last: Nanoseconds): Fraction {
    const span = last - first;
    if (!(span > 0) || this.#throttled.size === 0) return 0;
    let held = this.#heldNs;
    for (const since of this.#held.values()) held += Math.max(0, last - since);
    return Math.min(1, held / (span * this.#throttled.size));
  }

  #multiplexedShare(matters: (event: number) => boolean): Fraction {
    const sums = new Map<number, Times>();
    for (const [event, times] of this.#ended) sums.set(event, { ...times });
    for (const [id, enabled] of this.#enabled) {
      const event = this.#eventOf.get(id) ?? 0;
      const sum = sums.get(event) ?? { enabled: 0, running: 0 };
      sum.enabled += enabled;
      sum.running += Math.min(enabled, this.#running.get(id) ?? enabled);
      sums.set(event, sum);
    }
    let most = 0;
    for (const [event, { enabled, running }] of sums)
      if (enabled > 0 && matters(event)) most = Math.max(most, 1 - running / enabled);
    return most;
  }
}
