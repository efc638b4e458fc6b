/**
 * The workload of `npm start`: huge pages of which about a tenth of the sub-pages are in use, written and read
 * again and again; the others were never touched and hold zeroes.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

/** The workload `sparse-blocks` with its parameters. */
export const sparseBlocks = workloadKind({
  brief: 'a tenth of the sub-pages of each 2 MiB in use, the rest never touched',
  parameters: z.strictObject({
    size: BytesText,
    used: ShareText.default(0.1),
    /** Share of the blocks that are used wholly. */
    dense: ShareText.default(0.1),
    stores: ShareText.default(0.5),
  }),
  make: (parameters, { random, geometry }) =>
    new SparseBlocks(pagesFor(parameters.size, geometry), parameters, geometry, random),
});

interface Shares {
  readonly used: number;
  readonly dense: number;
  readonly stores: number;
}

/** Draws evenly from the pages in use. */
export class SparseBlocks implements Workload {
  readonly pages: Pages;
  /** Offsets of the pages in use. */
  readonly used: Uint32Array;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #filled = 0;

  constructor(pages: Pages, shares: Shares, geometry: PageGeometry, random: SeededRandom) {
    this.pages = pages;
    this.#stores = shares.stores;
    this.#random = random;
    this.used = choosePages(pages, shares, geometry.pagesPerBlock, random);
  }

  get dataPages(): Pages {
    return this.used.length;
  }

  /** Stores to every page in use once, then goes on at random among them. */
  next(into: Uint32Array, limit: number): number {
    const count = this.#filled < this.used.length ? Math.min(limit, this.used.length - this.#filled) : limit;
    for (let i = 0; i < count; i++) {
      if (this.#filled < this.used.length) into[i] = (this.used[this.#filled++] << 1) | 1;
      else into[i] = (this.used[this.#random.below(this.used.length)] << 1) | this.#store();
    }
    return count;
  }

  #store(): number {
    return this.#random.fraction() < this.#stores ? 1 : 0;
  }
}

function choosePages(pages: Pages, shares: Shares, perBlock: Pages, random: SeededRandom): Uint32Array {
  const chosen: number[] = [];
  for (let first = 0; first < pages; first += perBlock) {
    const isDense = random.fraction() < shares.dense;
    for (let page = first; page < Math.min(pages, first + perBlock); page++) {
      if (isDense || page === first || random.fraction() < shares.used) chosen.push(page);
    }
  }
  return Uint32Array.from(chosen);
}
