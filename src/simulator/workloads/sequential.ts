/** One stream that walks the area from start to end, over and over. */
import * as z from 'zod';
import type { Pages } from '../../vocabulary/units.js';
import { BytesText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

/** The workload `sequential` with its parameters. */
export const sequential = workloadKind({
  brief: 'one stream over the area, again and again',
  parameters: z.strictObject({
    size: BytesText,
    /** Distance between accesses; a page when smaller. */
    stride: BytesText.default(4096),
    /** Accesses to one page before the next. */
    repeat: z.int().min(1).max(4096).default(8),
    stores: z.boolean().default(true),
  }),
  make(parameters, { geometry }) {
    const stride = Math.max(1, Math.round(parameters.stride / geometry.pageBytes));
    return new Sequential(
      pagesFor(parameters.size, geometry),
      stride,
      parameters.repeat,
      parameters.stores ? 1 : 0,
    );
  },
});

class Sequential implements Workload {
  readonly pages: Pages;
  readonly #stride: Pages;
  readonly #repeat: number;
  readonly #store: number;
  #at = 0;
  #repeated = 0;

  constructor(pages: Pages, stride: Pages, repeat: number, store: number) {
    this.pages = pages;
    this.#stride = stride;
    this.#repeat = repeat;
    this.#store = store;
  }

  next(into: Uint32Array, limit: number): number {
    for (let i = 0; i < limit; i++) {
      into[i] = (this.#at << 1) | this.#store;
      if (++this.#repeated === this.#repeat) this.#step();
    }
    return limit;
  }

  #step(): void {
    this.#repeated = 0;
    this.#at += this.#stride;
    if (this.#at >= this.pages) this.#at = 0;
  }
}
