import type { Nanoseconds, PageNumber } from '../../../vocabulary/units.js';

/** Pages of an address space, from `start` to before `end`; none when both are equal. */
export interface HeldPages {
  readonly start: PageNumber;
  readonly end: PageNumber;
}

/**
 * Work on an address space that keeps its threads waiting from `from` to `to`. A thread that touches one of `pages`
 * waits for the end: its entries are migration entries, or its PMD is empty. A thread that faults on one of `faults`
 * waits, too: mmap_lock, the VMA or the page table is locked.
 */
export interface Hold {
  readonly from: Nanoseconds;
  readonly to: Nanoseconds;
  readonly pages: HeldPages;
  readonly faults: HeldPages;
  /** Who works, as `Holds.worker` was then. A task does not wait for itself. */
  readonly worker: number;
}

/** No page is held. */
export const NO_PAGES: HeldPages = Object.freeze({ start: 0, end: 0 });

/** Holds of one address space. They follow each other: all need mmap_lock or the anon_vma. */
class HeldSpace {
  readonly holds: Hold[] = [];
  /** Holds before this index are over. */
  first = 0;
  /** End of the work planned so far. */
  busyUntil: Nanoseconds = 0;
  /** Latest instant that a thread has played already: work cannot keep it from what is past. */
  playedUntil: Nanoseconds = 0;
}

/**
 * What work under way keeps others from. State changes at once, the work takes time: a split of 240 µs is done when the
 * call returns, and the block's threads wait for as long. Work that is told at one instant is laid out in a row.
 * Threads are played in slices that run ahead of the clock, so work begins where the slices under way end.
 */
export class Holds {
  /** Who works now: 0 for kernel threads and calls from outside, else the number of a thread of the workload. */
  worker = 0;
  /** Time in which something was held, over all address spaces. */
  totalNs: Nanoseconds = 0;
  readonly #clock: { readonly now: Nanoseconds };
  readonly #spaces = new Map<number, HeldSpace>();

  constructor(clock: { readonly now: Nanoseconds }) {
    this.#clock = clock;
  }

  /** Work of `duration` that keeps threads from `pages`, and faults from `faults`. */
  hold(mmId: number, duration: Nanoseconds, pages: HeldPages, faults: HeldPages = pages): void {
    if (duration <= 0) return;
    const space = this.spaceOf(mmId);
    const from = this.begin(space);
    const to = from + duration;
    this.forgetPast(space);
    space.holds.push({ from, to, pages, faults, worker: this.worker });
    space.busyUntil = to;
    this.totalNs += duration;
  }

  /** Work on an address space that blocks no task. */
  work(mmId: number, duration: Nanoseconds): void {
    const space = this.#spaces.get(mmId);
    if (space !== undefined) space.busyUntil = this.begin(space) + duration;
  }

  /** The hold under way at `time`, or the next one to come; none of `worker`'s own. */
  next(mmId: number, time: Nanoseconds, worker: number): Hold | undefined {
    const space = this.#spaces.get(mmId);
    if (space === undefined || space.busyUntil <= time) return undefined;
    this.forgetPast(space);
    for (let i = space.first; i < space.holds.length; i++) {
      const hold = space.holds[i];
      if (hold.to > time && hold.worker !== worker) return hold;
    }
    return undefined;
  }

  /** A thread of the address space has been played until `time`. */
  played(mmId: number, time: Nanoseconds): void {
    const space = this.spaceOf(mmId);
    if (time > space.playedUntil) space.playedUntil = time;
  }

  private spaceOf(mmId: number): HeldSpace {
    let space = this.#spaces.get(mmId);
    if (space === undefined) {
      space = new HeldSpace();
      this.#spaces.set(mmId, space);
    }
    return space;
  }

  private begin(space: HeldSpace): Nanoseconds {
    return Math.max(this.#clock.now, space.busyUntil, space.playedUntil);
  }

  private forgetPast(space: HeldSpace): void {
    const { holds } = space;
    while (space.first < holds.length && holds[space.first].to <= this.#clock.now) space.first++;
    if (space.first < 64 && space.first < holds.length) return;
    holds.splice(0, space.first);
    space.first = 0;
  }
}
