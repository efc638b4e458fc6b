/** GUPS: uniform random read-modify-write updates, the worst case for every cache and TLB (HPCC RandomAccess). */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Pages } from '../../vocabulary/units.js';
import { fillWords } from './draws.js';
import { Populate } from './populate.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, storeThreshold, type Workload, workloadKind } from './workload.js';

/** The workload `gups` with its parameters. */
export const gups = workloadKind({
  brief: 'uniformly random updates (GUPS, HPCC RandomAccess)',
  parameters: z.strictObject({
    size: BytesText,
    stores: ShareText.default(1),
    populate: z.boolean().default(true),
  }),
  make(parameters, { random, geometry }) {
    const uniform = new Uniform(
      pagesFor(parameters.size, geometry),
      storeThreshold(parameters.stores),
      random,
    );
    return parameters.populate ? new Populate(uniform) : uniform;
  },
});

/** Draws pages evenly, and stores to a share of them. */
export class Uniform implements Workload {
  readonly pages: Pages;
  readonly #stores: number;
  readonly #random: SeededRandom;

  constructor(pages: Pages, stores: number, random: SeededRandom) {
    this.pages = pages;
    this.#stores = stores;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number): number {
    fillWords(this.#random, into, limit);
    const scale = this.pages / 2 ** 32;
    for (let i = 0; i < limit; i++) {
      const word = into[i];
      into[i] = (Math.floor(word * scale) << 1) | (((word & 1023) - this.#stores) >>> 31);
    }
    return limit;
  }
}
