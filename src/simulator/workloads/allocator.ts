/**
 * A heap whose allocator fills holes: some objects are freed, and others are put where there is room. A page without
 * objects stays where it is, as free(3) leaves it. A page that was never used holds zeroes, so that a split returns it;
 * when the allocator comes to it, it must be faulted in again: the regret of having returned it.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Nanoseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

/** The workload `allocator` with its parameters. */
export const allocator = workloadKind({
  brief: 'a heap whose allocator fills the holes: what was returned is touched again',
  parameters: z.strictObject({
    size: BytesText,
    /** Share of the pages in use at any time. */
    used: ShareText.default(0.3),
    /** Share of those in use that is freed, and allocated elsewhere, in a second. */
    churn: ShareText.default(0.02),
    /** Where new pages come from: the lowest hole, or any. */
    fill: z.enum(['lowest', 'any']).default('lowest'),
    stores: ShareText.default(0.3),
  }),
  make: (parameters, { random, geometry }) =>
    new Allocator(pagesFor(parameters.size, geometry), parameters, geometry, random),
});

interface Habits {
  readonly used: number;
  readonly churn: number;
  readonly fill: 'lowest' | 'any';
  readonly stores: number;
}

/** Frees and places objects page by page. */
export class Allocator implements Workload {
  readonly pages: Pages;
  readonly dataPages: Pages;
  readonly #habits: Habits;
  readonly #random: SeededRandom;
  /** Pages in use first, then the holes: each page at `#place` of it. */
  readonly #order: Uint32Array;
  readonly #place: Uint32Array;
  #filled = 0;
  #moved = 0;
  /** No hole lies below. */
  #lowest = 0;

  constructor(pages: Pages, habits: Habits, { pagesPerBlock }: PageGeometry, random: SeededRandom) {
    this.pages = pages;
    this.#habits = habits;
    this.#random = random;
    this.#order = Uint32Array.from({ length: pages }, (_, page) => page);
    this.#place = Uint32Array.from({ length: pages }, (_, page) => page);
    let used = 0;
    for (let page = 0; page < pages; page++) {
      if (page % pagesPerBlock === 0 || random.fraction() < habits.used)
        this.#swap(this.#place[page], used++);
    }
    this.dataPages = used;
  }

  /** Whether a page holds objects now. */
  isUsed(page: Pages): boolean {
    return this.#place[page] < this.dataPages;
  }

  /** Stores to every page in use once, then reads and writes them at random, and moves on with time. */
  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    if (this.#filled < this.dataPages) return this.#fill(into, limit);
    const due = Math.floor((now / 1e9) * this.#habits.churn * this.dataPages);
    let count = 0;
    for (; count < limit && this.#moved < due; count++, this.#moved++) into[count] = (this.#move() << 1) | 1;
    for (; count < limit; count++) {
      const store = this.#random.fraction() < this.#habits.stores ? 1 : 0;
      into[count] = (this.#order[this.#random.below(this.dataPages)] << 1) | store;
    }
    return limit;
  }

  #fill(into: Uint32Array, limit: number): number {
    const count = Math.min(limit, this.dataPages - this.#filled);
    for (let i = 0; i < count; i++) into[i] = (this.#order[this.#filled++] << 1) | 1;
    return count;
  }

  /** Frees a page at random and takes a hole instead; returns the hole. */
  #move(): Pages {
    const holes = this.pages - this.dataPages;
    const freed = this.#random.below(this.dataPages);
    if (holes === 0) return this.#order[freed];
    const taken =
      this.#habits.fill === 'any'
        ? this.dataPages + this.#random.below(holes)
        : this.#place[this.#lowestHole()];
    this.#lowest = Math.min(this.#lowest, this.#order[freed]);
    this.#swap(freed, taken);
    return this.#order[freed];
  }

  #lowestHole(): Pages {
    while (this.isUsed(this.#lowest)) this.#lowest++;
    return this.#lowest;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#order[a], this.#order[b]];
    this.#order[a] = second;
    this.#order[b] = first;
    this.#place[second] = a;
    this.#place[first] = b;
  }
}
