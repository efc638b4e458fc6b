/**
 * One base page of every PMD block, over and over: the stride that makes each huge page look wholly hot although
 * 511 of 512 sub-pages are not touched (T2, inflation by up to 512).
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { PageGeometry, Pages } from '../../vocabulary/units.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, type Workload, workloadKind } from './workload.js';

/** The workload `one-page-per-block` with its parameters. */
export const onePagePerBlock = workloadKind({
  brief: 'one 4 KiB page of each 2 MiB, again and again',
  parameters: z.strictObject({
    size: BytesText,
    stores: ShareText.default(1),
    /** `random` picks blocks at random, `round` goes round. */
    order: z.enum(['round', 'random']).default('round'),
  }),
  make(parameters, { random, geometry }) {
    return new OnePage(
      pagesFor(parameters.size, geometry),
      geometry,
      parameters.order === 'random',
      parameters.stores,
      random,
    );
  },
});

class OnePage implements Workload {
  readonly pages: Pages;
  readonly #perBlock: Pages;
  readonly #blocks: number;
  readonly #isRandom: boolean;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #at = 0;

  constructor(pages: Pages, geometry: PageGeometry, isRandom: boolean, stores: number, random: SeededRandom) {
    this.pages = pages;
    this.#perBlock = geometry.pagesPerBlock;
    this.#blocks = Math.max(1, Math.floor(pages / geometry.pagesPerBlock));
    this.#isRandom = isRandom;
    this.#stores = stores;
    this.#random = random;
  }

  get dataPages(): Pages {
    return this.#blocks;
  }

  next(into: Uint32Array, limit: number): number {
    for (let i = 0; i < limit; i++) {
      const block = this.#isRandom ? this.#random.below(this.#blocks) : this.#at++ % this.#blocks;
      const store =
        this.#stores === 1 || (this.#stores > 0 && this.#random.fraction() < this.#stores) ? 1 : 0;
      into[i] = ((block * this.#perBlock) << 1) | store;
    }
    return limit;
  }
}
