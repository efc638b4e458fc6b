/**
 * The best layout that is known for exact rates: the greedy curve's, with swaps of blocks that are next to its end while they
 * help. What a policy may reach, where the bound is what none can.
 */
import type { Translation } from '../../vocabulary/translation.js';
import type { Bytes, Nanoseconds, Pages } from '../../vocabulary/units.js';
import type { ExactRates } from './bound.js';
import { curveOf, walkNsOf } from './curve.js';
import { entryShapes } from './entry-shapes.js';
import { EXACT, type LayoutTable, LayoutTableBuilder } from './layout-table.js';
import { characteristicTime } from './residency.js';

/** Blocks on either side of the end of the curve that are tried for each other. */
const NEIGHBOURS = 12;

/** A layout with its time in walks and the bytes that it wastes. */
export interface BestKnown {
  /** 1 for each block that is huge. */
  readonly isHuge: Uint8Array;
  readonly walkNs: Nanoseconds;
  readonly waste: Bytes;
}

/** `runs` is how many pages share an entry where all of them are in use. */
export function exactTable(exact: ExactRates, runs: Pages): LayoutTable {
  const { pagesPerBlock, pageBytes, rates, isEmpty } = exact;
  const builder = new LayoutTableBuilder(pagesPerBlock);
  const entries = new Float64Array(pagesPerBlock);
  for (let first = 0; first < rates.length; first += pagesPerBlock) {
    const shapes = rates.slice(first, first + pagesPerBlock).map((rate) => rate * EXACT);
    const empty = isEmpty.subarray(first, first + pagesPerBlock);
    const count = entryShapes(shapes, empty, { pages: runs }, entries);
    const unused = empty.reduce((sum, one) => sum + one, 0);
    builder.add(EXACT, entries, count, pageBytes * unused, { pages: pagesPerBlock - unused });
  }
  return builder.build();
}

/** The best layout that wastes at most `allowed`. */
export function bestKnown(exact: ExactRates, cpu: Translation, allowed: Bytes): BestKnown {
  const table = exactTable(exact, cpu.runPages);
  const { order } = curveOf(table, cpu);
  const search = new Search(table, cpu, allowed);
  const ends = search.fill(order);
  for (let isBetter = true; isBetter; ) isBetter = search.swap(order, ends);
  return search.found();
}

class Search {
  readonly #table: LayoutTable;
  readonly #cpu: Translation;
  readonly #allowed: Bytes;
  readonly #isHuge: Uint8Array;
  #waste = 0;
  #walkNs = 0;

  constructor(table: LayoutTable, cpu: Translation, allowed: Bytes) {
    this.#table = table;
    this.#cpu = cpu;
    this.#allowed = allowed;
    this.#isHuge = new Uint8Array(table.count);
  }

  /** Takes blocks in their order as far as they fit; returns the place of the first that did not. */
  fill(order: Uint32Array): number {
    let end = order.length;
    order.forEach((block, at) => {
      if (this.#waste + this.#table.waste[block] <= this.#allowed) this.#flip(block);
      else end = Math.min(end, at);
    });
    this.#walkNs = this.#measured();
    return end;
  }

  /** Makes the first exchange next to `end` that fits and saves time; whether there was one. */
  swap(order: Uint32Array, end: number): boolean {
    const near = [...order.subarray(Math.max(0, end - NEIGHBOURS), end + NEIGHBOURS)];
    for (const out of near.filter((block) => this.#isHuge[block] === 1)) {
      for (const into of near.filter((block) => this.#isHuge[block] === 0)) {
        if (this.#waste - this.#table.waste[out] + this.#table.waste[into] > this.#allowed) continue;
        this.#flip(out);
        this.#flip(into);
        const walkNs = this.#measured();
        if (walkNs < this.#walkNs * (1 - 1e-4)) {
          this.#walkNs = walkNs;
          return true;
        }
        this.#flip(into);
        this.#flip(out);
      }
    }
    return false;
  }

  found(): BestKnown {
    return { isHuge: this.#isHuge, walkNs: this.#walkNs, waste: this.#waste };
  }

  #flip(block: number): void {
    this.#isHuge[block] = 1 - this.#isHuge[block];
    this.#waste += this.#isHuge[block] === 1 ? this.#table.waste[block] : -this.#table.waste[block];
  }

  #measured(): Nanoseconds {
    const tau = characteristicTime(this.#table, this.#isHuge, this.#cpu.entries);
    return walkNsOf(this.#table, this.#isHuge, tau, this.#cpu);
  }
}
