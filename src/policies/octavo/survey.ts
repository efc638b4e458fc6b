/** From what is known of all processes to one table of their blocks: what the curve and the decisions work on. */

import { expectedByUse } from '../../belief/heat-by-use.js';
import { walkWeight } from '../../belief/ledger.js';
import {
  blockMean,
  exposureWithPrior,
  shapeBetween,
  shapeWithin,
  sureShapeBetween,
  unevennessOf,
} from '../../belief/prior.js';
import type { ProcessBelief } from '../../belief/process-belief.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../../vocabulary/page-sizes.js';
import type { Translation } from '../../vocabulary/translation.js';
import type { Pages } from '../../vocabulary/units.js';
import { entryShapes } from './entry-shapes.js';
import { type LayoutTable, LayoutTableBuilder } from './layout-table.js';

/** One process as the policy sees it. */
export interface Surveyed {
  readonly sizes: PageSizes;
  readonly heat: HotMap | undefined;
  readonly belief: ProcessBelief;
}

/** The blocks of all processes as one table, with what decides about each. */
export interface Survey {
  readonly table: LayoutTable;
  /** By block of the table: which process, and which row of its page sizes. */
  readonly process: Uint32Array;
  readonly row: Uint32Array;
  /** 1 where one PMD entry maps it now. */
  readonly isHuge: Uint8Array;
  /** Sub-pages that hold data, or that are present where the content was not read. */
  readonly used: Uint16Array;
  /** 1 where the content of a huge page was not read, so that what a split returns is not known. */
  readonly isUnread: Uint8Array;
  /** Samples in the belief. */
  readonly samples: Float64Array;
  /** What they and the likeness of the process's blocks are worth together: the shape of the Gamma of the block's rate. */
  readonly sureness: Float64Array;
  /** Samples of the last turn, and those of them that missed the TLB: NaN where the samples do not tell. */
  readonly recent: Float64Array;
  readonly walks: Float64Array;
}

/** How blocks are taken to differ before that is found: as much as they are hot. */
const ALIKE = 1;
/** In place of none: rates are then as good as infinite, and uncertain. */
const LEAST_EXPOSURE = 1e-9;

interface Gathered {
  readonly of: Surveyed;
  readonly index: number;
  readonly rows: number[];
  readonly used: number[];
  /** Sub-pages that take entries: those with data, and zeroes that are read. */
  readonly taking: number[];
  readonly totals: number[];
  /** Sums of the squares of the counts. */
  readonly squares: number[];
  readonly exposures: number[];
}

/** Reads sizes, beliefs and content of each process into the table. */
export class Surveyor {
  readonly #counts: Float64Array;
  readonly #filled: Uint8Array;
  readonly #isEmpty: Uint8Array;
  readonly #entries: Float64Array;
  readonly #cpu: Translation;
  readonly #pages: Pages;
  readonly #columns = columns();

  constructor(pagesPerBlock: Pages, cpu: Translation) {
    this.#pages = pagesPerBlock;
    this.#cpu = cpu;
    this.#counts = new Float64Array(pagesPerBlock);
    this.#filled = new Uint8Array(pagesPerBlock / 8);
    this.#isEmpty = new Uint8Array(pagesPerBlock);
    this.#entries = new Float64Array(pagesPerBlock);
  }

