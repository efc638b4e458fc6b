/**
 * The shape in which DAMON acts on exactly the blocks it is told, on every kernel.
 *
 * Address filters alone do not: on 6.12 they hardly ever match, and on a large region the boundary that a filter
 * cut is merged away again. One large region does not either: DAMON cuts regions into at least nr_regions/min
 * pieces anywhere, and a huge page across a cut is skipped while the statistics still say that all was applied.
 *
 * So every block is one fvaddr region, and nr_regions/min = nr_regions/max = their number. Then the size limit of a
 * region (total size / nr_regions/min, damon_region_sz_limit()) is one block: nothing is cut at the start, two
 * neighbours are too large to merge, and with the maximum reached nothing is split either
 * (kdamond_split_regions()). The kernel wants at least three regions; ranges that map nothing fill up.
 */
import {
  type AddressRange,
  ANY_COUNT,
  ANY_SIZE,
  type DamonContext,
  type DamosQuotas,
  type DamosWatermarks,
  filterOf,
  NO_INTERVALS_GOAL,
  NO_QUOTAS,
  NO_WATERMARKS,
  schemeOf,
} from '../../vocabulary/damon.js';
import type { BlockNumber, Order, PageGeometry, ProcessId } from '../../vocabulary/units.js';

/** One action on blocks of one process, as a scheme is to do it. */
export interface BlockOrder {
  readonly pid: ProcessId;
  readonly action: string;
  /** Written to target_order where it is given. */
  readonly targetOrder: Order | undefined;
  readonly blocks: readonly BlockNumber[];
  /** The kernel can end a scheme after one pass by itself; otherwise the quota does. */
  readonly snapshotLimit: boolean;
}

/** Bounds that the kernel keeps by itself while the scheme runs. */
export interface Pacing {
  /** Blocks in a second at most; 0 for no bound. */
  readonly blocksPerSecond: number;
  /** The scheme rests while less than this share of memory is free, in permil; 0 for no bound. */
  readonly minFreePermil: number;
}

/** No bound: the scheme acts as fast as the kernel can. */
export const NO_PACING: Pacing = { blocksPerSecond: 0, minFreePermil: 0 };

/** damon_set_attrs() wants at least three regions. */
const FEWEST_REGIONS = 3;
/** One sample is one aggregation: DAMON looks once, as it must, and then acts at once. */
const ACTING_INTERVAL_US = 50_000n;
/**
 * Between two passes on kernels without max_nr_snapshots: long enough to stop the kdamond after the first. Commands
 * are carried out once a sample, before the schemes, so that one sample must not be one pass there.
 */
const SLOW_PASS_US = 1_000_000n;
const UPDATE_US = 60_000_000n;
/** Blocks of a tenth of a second, or one, are done in one go: the kernel spends a quota at the start of its window. */
const WINDOW_S = 0.1;
/** Longer than any run: with a quota of all blocks, the first pass is the only one. */
const NEVER_MS = 86_400_000n;
const WATERMARK_INTERVAL_US = 200_000n;

/** How many ranges that map nothing are needed beside so many blocks. */
export function padsNeeded(blocks: number): number {
  return Math.max(0, FEWEST_REGIONS - blocks);
}

/**
 * Returns a DAMON context with one region for each block, its neighbours padded, and one scheme that fits
 * exactly the blocks.
 */
export function blockContext(
  order: BlockOrder,
  pads: readonly AddressRange[],
  pacing: Pacing,
  geometry: PageGeometry,
): DamonContext {
  const blocks = uniqueAscending(order.blocks).map((block) => blockRange(block, geometry));
  const regions = [...blocks, ...pads].sort((left, right) => (left.start < right.start ? -1 : 1));
  const count = BigInt(regions.length);
  const scheme = schemeOf(order.action, {
    targetOrder: order.targetOrder,
    pattern: { size: ANY_SIZE, accesses: ANY_COUNT, age: ANY_COUNT },
    quotas: blockQuotas(blocks.length, pacing, geometry),
    watermarks: watermarks(pacing),
    // Second safeguard: reject the padding ranges, so that memory mapped there later is never acted on.
    filters: pads.map((address) => filterOf('addr', { matching: true, allow: false, address })),
    maxSnapshots: order.snapshotLimit ? 1n : 0n,
  });
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: ACTING_INTERVAL_US,
      aggregationUs: order.snapshotLimit ? ACTING_INTERVAL_US : SLOW_PASS_US,
      updateUs: UPDATE_US,
      goal: NO_INTERVALS_GOAL,
    },
    regions: { min: count, max: count },
    targets: [{ pid: order.pid, regions, obsolete: false }],
    schemes: [scheme],
  };
}

/**
 * Only whole blocks: a quota that ends inside a region makes DAMON cut the region there, and neither part is a huge
 * page then. A time quota is turned into bytes by the kernel's own estimate and would cut anywhere, so it is not used.
 * A quota of all blocks that never resets is a second bound on passes. It is none on 6.12: that kernel sets the size
 * of its first window only when the second begins.
 */
function blockQuotas(blocks: number, pacing: Pacing, geometry: PageGeometry): DamosQuotas {
  const paced = pacing.blocksPerSecond > 0 && pacing.blocksPerSecond < blocks;
  const each = paced ? Math.max(1, Math.floor(pacing.blocksPerSecond * WINDOW_S)) : blocks;
  return {
    ...NO_QUOTAS,
    bytes: BigInt(each) * BigInt(geometry.blockBytes),
    resetMs: paced ? BigInt(Math.ceil((1000 * each) / pacing.blocksPerSecond)) : NEVER_MS,
  };
}

/** high and mid are out of the way: only scarcity stops the scheme, never plenty. */
function watermarks({ minFreePermil }: Pacing): DamosWatermarks {
  if (minFreePermil <= 0) return NO_WATERMARKS;
  const low = BigInt(Math.min(999, Math.ceil(minFreePermil)));
  return { metric: 'free_mem_rate', intervalUs: WATERMARK_INTERVAL_US, high: 1000n, mid: 1000n, low };
}

/** Returns the byte addresses of a block: `[block × blockBytes, (block + 1) × blockBytes)`. */
export function blockRange(block: BlockNumber, geometry: PageGeometry): AddressRange {
  const start = BigInt(block) * BigInt(geometry.blockBytes);
  return { start, end: start + BigInt(geometry.blockBytes) };
}

function uniqueAscending(blocks: readonly BlockNumber[]): BlockNumber[] {
  return [...new Set(blocks)].sort((left, right) => left - right);
}
