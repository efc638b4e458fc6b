/** Hotspot: a share of accesses goes to a small share of the pages, the rest to the others (YCSB 80/20). */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Pages } from '../../vocabulary/units.js';
import { Populate } from './populate.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

/** The workload `hotspot` with its parameters. */
export const hotspot = workloadKind({
  brief: 'most accesses to a small hot part (80/20)',
  parameters: z.strictObject({
    size: BytesText,
    /** Share of the pages that are hot; they lie at the start of the area. */
    hotPages: ShareText.default(0.2),
    /** Share of the accesses that go to them. */
    hotAccesses: ShareText.default(0.8),
    stores: ShareText.default(0.25),
    populate: z.boolean().default(true),
  }),
  make(parameters, { random, geometry }) {
    const spot = new Hotspot(pagesFor(parameters.size, geometry), parameters, random);
    return parameters.populate ? new Populate(spot) : spot;
  },
});

interface Shares {
  readonly hotPages: number;
  readonly hotAccesses: number;
  readonly stores: number;
}

class Hotspot implements Workload {
  readonly pages: Pages;
  readonly #hot: Pages;
  readonly #shares: Shares;
  readonly #random: SeededRandom;

  constructor(pages: Pages, shares: Shares, random: SeededRandom) {
    this.pages = pages;
    this.#hot = Math.max(1, Math.round(pages * shares.hotPages));
    this.#shares = shares;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number): number {
    const random = this.#random;
    const cold = this.pages - this.#hot;
    for (let i = 0; i < limit; i++) {
      const isHot = cold === 0 || random.fraction() < this.#shares.hotAccesses;
      const page = isHot ? random.below(this.#hot) : this.#hot + random.below(cold);
      into[i] = (page << 1) | (random.fraction() < this.#shares.stores ? 1 : 0);
    }
    return limit;
  }
}