  survey(processes: readonly Surveyed[]): Survey {
    const builder = new LayoutTableBuilder(this.#pages);
    for (const [index, one] of processes.entries()) this.#add(builder, this.#gather(one, index));
    const { process, row, isHuge, used, isUnread, samples, sureness, recent, walks } = this.#columns;
    return {
      table: builder.build(),
      process: Uint32Array.from(process),
      row: Uint32Array.from(row),
      isHuge: Uint8Array.from(isHuge),
      used: Uint16Array.from(used),
      isUnread: Uint8Array.from(isUnread),
      samples: Float64Array.from(samples),
      sureness: Float64Array.from(sureness),
      recent: Float64Array.from(recent),
      walks: Float64Array.from(walks),
    };
  }

  /** First pass: what the prior of the process is made of. */
  #gather(of: Surveyed, index: number): Gathered {
    const { blocks } = of.sizes;
    const found: Gathered = {
      ...{ of, index, rows: [], used: [], taking: [], totals: [], squares: [], exposures: [] },
    };
    for (let row = 0; row < blocks.count; row++) {
      if (!isCandidate(of.sizes, row)) continue;
      const block = blocks.block[row];
      const belief = of.belief.block(block, this.#counts);
      found.rows.push(row);
      if (belief === undefined) this.#counts.fill(0);
      const used = this.#usedOf(of, row);
      found.used.push(used);
      found.taking.push(this.#takingOf(of, row, used));
      found.totals.push(belief?.total ?? 0);
      found.squares.push(belief === undefined ? 0 : sumOfSquares(this.#counts));
      found.exposures.push(belief?.exposure ?? of.belief.exposure.long);
    }
    return found;
  }

  #add(builder: LayoutTableBuilder, found: Gathered): void {
    const { of, rows, used, taking, totals, exposures } = found;
    // Counts of blocks whose heat changed stand for less time than the others': brought to one exposure.
    const long = of.belief.exposure.long;
    const atLong = totals.map((total, at) => (exposures[at] === 0 ? 0 : (total * long) / exposures[at]));
    const { expected, between } = priorOf(atLong, taking);
    const sure = sureShapeBetween(between, rows.length, sum(atLong) / Math.max(1, rows.length));
    const means = rows.map((_, at) =>
      blockMean(
        totals[at],
        taking[at],
        long === 0 ? expected[at] : (expected[at] * exposures[at]) / long,
        between,
      ),
    );
    const within = this.#within(found, means);
    const worth = walkWeight(of.belief.ledger);
    rows.forEach((row, at) => {
      const belief = of.belief.block(of.sizes.blocks.block[row], this.#counts);
      if (belief === undefined) this.#counts.fill(0);
      const isUnread = this.#markEmpty(of, row, used[at]);
      for (let page = 0; page < this.#pages; page++) {
        if (this.#isEmpty[page] === 0) this.#counts[page] += within;
      }
      const exposure = exposureWithPrior(Math.max(exposures[at], LEAST_EXPOSURE), within, means[at]);
      const runs = { pages: this.#cpu.runBy === 'physical' ? this.#cpu.runPages : 1 };
      const entries = entryShapes(this.#counts, this.#isEmpty, runs, this.#entries);
      const waste = (this.#pages - used[at]) * of.sizes.geometry.pageBytes;
      builder.add(exposure, this.#entries, entries, isUnread ? 0 : waste, { worth, pages: used[at] });
      this.#note(found, at, row, isUnread);
      this.#columns.sureness.push(totals[at] + Math.max(1, sure));
    });
  }

  #within({ taking, totals, squares }: Gathered, means: readonly number[]): number {
    const sums = { squares: 0, excess: 0 };
    means.forEach((mean, at) => {
      const one = unevennessOf(totals[at], squares[at], taking[at], mean);
      sums.squares += one.squares;
      sums.excess += one.excess;
    });
    return shapeWithin(sums);
  }

  #note({ of, index, used, totals }: Gathered, at: number, row: number, isUnread: boolean): void {
    const all = this.#columns;
    all.process.push(index);
    all.row.push(row);
    all.isHuge.push(of.sizes.blocks.level[row] === MAPPING_LEVEL.pmd ? 1 : 0);
    all.used.push(used[at]);
    all.isUnread.push(isUnread ? 1 : 0);
    all.samples.push(totals[at]);
    const { belief } = of;
    const last = belief.counts.lastTurn(of.sizes.blocks.block[row]);
    all.recent.push(last.samples);
    all.walks.push(belief.tellsWalks ? last.walks : Number.NaN);
  }

  /** Sub-pages in use: those with data, or present ones; all of a huge page that was not read. */
  #usedOf({ sizes, heat }: Surveyed, row: number): Pages {
    const { blocks } = sizes;
    const isHuge = blocks.level[row] === MAPPING_LEVEL.pmd;
    if (!isHuge) return blocks.present[row];
    return heat?.block(blocks.block[row])?.filled ?? this.#pages;
  }

  /** Of a huge page whose content was read also the zeroes that are read: a block of zeroes alone can be hot. */
  #takingOf(of: Surveyed, row: number, used: Pages): Pages {
    if (of.sizes.blocks.level[row] !== MAPPING_LEVEL.pmd || this.#markEmpty(of, row, used)) return used;
    return this.#isEmpty.reduce((pages, isEmpty) => pages - isEmpty, this.#pages);
  }

  /**
   * Marks sub-pages that are not in use. Of small pages only their number is known now. Returns whether the content of a huge page was not read.
   */
  #markEmpty({ sizes, heat, belief }: Surveyed, row: number, used: Pages): boolean {
    const { blocks } = sizes;
    const isHuge = blocks.level[row] === MAPPING_LEVEL.pmd;
    if (isHuge && heat?.filled(blocks.block[row], this.#filled)) {
      for (let page = 0; page < this.#pages; page++) {
        const isFilled = (this.#filled[page >> 3] >> (page & 7)) & 1;
        // Zeroes that are read take an entry, too.
        this.#isEmpty[page] = isFilled === 1 || this.#counts[page] > 0.5 ? 0 : 1;
      }
      return false;
    }
    if (isHuge) {
      this.#isEmpty.fill(0);
      return true;
    }
    this.#spreadUsed(used, belief.counts.filled(blocks.block[row]));
    return false;
  }

  /**
   * Pages with samples are in use, and those that held data when it was a huge page. Others that must be lie evenly among
   * the rest: side by side they would make runs that are not there.
   */
  #spreadUsed(used: Pages, filled: Uint8Array | undefined): void {
    let known = 0;
    for (let page = 0; page < this.#pages; page++) {
      const held = filled === undefined ? 0 : (filled[page >> 3] >> (page & 7)) & 1;
      this.#isEmpty[page] = this.#counts[page] > 0 || held === 1 ? 0 : 1;
      known += 1 - this.#isEmpty[page];
    }
    const share = Math.max(0, used - known) / Math.max(1, this.#pages - known);
    let due = 0;
    for (let page = 0; page < this.#pages; page++) {
      if (this.#isEmpty[page] === 0) continue;
      due += share;
      if (due < 1 - 1e-9) continue;
      due--;
      this.#isEmpty[page] = 0;
    }
  }
}

/** Anonymous memory of the process's own, whole in its mapping. */
export function isCandidate({ blocks, mappings }: PageSizes, row: number): boolean {
  const { kind } = mappings[blocks.mapping[row]];
  const flags = blocks.flags[row];
  if (kind !== 'anon' || (flags & BLOCK_FLAG.shared) !== 0 || blocks.present[row] === 0) return false;
  return blocks.level[row] === MAPPING_LEVEL.pmd || (flags & BLOCK_FLAG.wholeInMapping) !== 0;
}

/** What is expected of each block, and how blocks differ from it; without any sample, as if there had been one. */
function priorOf(totals: readonly number[], used: readonly Pages[]) {
  const alike = expectedByUse(totals, used, ALIKE);
  const expected = expectedByUse(totals, used, shapeBetween(totals, alike));
  return { expected, between: shapeBetween(totals, expected) };
}

function sumOfSquares(counts: Float64Array): number {
  let all = 0;
  for (let page = 0; page < counts.length; page++) all += counts[page] * counts[page];
  return all;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => all + value, 0);
}

function columns() {
  const column = (): number[] => [];
  return {
    process: column(),
    row: column(),
    isHuge: column(),
    used: column(),
    isUnread: column(),
    samples: column(),
    sureness: column(),
    recent: column(),
    walks: column(),
  };
}
