/** Accesses drawn by weight, other weights in each phase: how recordings with slices of time are played again. */
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Nanoseconds, Pages } from '../../vocabulary/units.js';
import { AliasTable } from './alias-table.js';
import { fillWords } from './draws.js';
import type { Workload } from './workload.js';

/** Weights that hold for a stretch of time. */
export interface WeightedPhase {
  /** When it begins, from the first phase's beginning on. */
  readonly start: Nanoseconds;
  readonly weights: Float64Array;
  /** What is drawn for each weight: an access as `Workload.next` writes it. */
  readonly outcomes: Uint32Array;
}

/** Tables that are kept at a time: a phase that comes again is made again when others have come between. */
const MOST_TABLES = 64;

/** Plays phases by the model's clock, with an alias table for each. */
export class WeightedPhases implements Workload {
  readonly pages: Pages;
  readonly dataPages: Pages | undefined;
  readonly #phases: readonly WeightedPhase[];
  /** Length of all phases together; the last lasts as long as given. */
  readonly #cycle: Nanoseconds;
  readonly #random: SeededRandom;
  readonly #tables = new Map<number, AliasTable>();
  #words = new Uint32Array(0);

  constructor(
    { pages, dataPages }: Pick<Workload, 'pages' | 'dataPages'>,
    phases: readonly WeightedPhase[],
    lastsFor: Nanoseconds,
    random: SeededRandom,
  ) {
    this.pages = pages;
    this.dataPages = dataPages;
    const first = phases[0].start;
    this.#phases = phases.map((phase) => ({ ...phase, start: phase.start - first }));
    this.#cycle = phases[phases.length - 1].start - first + lastsFor;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    this.draw(into, limit, now);
    return limit;
  }

  /** Writes `limit` outcomes; returns the two random words that each was drawn with, valid until the next call. */
  draw(into: Uint32Array, limit: number, now: Nanoseconds): Uint32Array {
    const index = this.#phaseAt(now % this.#cycle);
    if (this.#words.length < limit * 2) this.#words = new Uint32Array(limit * 2);
    fillWords(this.#random, this.#words, limit * 2);
    this.#tableOf(index).drawAll(this.#words, limit, into);
    const { outcomes } = this.#phases[index];
    for (let i = 0; i < limit; i++) into[i] = outcomes[into[i]];
    return this.#words;
  }

  /** The last phase that has begun. A gap without samples goes on as the phase before it. */
  #phaseAt(time: Nanoseconds): number {
    let low = 0;
    let high = this.#phases.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#phases[middle].start <= time) low = middle;
      else high = middle;
    }
    return low;
  }

  #tableOf(index: number): AliasTable {
    let table = this.#tables.get(index);
    if (table === undefined) {
      if (this.#tables.size >= MOST_TABLES) this.#tables.clear();
      table = new AliasTable(this.#phases[index].weights);
      this.#tables.set(index, table);
    }
    return table;
  }
}
