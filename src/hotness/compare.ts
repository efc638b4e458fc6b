/** What changed between two hot maps of the same process, as far as their samples prove it. */
import { chanceBounds } from '../base/binomial.js';
import type { HotMap } from '../vocabulary/hot-map.js';
import type { BlockNumber, Fraction } from '../vocabulary/units.js';
import { boundedFraction } from './conclusions.js';
import { MOST_ACCESSES, sparseClaim, surelyWider } from './confidence.js';

/** Error of each end of the interval of a ratio: together 5 %. */
const ALPHA = 0.025;

/** What the intervals prove of a block's share of accesses. */
export type HeatChange = 'hotter' | 'colder' | 'same' | 'unknown';
/** What the intervals prove of a block's spread. */
export type Sparseness = 'sparse' | 'wider' | 'unknown';

/** Samples of a block out of all samples of its file. */
export interface Part {
  readonly samples: number;
  readonly of: number;
}

/** One block before and after. */
export interface BlockChange {
  readonly block: BlockNumber;
  readonly before: Part;
  readonly after: Part;
  /** 95 % interval of (share of the accesses after) / (share before); `high` is infinite when nothing bounds it. */
  readonly low: number;
  readonly high: number;
  readonly heat: HeatChange;
  readonly sparseBefore: Sparseness;
  readonly sparseAfter: Sparseness;
}

/** By how much a block must have changed. */
export interface CompareOptions {
  /** A block is hotter when its share surely grew by this factor, colder when it surely fell by it. */
  readonly factor: number;
  readonly sparseBelow: Fraction;
}

/**
 * Interval of the ratio of two shares of the accesses that samples speak for: given the samples of both together, those
 * after are binomial.
 */
export function ratioBounds(before: Part, after: Part): { readonly low: number; readonly high: number } {
  const both = before.samples + after.samples;
  if (both === 0) return { low: 0, high: Number.POSITIVE_INFINITY };
  const { low, high } = chanceBounds(after.samples, both, ALPHA);
  const scale = before.of / after.of;
  return { low: (scale * low) / (1 - low), high: (scale * high) / (1 - high) };
}

/** Every block that either map has samples of, ascending. `before.of` and `after.of` are all samples of the files. */
export function compareMaps(
  before: HotMap | undefined,
  after: HotMap | undefined,
  all: { readonly before: number; readonly after: number },
  options: CompareOptions,
): readonly BlockChange[] {
  const blocks = new Set([...(before?.blocks() ?? []), ...(after?.blocks() ?? [])]);
  return [...blocks]
    .sort((a, b) => a - b)
    .map((block) => compareBlock(before, after, block, all, options))
    .filter((change) => change.before.samples + change.after.samples > 0);
}

function compareBlock(
  before: HotMap | undefined,
  after: HotMap | undefined,
  block: BlockNumber,
  all: { readonly before: number; readonly after: number },
  { factor, sparseBelow }: CompareOptions,
): BlockChange {
  const parts = {
    before: { samples: before?.block(block)?.samples ?? 0, of: all.before },
    after: { samples: after?.block(block)?.samples ?? 0, of: all.after },
  };
  const bounds = ratioBounds(parts.before, parts.after);
  return {
    block,
    ...parts,
    ...bounds,
    heat: heatChange(bounds, factor),
    sparseBefore: sparseness(before, block, sparseBelow),
    sparseAfter: sparseness(after, block, sparseBelow),
  };
}

function heatChange(
  { low, high }: { readonly low: number; readonly high: number },
  factor: number,
): HeatChange {
  if (low >= factor) return 'hotter';
  if (high <= 1 / factor) return 'colder';
  return low > 1 / factor && high < factor ? 'same' : 'unknown';
}

function sparseness(map: HotMap | undefined, block: BlockNumber, below: Fraction): Sparseness {
  const fraction = map && boundedFraction(map, block);
  if (fraction === undefined) return 'unknown';
  if (sparseClaim(fraction, below, MOST_ACCESSES) !== undefined) return 'sparse';
  return surelyWider(fraction, below) ? 'wider' : 'unknown';
}
