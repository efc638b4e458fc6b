import type { Nanoseconds, Pages } from '../../vocabulary/units.js';
import { dataPagesOf, type Workload } from './workload.js';

/** Stores once to every page from the first to the last, then goes on as `inner`: how programs load their data. */
export class Populate implements Workload {
  readonly #inner: Workload;
  readonly #pages: Pages;
  #next = 0;

  constructor(inner: Workload, pages = inner.pages) {
    this.#inner = inner;
    this.#pages = pages;
  }

  get pages(): Pages {
    return this.#inner.pages;
  }

  get dataPages(): Pages {
    return dataPagesOf(this.#inner);
  }

  get guest(): Workload['guest'] {
    return this.#inner.guest;
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    if (this.#next >= this.#pages) return this.#inner.next(into, limit, now);
    const count = Math.min(limit, this.#pages - this.#next);
    for (let i = 0; i < count; i++) into[i] = ((this.#next + i) << 1) | 1;
    this.#next += count;
    return count;
  }
}
