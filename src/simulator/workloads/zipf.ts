/**
 * Zipf-distributed pages, as the key popularity of YCSB: the page of rank r (from 1) is accessed with probability
 * proportional to r^-theta. Ranks are scattered over the area by a seeded permutation, unless asked not to.
 */
import * as z from 'zod';
import { power } from '../../base/power.js';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Pages } from '../../vocabulary/units.js';
import { fillWords } from './draws.js';
import { Populate } from './populate.js';
import { BytesText, ShareText } from './quantities.js';
import { RankedTable } from './ranked-table.js';
import { pagesFor, storeThreshold, type Workload, workloadKind } from './workload.js';

/** The workload `zipf` with its parameters. */
export const zipf = workloadKind({
  brief: 'zipf-distributed pages (YCSB), scattered over the area',
  parameters: z.strictObject({
    size: BytesText,
    /** Skew; 0 is uniform. YCSB uses 0.99. */
    theta: z.number().min(0).max(3).default(0.99),
    stores: ShareText.default(0.25),
    /** Whether hot pages are scattered over the area or lie together at its start. */
    scattered: z.boolean().default(true),
    populate: z.boolean().default(true),
  }),
  make(parameters, { random, geometry }) {
    const pages = pagesFor(parameters.size, geometry);
    const byRank = parameters.scattered ? permutation(pages, random) : undefined;
    const table = new RankedTable(zipfWeights(pages, parameters.theta), byRank);
    const draws = new Zipf(table, storeThreshold(parameters.stores), random);
    return parameters.populate ? new Populate(draws) : draws;
  },
});

/** Draws pages by rank. */
export class Zipf implements Workload {
  readonly #table: RankedTable;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #words = new Uint32Array(0);

  /** `stores`: of 1024 accesses. */
  constructor(table: RankedTable, stores: number, random: SeededRandom) {
    this.#table = table;
    this.#stores = stores;
    this.#random = random;
  }

  get pages(): Pages {
    return this.#table.size;
  }

  next(into: Uint32Array, limit: number): number {
    if (this.#words.length < limit * 2) this.#words = new Uint32Array(limit * 2);
    fillWords(this.#random, this.#words, limit * 2);
    this.#table.drawAll(this.#words, limit, this.#stores, into);
    return limit;
  }
}

/** Weight of each rank, from the most popular page down. */
export function zipfWeights(pages: Pages, theta: number): Float64Array {
  const weights = new Float64Array(pages);
  for (let rank = 0; rank < pages; rank++) weights[rank] = power(rank + 1, -theta);
  return weights;
}

/** A permutation of 0 … count − 1, each equally likely (Fisher–Yates). */
export function permutation(count: number, random: SeededRandom): Uint32Array {
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    const kept = order[i];
    order[i] = order[other];
    order[other] = kept;
  }
  return order;
}
