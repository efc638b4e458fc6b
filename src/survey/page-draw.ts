/**
 * Single pages of huge blocks, drawn at random and looked at for zeroes. They say how much of all huge pages is empty far
 * better than as many bytes of whole blocks, which are alike inside; what a policy would split only whole blocks tell.
 */
import type { ProcessMemory } from '../host/host.js';
import { markFilled, readableBlocks } from '../sources/occupancy.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import {
  type BlockNumber,
  blockToPage,
  type Fraction,
  type Nanoseconds,
  type PageNumber,
} from '../vocabulary/units.js';
import type { LockMeter } from './lock-meter.js';
import type { Look } from './look.js';
import { shuffled } from './pieces.js';

/** A page that was looked at. */
export interface DrawnPage {
  readonly block: BlockNumber;
  readonly isZero: boolean;
}

/** When drawing must end. */
export interface PageBudget {
  /** Time of the process's lock, by what the reads take. */
  readonly lockNs: Nanoseconds;
  readonly untilNs: Nanoseconds;
  readonly signal: AbortSignal;
}

/** More pages make bounds hardly narrower. */
const MOST_PAGES = 4096;
/** Of all pages; beyond it most draws meet pages that were drawn. */
const MOST_SHARE: Fraction = 0.5;

/** Draws from each readable block as many pages as from any other, as far as the budget goes; at least one of some. */
export function drawPages(meter: LockMeter, look: Look, budget: PageBudget): readonly DrawnPage[] {
  const { sizes } = look;
  const { rows } = readableBlocks(sizes);
  const { calls, random } = meter.host;
  const memory = rows.length === 0 ? undefined : calls.openMemory(sizes.process.pid);
  if (!memory?.ok) return [];
  const draw = new PageDraw(meter, sizes, memory.value, budget);
  try {
    do draw.round(shuffled(rows, () => random.uint32()));
    while (draw.mayGoOn(rows.length));
  } finally {
    memory.value.close();
  }
  return draw.drawn;
}

class PageDraw {
  readonly drawn: DrawnPage[] = [];
  readonly #meter: LockMeter;
  readonly #sizes: PageSizes;
  readonly #memory: ProcessMemory;
  readonly #budget: PageBudget;
  readonly #began: Nanoseconds;
  readonly #into: Uint8Array;
  readonly #filled = new Uint8Array(1);
  /** Page numbers: none is drawn twice. */
  readonly #asked = new Set<PageNumber>();
  #pages = 0;

  constructor(meter: LockMeter, sizes: PageSizes, memory: ProcessMemory, budget: PageBudget) {
    this.#meter = meter;
    this.#sizes = sizes;
    this.#memory = memory;
    this.#budget = budget;
    this.#began = meter.charged(sizes.process.pid);
    this.#into = new Uint8Array(sizes.geometry.pageBytes);
  }

  /** One page of each of these blocks. The first round ends when the budget does: it is a sample of the blocks. */
  round(rows: readonly number[]): void {
    const isFirst = this.#asked.size === 0;
    if (isFirst) this.#pages = rows.length * this.#sizes.geometry.pagesPerBlock;
    for (const row of rows) {
      throwIfStopped(this.#budget.signal);
      this.#drawOne(this.#sizes.blocks.block[row]);
      if (isFirst && !this.mayGoOn(1)) break;
    }
  }

  /** Whether so many more pages are within the budget, by what those before took. */
  mayGoOn(pages: number): boolean {
    const used = this.#meter.charged(this.#sizes.process.pid) - this.#began;
    const { lockNs, untilNs } = this.#budget;
    const asked = this.#asked.size;
    const more = (used / Math.max(1, asked)) * pages;
    const most = Math.min(MOST_PAGES, MOST_SHARE * this.#pages);
    const isOver = asked + pages > most || this.#meter.host.clock.monotonicNs() >= untilNs;
    return !isOver && used + more <= lockNs;
  }

  #drawOne(block: BlockNumber): void {
    const { geometry } = this.#sizes;
    const start = blockToPage(block, geometry);
    let page = start;
    do page = start + (this.#meter.host.random.uint32() % geometry.pagesPerBlock);
    while (this.#asked.has(page));
    this.#asked.add(page);
    const read = this.#memory.read({ start: page, end: page + 1 }, this.#into);
    // What is no longer there says nothing.
    if (!read.ok || read.value < this.#into.length) return;
    markFilled(this.#into, geometry.pageBytes, this.#filled);
    this.drawn.push({ block, isZero: this.#filled[0] === 0 });
  }
}
