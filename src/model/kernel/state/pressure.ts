import type { Nanoseconds } from '../../../vocabulary/units.js';

/** Averages are brought up to date every two seconds (PSI_FREQ). */
const PERIOD_NS = 2e9;
const WINDOWS = [10, 60, 300];

/** Pressure stall information for memory: the share of time in which a task waited for reclaim or compaction. */
export class Pressure {
  totalNs: Nanoseconds = 0;
  readonly averages = [0, 0, 0];
  private countedNs: Nanoseconds = 0;
  private since: Nanoseconds = 0;

  stall(duration: Nanoseconds): void {
    this.totalNs += duration;
  }

  /** One line of /proc/pressure/memory, brought up to date. */
  line(now: Nanoseconds, kind: 'some' | 'full'): string {
    this.update(now);
    const averages = WINDOWS.map((window, i) => `avg${window}=${this.averages[i].toFixed(2)}`);
    return `${kind} ${averages.join(' ')} total=${Math.floor(this.totalNs / 1000)}\n`;
  }

  private update(now: Nanoseconds): void {
    const periods = Math.floor((now - this.since) / PERIOD_NS);
    if (periods <= 0) return;
    const share = Math.min(1, (this.totalNs - this.countedNs) / (periods * PERIOD_NS));
    this.countedNs = this.totalNs;
    this.since += periods * PERIOD_NS;
    WINDOWS.forEach((window, i) => {
      const kept = Math.exp((-2 * periods) / window);
      this.averages[i] = this.averages[i] * kept + share * 100 * (1 - kept);
    });
  }
}
