/**
 * A key-value store's heap: insert, delete a share of the keys at random, insert again with a larger value size.
 * Objects live in slabs of one size. A slab page is given back (MADV_DONTNEED) only when its last object is gone,
 * so deleting most keys leaves holes everywhere and few whole pages: the bloat that huge pages make worse.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Bytes, Nanoseconds, Pages } from '../../vocabulary/units.js';
import { fillWords } from './draws.js';
import { BytesText, DurationText, ShareText } from './quantities.js';
import { pagesFor, type Workload, type WorkloadMemory, workloadKind } from './workload.js';

/** The workload `redis` with its parameters. */
export const redis = workloadKind({
  brief: 'insert, delete 80 % at random, insert again: slab holes (Redis, HawkEye)',
  parameters: z.strictObject({
    /** Bytes of values inserted first. */
    size: BytesText,
    /** Size of one value of the first insertion; at most a page. */
    value: BytesText.default(1024),
    /** Share of the keys deleted. */
    deleted: ShareText.default(0.8),
    /** Bytes inserted after that, in values of one page, to fresh pages beyond the first heap. */
    again: BytesText,
    /** When deletion and second insertion begin. */
    deleteAt: DurationText,
    insertAt: DurationText,
    /** Values read at random in between, as a share of all accesses after the first insertion. */
    stores: ShareText.default(0.1),
  }),
  make(parameters, { random, geometry, memory }) {
    const first = pagesFor(parameters.size, geometry);
    const second = pagesFor(parameters.again, geometry);
    return new Redis({ first, second, pageBytes: geometry.pageBytes }, parameters, random, memory);
  },
});

/** Pages of the first heap and of what is inserted again. */
interface Heaps {
  readonly first: Pages;
  readonly second: Pages;
  readonly pageBytes: Bytes;
}

interface Plan {
  readonly value: Bytes;
  readonly deleted: number;
  readonly deleteAt: Nanoseconds;
  readonly insertAt: Nanoseconds;
  readonly stores: number;
}

/** Inserts, deletes and inserts again, slab page by slab page. */
export class Redis implements Workload {
  readonly pages: Pages;
  readonly #first: Pages;
  readonly #perPage: number;
  readonly #plan: Plan;
  readonly #random: SeededRandom;
  readonly #memory: WorkloadMemory;
  /** Live objects of each page of the first heap. */
  readonly live: Uint8Array;
  #inserted = 0;
  #deletedPages = 0;
  #grown = 0;

  constructor({ first, second, pageBytes }: Heaps, plan: Plan, random: SeededRandom, memory: WorkloadMemory) {
    this.pages = first + second;
    this.#first = first;
    this.#perPage = Math.max(1, Math.min(255, Math.floor(pageBytes / plan.value)));
    this.#plan = plan;
    this.#random = random;
    this.#memory = memory;
    this.live = new Uint8Array(first);
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    if (this.#inserted < this.#first) return this.#insert(into, limit);
    if (now >= this.#plan.deleteAt && this.#deletedPages < this.#first) this.#deleteSome(limit);
    if (now >= this.#plan.insertAt && this.#first + this.#grown < this.pages) return this.#grow(into, limit);
    return this.#read(into, limit);
  }

  #insert(into: Uint32Array, limit: number): number {
    const count = Math.min(limit, this.#first - this.#inserted);
    for (let i = 0; i < count; i++) {
      into[i] = (this.#inserted << 1) | 1;
      this.live[this.#inserted++] = this.#perPage;
    }
    return count;
  }

  /** Deletes each key of the next pages with the given probability; pages without keys are given back. */
  #deleteSome(limit: number): void {
    const end = Math.min(this.#first, this.#deletedPages + limit);
    for (; this.#deletedPages < end; this.#deletedPages++) {
      let left = 0;
      for (let key = 0; key < this.#perPage; key++) if (this.#random.fraction() >= this.#plan.deleted) left++;
      this.live[this.#deletedPages] = left;
      if (left === 0) this.#memory.release(this.#deletedPages, 1);
    }
  }

  #grow(into: Uint32Array, limit: number): number {
    const count = Math.min(limit, this.pages - this.#first - this.#grown);
    for (let i = 0; i < count; i++) into[i] = ((this.#first + this.#grown++) << 1) | 1;
    return count;
  }

  /** Reads and overwrites values that are still there. */
  #read(into: Uint32Array, limit: number): number {
    fillWords(this.#random, into, limit);
    const reach = this.#first + this.#grown;
    const scale = reach / 2 ** 32;
    let count = 0;
    for (let i = 0; i < limit; i++) {
      const page = Math.floor(into[i] * scale);
      const store = (into[i] & 1023) < this.#plan.stores * 1024 ? 1 : 0;
      if (page >= this.#first || this.live[page] > 0) into[count++] = (page << 1) | store;
    }
    return count;
  }
}
