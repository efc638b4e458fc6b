/**
 * Regions of DAMON to heat by block. DAMON says of a region how many of its samplings found it accessed, and each
 * sampling looked at one page of it: so a block gets the accesses of each region times the share of the block that the
 * region covers, however many regions that are. Regions are added up before they are cut into blocks, so that time and
 * memory depend on the blocks that were accessed and not on how often large regions were recorded.
 */
import type { RegionRecord } from '../formats/damo-record/region.js';
import type { BlockNumber, Bytes, PageGeometry } from '../vocabulary/units.js';

/** A run of accessed memory of more blocks says nothing of any one of them (256 GiB at 2 MiB). */
const MOST_BLOCKS_A_RUN = 1 << 17;
/** Blocks of all runs together; what comes on top is told. */
const MOST_BLOCKS = 1 << 20;
/** Addresses of the largest address spaces (five levels of page tables). */
const HIGHEST_ADDRESS = 2 ** 57;

/** The heat of one block. */
export interface BlockHeat {
  readonly block: BlockNumber;
  /** Accesses that samplings found, weighed by the share of the block that was looked at. */
  readonly accesses: number;
  /** Aggregations in which a part of the block was found accessed, at least. */
  readonly times: number;
}

/** What of the regions is in no block. */
export interface RegionLosses {
  idle: number;
  /** Regions whose addresses no machine has. */
  impossible: number;
  /** Runs too large to say anything of their blocks, or beyond what is kept. */
  tooLarge: number;
}

interface Run {
  readonly start: Bytes;
  readonly end: Bytes;
  /** Accesses of all regions that cover the run, and how many these are. */
  readonly accesses: number;
  readonly regions: number;
}

/** The accessed blocks of the regions of one target, ascending. */
export function* blockHeat(
  regions: readonly RegionRecord[],
  { blockBytes }: PageGeometry,
  losses: RegionLosses,
): Iterable<BlockHeat> {
  let left = MOST_BLOCKS;
  let open = { block: -1, accesses: 0, times: 0 };
  for (const run of runsOf(regions, losses)) {
    const first = Math.floor(run.start / blockBytes);
    const end = Math.ceil(run.end / blockBytes);
    if (end - first > Math.min(MOST_BLOCKS_A_RUN, left)) {
      losses.tooLarge++;
      continue;
    }
    left -= end - first;
    for (let block = first; block < end; block++) {
      if (block !== open.block) {
        if (open.block >= 0) yield open;
        open = { block, accesses: 0, times: 0 };
      }
      const covered = Math.min(run.end, (block + 1) * blockBytes) - Math.max(run.start, block * blockBytes);
      open.accesses += (run.accesses * covered) / blockBytes;
      open.times = Math.max(open.times, run.regions);
    }
  }
  if (open.block >= 0) yield open;
}

/** Between two neighbouring bounds of regions all memory is covered by the same ones. */
function* runsOf(regions: readonly RegionRecord[], losses: RegionLosses): Iterable<Run> {
  let accesses = 0;
  let covering = 0;
  let start = 0;
  for (const [bound, step] of [...stepsOf(regions, losses)].sort(([left], [right]) => left - right)) {
    if (covering > 0) yield { start, end: bound, accesses, regions: covering };
    accesses += step.accesses;
    covering += step.regions;
    start = bound;
  }
}

/** By how much accesses and regions change at each bound. */
function stepsOf(regions: readonly RegionRecord[], losses: RegionLosses) {
  const steps = new Map<Bytes, { accesses: number; regions: number }>();
  const add = (at: Bytes, accesses: number, count: number) => {
    const step = steps.get(at);
    if (step === undefined) steps.set(at, { accesses, regions: count });
    else {
      step.accesses += accesses;
      step.regions += count;
    }
  };
  for (const { start, end, accesses } of regions) {
    if (accesses === 0) losses.idle++;
    else if (!(start >= 0 && end > start && end <= HIGHEST_ADDRESS)) losses.impossible++;
    else {
      add(start, accesses, 1);
      add(end, -accesses, -1);
    }
  }
  return steps;
}
