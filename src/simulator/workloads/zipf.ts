/**
 * Zipf-distributed pages, as the key popularity of YCSB: the page of rank r (from 1) is accessed with probability
 * proportional to r^-theta. Ranks are scattered over the area by a seeded permutation, unless asked not to.
 */
import { z } from 'zod';
import { power } from '../../base/power.js';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Pages } from '../../vocabulary/units.js';
import { AliasTable } from './alias-table.js';
import { fillWords } from './draws.js';
import { Populate } from './populate.js';
import { BytesText, ShareText } from './quantities.js';
import { pagesFor, storeThreshold, type Workload, workloadKind } from './workload.js';

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
    const ranks = parameters.scattered ? permutation(pages, random) : undefined;
    const draws = new Zipf(pages, parameters.theta, ranks, storeThreshold(parameters.stores), random);
    return parameters.populate ? new Populate(draws) : draws;
  },
});

class Zipf implements Workload {
  readonly pages: Pages;
  readonly #table: AliasTable;
  readonly #stores: number;
  readonly #random: SeededRandom;
  #words = new Uint32Array(0);

  constructor(
    pages: Pages,
    theta: number,
    ranks: Uint32Array | undefined,
    stores: number,
    random: SeededRandom,
  ) {
    this.pages = pages;
    this.#table = new AliasTable(zipfWeights(pages, theta, ranks));
    this.#stores = stores;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number): number {
    if (this.#words.length < limit * 2) this.#words = new Uint32Array(limit * 2);
    const words = this.#words;
    fillWords(this.#random, words, limit * 2);
    this.#table.drawAll(words, limit, into);
    const stores = this.#stores;
    // The page comes from the high bits of the first word, whether it is a store from the low ten.
    for (let i = 0; i < limit; i++) into[i] = (into[i] << 1) | (((words[2 * i] & 1023) - stores) >>> 31);
    return limit;
  }
}

/** Weight of each page; page p has rank ranks[p] + 1, or p + 1 without ranks. */
export function zipfWeights(pages: Pages, theta: number, ranks?: Uint32Array): Float64Array {
  const byRank = new Float64Array(pages);
  for (let rank = 0; rank < pages; rank++) byRank[rank] = power(rank + 1, -theta);
  if (ranks === undefined) return byRank;
  const weights = new Float64Array(pages);
  for (let page = 0; page < pages; page++) weights[page] = byRank[ranks[page]];
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
