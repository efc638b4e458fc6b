import type { Milliseconds, Nanoseconds } from '../vocabulary/units.js';

interface Entry {
  readonly atMs: Milliseconds;
  readonly part: Nanoseconds;
  readonly whole: Nanoseconds;
}

/** Entries at most: of a window of a minute, with several readings a second. */
const MOST_ENTRIES = 512;

/** A part of a whole over the last while. Entries that are no numbers are left out. */
export class Windowed {
  readonly #lengthMs: Milliseconds;
  #entries: Entry[] = [];

  constructor(lengthMs: Milliseconds) {
    this.#lengthMs = lengthMs;
  }

  add(atMs: Milliseconds, part: Nanoseconds, whole: Nanoseconds): void {
    if (!(part >= 0 && whole >= 0 && Number.isFinite(part + whole))) return;
    this.#entries.push({ atMs, part, whole });
    // Also those of a clock that was set back since.
    this.#entries = this.#entries
      .filter((one) => Math.abs(atMs - one.atMs) < this.#lengthMs)
      .slice(-MOST_ENTRIES);
  }

  sums(): { readonly part: Nanoseconds; readonly whole: Nanoseconds } {
    return this.#entries.reduce((sum, one) => ({ part: sum.part + one.part, whole: sum.whole + one.whole }), {
      part: 0,
      whole: 0,
    });
  }

  clear(): void {
    this.#entries = [];
  }
}
