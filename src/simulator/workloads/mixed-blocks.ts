/**
 * Blocks of several kinds side by side: how much of a block is in use, how hot it is and how its accesses are spread
 * over what is in use are set apart from each other, so that use need not tell heat. All in use is stored to once, then
 * pages are accessed at random by their weights. Where wished, blocks exchange their heat as time goes on.
 */

import * as z from 'zod';
import { defined } from '../../base/assert.js';
import { exponential, power } from '../../base/power.js';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Nanoseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import { AliasTable } from './alias-table.js';
import { fillWords } from './draws.js';
import { BytesText, ShareText, StepText } from './quantities.js';
import { pagesFor, storeThreshold, type Workload, workloadKind } from './workload.js';

const GroupText = z.strictObject({
  /** How many of the blocks, relative to the other groups. */
  share: z.number().positive().default(1),
  /** Share of a block's sub-pages that is in use; of two, each block draws its own between them. */
  used: z.union([ShareText.transform((share) => [share, share] as const), z.tuple([ShareText, ShareText])]),
  /** Sub-pages in use lie in aligned runs of so many. */
  run: z.int().min(1).max(512).default(1),
  /** Weight of each page in use, or of the block as a whole; and by what factor blocks differ (e to a normal deviate). */
  heat: z.number().min(0).default(1),
  per: z.enum(['page', 'block']).default('page'),
  spread: z.number().min(0).max(5).default(0),
  /** Within a block the page of rank r has a weight of r^-spikes. */
  spikes: z.number().min(0).max(3).default(0),
});

const ParametersText = z.strictObject({
  size: BytesText,
  groups: z
    .array(GroupText)
    .min(1)
    .refine((groups) => groups.some(({ heat }) => heat > 0), 'some group must have heat above 0'),
  stores: ShareText.default(0.5),
  /** Every so often this share of the blocks exchange their heat among each other. */
  drift: z.strictObject({ every: StepText, share: ShareText.default(1) }).optional(),
});

type Parameters = z.output<typeof ParametersText>;

/** The workload `mixed-blocks` with its parameters. */
export const mixedBlocks = workloadKind({
  brief: 'blocks of several kinds: use, heat and spikes set apart, drifting where wished',
  parameters: ParametersText,
  make: (parameters, { random, geometry }) =>
    new MixedBlocks(pagesFor(parameters.size, geometry), parameters, geometry, random),
});

type Group = Parameters['groups'][number];

/** What a block holds: offsets of its pages in use, and their weights within it, which sum to 1. */
interface Block {
  readonly pages: Uint32Array;
  readonly shares: Float64Array;
  weight: number;
}

class MixedBlocks implements Workload {
  readonly pages: Pages;
  readonly #blocks: readonly Block[];
  readonly #used: Uint32Array;
  readonly #random: SeededRandom;
  readonly #stores: number;
  readonly #drift: Parameters['drift'];
  #table: AliasTable;
  #filled = 0;
  #drifts = 0;
  #words = new Uint32Array(0);

  constructor(pages: Pages, parameters: Parameters, geometry: PageGeometry, random: SeededRandom) {
    this.pages = pages;
    this.#random = random;
    this.#stores = storeThreshold(parameters.stores);
    this.#drift = parameters.drift;
    this.#blocks = blocksOf(pages, parameters.groups, geometry.pagesPerBlock, random);
    this.#used = Uint32Array.from(this.#blocks.flatMap((block) => [...block.pages]));
    this.#table = this.#weigh();
  }

  get dataPages(): Pages {
    return this.#used.length;
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    if (this.#filled < this.#used.length) return this.#fill(into, limit);
    if (this.#drift !== undefined && now >= (this.#drifts + 1) * this.#drift.every) this.#turn(now);
    if (this.#words.length < limit * 3) this.#words = new Uint32Array(limit * 3);
    fillWords(this.#random, this.#words, limit * 3);
    this.#table.drawAll(this.#words, limit, into);
    for (let i = 0; i < limit; i++) {
      const store = (this.#words[2 * limit + i] & 1023) < this.#stores ? 1 : 0;
      into[i] = (this.#used[into[i]] << 1) | store;
    }
    return limit;
  }

  #fill(into: Uint32Array, limit: number): number {
    const count = Math.min(limit, this.#used.length - this.#filled);
    for (let i = 0; i < count; i++) into[i] = (this.#used[this.#filled++] << 1) | 1;
    return count;
  }

  #weigh(): AliasTable {
    const weights = new Float64Array(this.#used.length);
    let place = 0;
    for (const { shares, weight } of this.#blocks)
      for (const share of shares) weights[place++] = weight * share;
    return new AliasTable(weights);
  }

  /** Takes all exchanges that are due by now. */
  #turn(now: Nanoseconds): void {
    const { every, share } = defined(this.#drift, 'it does not drift');
    for (; now >= (this.#drifts + 1) * every; this.#drifts++) {
      const chosen = this.#blocks.filter(({ pages }) => pages.length > 0 && this.#random.fraction() < share);
      for (let i = chosen.length - 1; i > 0; i--) {
        const other = chosen[this.#random.below(i + 1)];
        [chosen[i].weight, other.weight] = [other.weight, chosen[i].weight];
      }
    }
    this.#table = this.#weigh();
  }
}

/** Groups take turns over the area in proportion to their shares, so that none lies together. */
function blocksOf(
  pages: Pages,
  groups: readonly Group[],
  perBlock: Pages,
  random: SeededRandom,
): readonly Block[] {
  const all = groups.reduce((sum, { share }) => sum + share, 0);
  const given = groups.map(() => 0);
  return Array.from({ length: Math.ceil(pages / perBlock) }, (_, index) => {
    const owed = groups.map(({ share }, group) => ((index + 1) * share) / all - given[group]);
    const group = owed.indexOf(Math.max(...owed));
    given[group]++;
    const first = index * perBlock;
    return makeBlock(groups[group], first, Math.min(perBlock, pages - first), random);
  });
}

function makeBlock(group: Group, first: Pages, pages: Pages, random: SeededRandom): Block {
  const [least, most] = group.used;
  const wanted = Math.round(pages * (least + (most - least) * random.fraction()));
  const offsets = chooseRuns(pages, wanted, group.run, random).map((offset) => first + offset);
  const weights = shuffled(offsets.length, random).map((rank) => power(rank + 1, -group.spikes));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const factor = exponential(group.spread * normal(random));
  return {
    pages: Uint32Array.from(offsets),
    shares: Float64Array.from(weights, (weight) => weight / sum),
    weight: group.heat * factor * (group.per === 'page' ? offsets.length : 1),
  };
}

/** `wanted` of the pages, in aligned runs, each set of runs equally likely; ascending. */
function chooseRuns(pages: Pages, wanted: Pages, run: Pages, random: SeededRandom): number[] {
  const runs = Math.ceil(pages / run);
  const chosen = shuffled(runs, random)
    .slice(0, Math.max(1, Math.round(wanted / run)))
    .sort((a, b) => a - b);
  return chosen.flatMap((place) =>
    Array.from({ length: Math.min(run, pages - place * run) }, (_, page) => place * run + page),
  );
}

function shuffled(count: number, random: SeededRandom): number[] {
  const order = Array.from({ length: count }, (_, index) => index);
  for (let i = count - 1; i > 0; i--) {
    const other = random.below(i + 1);
    [order[i], order[other]] = [order[other], order[i]];
  }
  return order;
}

/** A standard normal deviate by the sum of twelve uniform ones: the same on every machine. */
function normal(random: SeededRandom): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.fraction();
  return sum;
}
