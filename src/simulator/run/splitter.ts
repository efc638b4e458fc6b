/**
 * A program that splits huge pages again and again, with or without patience: the one side of a ping-pong with
 * khugepaged. A split is COLD over the block, then COLD on one page of it, so that nothing looks referenced.
 */

import { adviseRange } from '../../model/kernel/advice/madvise.js';
import type { Kernel } from '../../model/kernel/state/kernel.js';
import type { Mm } from '../../model/kernel/state/mm.js';
import { ENTRY } from '../../model/kernel/state/page-tables.js';
import type { BlockNumber, Nanoseconds, PageNumber, Pages } from '../../vocabulary/units.js';

interface Feud {
  recollapses: number;
  /** Left alone until then; 0 when no pause is on. */
  until: Nanoseconds;
}

/** What the splitter did. */
export interface SplitterCounts {
  splits: number;
  failed: number;
  recollapses: number;
  /** Blocks passed over because they were collapsed again not long ago. */
  heldBack: number;
  ns: Nanoseconds;
}

/** Splits the huge pages of one process at each of its turns. */
export class Splitter {
  readonly counts: SplitterCounts = { splits: 0, failed: 0, recollapses: 0, heldBack: 0, ns: 0 };
  readonly #kernel: Kernel;
  readonly #mm: Mm;
  /** First pause after a re-collapse; undefined splits at once, every time. */
  readonly #backOff: Nanoseconds | undefined;
  readonly #wasSplit = new Map<BlockNumber, Feud>();

  constructor(kernel: Kernel, mm: Mm, backOff: Nanoseconds | undefined) {
    this.#kernel = kernel;
    this.#mm = mm;
    this.#backOff = backOff;
  }

  /** One round over the blocks of `pages` pages from `first`. */
  round(first: PageNumber, pages: Pages): void {
    const perBlock = this.#kernel.geometry.pagesPerBlock;
    for (let page = first; page + perBlock <= first + pages; page += perBlock) {
      if (this.#isHuge(page / perBlock)) this.#consider(page / perBlock);
    }
  }

  #consider(block: BlockNumber): void {
    const feud = this.#wasSplit.get(block);
    if (feud === undefined) this.#split(block);
    else if (this.#kernel.clock.now < feud.until) this.counts.heldBack++;
    else if (feud.until === 0 || this.#backOff === undefined) this.#meetRecollapse(block, feud);
    else {
      // The pause is over; the next re-collapse doubles it.
      feud.until = 0;
      this.#split(block);
    }
  }

  /** A block that was split is huge again: khugepaged undid it. */
  #meetRecollapse(block: BlockNumber, feud: Feud): void {
    this.counts.recollapses++;
    feud.recollapses++;
    if (this.#backOff === undefined) {
      this.#split(block);
      return;
    }
    feud.until = this.#kernel.clock.now + this.#backOff * 2 ** (feud.recollapses - 1);
    this.counts.heldBack++;
  }

  #split(block: BlockNumber): void {
    const first = block * this.#kernel.geometry.pagesPerBlock;
    const end = first + this.#kernel.geometry.pagesPerBlock;
    const aged = adviseRange(this.#kernel, this.#mm, first, end, 'MADV_COLD');
    const split = adviseRange(this.#kernel, this.#mm, first, first + 1, 'MADV_COLD');
    this.counts.ns += aged.cost + split.cost;
    if (this.#isHuge(block)) {
      this.counts.failed++;
      return;
    }
    this.counts.splits++;
    if (!this.#wasSplit.has(block)) this.#wasSplit.set(block, { recollapses: 0, until: 0 });
  }

  #isHuge(block: BlockNumber): boolean {
    const { tables } = this.#kernel;
    return (tables.pmdBits[tables.pmdOf(this.#mm, block)] & ENTRY.present) !== 0;
  }
}
