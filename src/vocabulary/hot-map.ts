/**
 * Noun 2: per process, what is known of the sub-pages of each 2 MiB block. Two kinds of knowledge, kept apart:
 * heat (how often samples hit a sub-page) and content (which sub-pages hold anything but zeroes).
 */
import type { SampleNature } from './nature.js';
import type { ProcessIdentity } from './process.js';
import type { SampleOrigin } from './sample.js';
import type { BlockNumber, Fraction, Order, PageGeometry, Pages } from './units.js';

/**
 * What a block's samples prove of how its accesses are spread over its sub-pages. Bounds hold with 95 % confidence for
 * every distribution of the accesses, when each access of the window is as likely to be sampled as any other.
 */
export interface HotFraction {
  readonly samples: number;
  /** Share of sub-pages with at least one sample: accessed for certain. */
  readonly seen: Fraction;
  /**
   * Least and most spread: the sub-pages that 90 % of the accesses need, divided by 0.9 of all, so that accesses spread
   * evenly over a share of the sub-pages have that share as their spread.
   */
  readonly low: Fraction;
  readonly high: Fraction;
  /** Sets of sub-pages that take most of the accesses, the one that bounds the spread better first. */
  readonly kept: readonly KeptPages[];
  /** Why nothing is kept: an even walk over all pages may look like this. */
  readonly inStep?: InStep;
}

/**
 * Samples by a fixed period that look as if they were in step with a walk: they lie on pages of one distance, of which the
 * period is a multiple, or (no distance) they are spread more evenly than chance would.
 */
export interface InStep {
  readonly distance?: Pages;
  readonly period: number;
}

/** A claim: at least `least` of a block's accesses fall on these sub-pages. */
export interface KeptPages {
  /** Sub-pages are taken by whole pieces of this order. */
  readonly order: Order;
  /** Pieces with at least this many samples are kept. */
  readonly leastSamples: number;
  readonly pages: Pages;
  /** `pages` as a share of the block. */
  readonly share: Fraction;
  /** Share of the accesses that falls on them: expected (Good and Turing), and at least. */
  readonly expected: Fraction;
  readonly least: Fraction;
}

/** Reads one block of a hot map. Returned objects are snapshots; the map itself is columns. */
export interface HotBlock {
  readonly block: BlockNumber;
  /** Number of samples, and the accesses they stand for. */
  readonly samples: number;
  readonly weight: number;
  /** Sub-pages with at least one sample. */
  readonly touched: Pages;
  /** Sub-pages with exactly one and exactly two samples; undefined in a map that keeps bitmaps only. */
  readonly once: Pages | undefined;
  readonly twice: Pages | undefined;
  /**
   * Accesses of `weight` that missed the TLB: the best rank for a collapse. Undefined when the samples do not tell.
   */
  readonly tlbMisses: number | undefined;
  /**
   * Share of the block's accesses that the samples cannot speak for: lost, throttled, multiplexed, or faded with age.
   * 0 to 1; widens every interval built on the samples.
   */
  readonly unseenShare: Fraction;
  /** Sub-pages that hold data, or undefined when the content was not read. */
  readonly filled: Pages | undefined;
}

/** Heat and content of the blocks of one process. */
export interface HotMap {
  readonly process: ProcessIdentity;
  readonly geometry: PageGeometry;
  /** Of the heat in this map, and of the content. */
  readonly origins: readonly SampleOrigin[];
  /** What the counters are samples of; undefined without heat. Samples of two natures are never in one map. */
  readonly nature: SampleNature | undefined;
  /** Heat of the same process of other natures, each in a map of its own. */
  readonly apart: readonly HotMap[];
  /** As HotBlock says it, of all blocks. */
  readonly unseenShare: Fraction;
  /** Finest granularity of any origin with heat; policies that need sub-page heat check it. */
  readonly subPageHeat: boolean;
  /** Number of tracked blocks. */
  readonly size: number;
  /** Tracked blocks in ascending order. */
  blocks(): Float64Array;
  block(block: BlockNumber): HotBlock | undefined;
  /** Copies the block's per-sub-page counters into `into` (length pagesPerBlock); false when it has none. */
  counts(block: BlockNumber, into: Uint16Array): boolean;
  /** As `counts` and `block` together, of a block with samples; undefined of one without. */
  countedBlock(block: BlockNumber, into: Uint16Array): Pick<HotBlock, 'samples' | 'weight'> | undefined;
  /** As `counts`, of the samples that missed the TLB; false when there are none, or the recording does not tell. */
  tlbMissCounts(block: BlockNumber, into: Uint16Array): boolean;
  /** Copies the bitmap of sub-pages that hold data into `into` (pagesPerBlock / 8 bytes); false when not read. */
  filled(block: BlockNumber, into: Uint8Array): boolean;
  /** Samples that were not placed, by reason. */
  readonly unplaced: Readonly<Record<string, number>>;
  /** Bytes of memory that the map itself takes. */
  readonly byteLength: number;
}
