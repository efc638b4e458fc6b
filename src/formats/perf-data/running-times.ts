/**
 * For which share of a recording its events did count: the kernel throttles an event that interrupts too often, and takes
 * turns when there are more events than counters (time_running stays behind time_enabled).
 */
import type { Fraction, Nanoseconds } from '../../vocabulary/units.js';

/** Ids that are followed; more are of a damaged file. */
const MOST_EVENTS = 1 << 16;

export class RunningTimes {
  /** Times at which events were throttled that have not been let go since, by id. */
  private readonly held = new Map<number, Nanoseconds>();
  /** Events that were throttled at least once. */
  private readonly throttled = new Set<number>();
  private heldNs = 0;
  private endedEnabled = 0;
  private endedRunning = 0;
  private readonly enabled = new Map<number, Nanoseconds>();
  private readonly running = new Map<number, Nanoseconds>();

  throttle(id: number, time: Nanoseconds): void {
    if (this.throttled.size >= MOST_EVENTS) return;
    this.throttled.add(id);
    if (!this.held.has(id)) this.held.set(id, time);
  }

  unthrottle(id: number, time: Nanoseconds): void {
    const since = this.held.get(id);
    if (since === undefined) return;
    this.held.delete(id);
    this.heldNs += Math.max(0, time - since);
  }

  /** What a thread's counter came to when the thread ended. */
  ended(enabled: Nanoseconds, running: Nanoseconds): void {
    this.endedEnabled += enabled;
    this.endedRunning += Math.min(enabled, running);
  }

  /** What an event says of itself: both times grow, so that the last word is the one that counts. */
  counted(id: number, enabled: Nanoseconds, running: Nanoseconds): void {
    const known = this.enabled.get(id);
    if (enabled < (known ?? 0) || (known === undefined && this.enabled.size >= MOST_EVENTS)) return;
    this.enabled.set(id, enabled);
    this.running.set(id, running);
  }

  /** Share of the time in which events did not count, of a recording from `first` to `last`. */
  idleShare(first: Nanoseconds, last: Nanoseconds): Fraction {
    return 1 - (1 - this.throttledShare(first, last)) * (1 - this.multiplexedShare());
  }

  private throttledShare(first: Nanoseconds, last: Nanoseconds): Fraction {
    const span = last - first;
    if (!(span > 0) || this.throttled.size === 0) return 0;
    let held = this.heldNs;
    for (const since of this.held.values()) held += Math.max(0, last - since);
    return Math.min(1, held / (span * this.throttled.size));
  }

  private multiplexedShare(): Fraction {
    let enabled = this.endedEnabled;
    let running = this.endedRunning;
    for (const [id, time] of this.enabled) {
      enabled += time;
      running += Math.min(time, this.running.get(id) ?? time);
    }
    return enabled === 0 ? 0 : 1 - running / enabled;
  }
}
