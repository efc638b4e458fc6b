/**
 * Watches fixed ranges of a process for a while: each range is one fvaddr region, and with nr_regions/min = max =
 * their number DAMON neither merges nor splits them when they are of one size. Every range so gets a count of its
 * own: in how many of the window's samples it looked accessed.
 */
import type { Result } from '../base/result.js';
import { failure, success } from '../base/result.js';
import type { Refusal } from '../host/host.js';
import { type AddressRange, type DamonContext, NO_INTERVALS_GOAL, schemeOf } from '../vocabulary/damon.js';
import type { Milliseconds, ProcessId } from '../vocabulary/units.js';
import { numberAt } from './kernel-files.js';
import type { DamonSlot, TriedRegion } from './slot.js';
import { unmappedRanges } from './unmapped.js';

/** Which ranges to watch, and for how long. */
export interface WatchRequest {
  readonly pid: ProcessId;
  /** Sorted, apart or touching; of one size for `watchRanges`. */
  readonly ranges: readonly AddressRange[];
  readonly windowMs: Milliseconds;
  /** Waits so long, or less when the watch is to end early: then the counts are of the time until there. */
  wait(duration: Milliseconds): Promise<void>;
}

/** Ranges with the number of samples in which each looked accessed. */
export interface Watched {
  readonly regions: readonly TriedRegion[];
  /** Samples in the window: the largest count that a region can have. */
  readonly samples: number;
  /** Sampling interval at the end where DAMON was asked to tune it; undefined otherwise. */
  readonly tunedUs?: number;
}

const FEWEST_REGIONS = 3;
const SHORTEST_SAMPLE_US = 5_000;
/** A check of one region takes about a microsecond; DAMON is to spend no more than a tenth of a CPU. */
const SAMPLE_US_PER_REGION = 10;
const UPDATE_US = 60_000_000n;

/** Fixed ranges, one count each. */
export async function watchRanges(slot: DamonSlot, request: WatchRequest): Promise<Result<Watched, Refusal>> {
  const pads = padsFor(slot, request);
  const regions = [...request.ranges, ...pads].sort((left, right) => Number(left.start - right.start));
  const sampleUs = Math.max(SHORTEST_SAMPLE_US, regions.length * SAMPLE_US_PER_REGION);
  const context = watchContext(request, regions, sampleUs);
  const staged = await slot.stage(context);
  if (!staged.ok) return staged;
  const started = await slot.start();
  if (!started.ok) return started;
  await request.wait(request.windowMs + (3 * sampleUs) / 1000);
  const [{ start: first, end }] = request.ranges;
  const tried = await slot.triedCounts(0, end - first);
  await slot.stop();
  if (!tried.ok) return failure(tried.error);
  const wanted = new Set(request.ranges.map(({ start }) => start));
  const samples = Number(context.intervals.aggregationUs / context.intervals.sampleUs);
  return success({ regions: tried.value.filter(({ start }) => wanted.has(start)), samples });
}

function padsFor(slot: DamonSlot, { pid, ranges }: WatchRequest): AddressRange[] {
  const maps = slot.host.files.readText(`/proc/${pid}/maps`);
  const { geometry } = slot.host.identity;
  const count = Math.max(0, FEWEST_REGIONS - ranges.length);
  const size = ranges[0].end - ranges[0].start;
  return unmappedRanges(maps.ok ? maps.value : '', count, geometry).map(({ start }) => ({
    start,
    end: start + size,
  }));
}

/**
 * The window is one aggregation, so that counts run through it. The scheme applies at every sample, where the kernel
 * reports a moving sum over the last window, so that asking for regions does not wait for a window's end.
 */
function watchContext(
  request: WatchRequest,
  regions: readonly AddressRange[],
  sampleUs: number,
): DamonContext {
  const count = BigInt(regions.length);
  const samples = Math.max(1, Math.round((request.windowMs * 1000) / sampleUs));
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: BigInt(sampleUs),
      aggregationUs: BigInt(samples * sampleUs),
      updateUs: UPDATE_US,
      goal: NO_INTERVALS_GOAL,
    },
    regions: { min: count, max: count },
    targets: [{ pid: request.pid, regions, obsolete: false }],
    schemes: [schemeOf('stat', { applyIntervalUs: BigInt(sampleUs) })],
  };
}

/** Adaptive watching for what is too large for a region a block: DAMON chooses regions inside the given ranges. */
export async function watchAdaptively(
  slot: DamonSlot,
  request: WatchRequest,
): Promise<Result<Watched, Refusal>> {
  const context = adaptiveContext(request, slot.features().intervalsGoal);
  const staged = await slot.stage(context);
  if (!staged.ok) return staged;
  const started = await slot.start();
  if (!started.ok) return started;
  await request.wait(request.windowMs);
  const tunedUs = await tunedInterval(slot, context);
  const tried = await slot.triedRegions(0);
  await slot.stop();
  if (!tried.ok) return failure(tried.error);
  return success({
    regions: tried.value,
    samples: ADAPTIVE_SAMPLES,
    ...(tunedUs === undefined ? {} : { tunedUs }),
  });
}

async function tunedInterval(slot: DamonSlot, { intervals }: DamonContext): Promise<number | undefined> {
  if (intervals.goal.aggregations === 0n || !(await slot.command('update_tuned_intervals')).ok) {
    return undefined;
  }
  const file = 'contexts/0/monitoring_attrs/intervals/sample_us';
  return Number(numberAt(slot.host, `${slot.path}/${file}`) ?? intervals.sampleUs);
}

/** Tuning changes both intervals by one factor, so that this stays. */
const ADAPTIVE_SAMPLES = 20;
/** Sampling interval that DAMON begins with where it may tune it. */
export const ADAPTIVE_SAMPLE_US = 5_000;
const MOST_REGIONS = 1000n;
/** DAMON tunes its intervals until it sees this share of the accesses it could see at most, as DAMON_STAT does. */
const TUNED_TO_BASIS_POINTS = 400n;

function adaptiveContext(request: WatchRequest, tunes: boolean): DamonContext {
  const tuned = {
    accessBasisPoints: TUNED_TO_BASIS_POINTS,
    aggregations: 3n,
    minSampleUs: BigInt(ADAPTIVE_SAMPLE_US),
    maxSampleUs: 1_000_000n,
  };
  const fewest = BigInt(Math.max(FEWEST_REGIONS, Math.min(request.ranges.length, Number(MOST_REGIONS))));
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: BigInt(ADAPTIVE_SAMPLE_US),
      aggregationUs: BigInt(ADAPTIVE_SAMPLE_US * ADAPTIVE_SAMPLES),
      updateUs: UPDATE_US,
      goal: tunes ? tuned : NO_INTERVALS_GOAL,
    },
    regions: { min: fewest, max: MOST_REGIONS },
    targets: [{ pid: request.pid, regions: request.ranges, obsolete: false }],
    schemes: [schemeOf('stat', { applyIntervalUs: BigInt(ADAPTIVE_SAMPLE_US) })],
  };
}
