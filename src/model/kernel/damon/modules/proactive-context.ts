/** Contexts that DAMON's modules build from their parameters: all of memory by its physical addresses. */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { checkAttributes, UNLIMITED } from '../core/attributes.js';
import {
  type Attributes,
  atLeastOne,
  type Context,
  type Filter,
  type IntervalsGoal,
  newQuota,
  newScheme,
  type Scheme,
  type SchemeParameters,
  samplesPerAggregation,
  type Watermarks,
} from '../core/context.js';
import type { CoreBehaviour } from '../core/generations.js';
import type { MonitoredMemory } from '../core/monitored-memory.js';
import { fitRegions } from '../core/range-fitting.js';
import { RegionList } from '../core/region-list.js';
import type { Parameters } from './parameters.js';

/** What a module's context is made for. */
export interface ModuleSurroundings {
  readonly memory: MonitoredMemory;
  readonly behaviour: CoreBehaviour;
}

/** A context, or the errno with which enabling the module fails. */
export type Built = Result<Context, ErrnoName>;

const NO_GOAL: IntervalsGoal = { accessBp: 0, aggregations: 0, leastSampleUs: 0, mostSampleUs: 0 };
const COUNT_MOST = 2 ** 32 - 1;
/** An access pattern that every region fits. */
export const ANYTHING = {
  leastAccesses: 0,
  mostAccesses: COUNT_MOST,
  leastAge: 0,
  mostAge: COUNT_MOST,
} as const;

/** Auto-tuning to a share of accesses, from 5 ms and 100 ms on, sampling every 5 ms to 10 s. */
export function tunedTo(accessBp: number): Pick<Attributes, 'sampleUs' | 'aggregationUs' | 'goal'> {
  const goal = { accessBp, aggregations: 3, leastSampleUs: 5000, mostSampleUs: 10_000_000 };
  return { sampleUs: 5000, aggregationUs: 100_000, goal };
}

/** Share of accesses, in ten-thousandths, that the proactive modules tune to. */
const PROACTIVE_ACCESS_BP = 40;

/** Attributes of the modules that act; EINVAL when an interval is 0 that they divide by. */
export function attributesOf(parameters: Parameters, divisor: string): Result<Attributes, ErrnoName> {
  if (parameters.number(divisor) === 0) return failure('EINVAL');
  const tuned = parameters.flag('autotune_monitoring_intervals') ? tunedTo(PROACTIVE_ACCESS_BP) : undefined;
  return attributesFrom({
    sampleUs: parameters.number('sample_interval'),
    aggregationUs: parameters.number('aggr_interval'),
    updateUs: 0,
    leastRegions: parameters.number('min_nr_regions'),
    mostRegions: parameters.number('max_nr_regions'),
    goal: NO_GOAL,
    ...tuned,
  });
}

/** Returns checked attributes with their samples per aggregation. */
export function attributesFrom(
  given: Omit<Attributes, 'samplesPerAggregation'>,
): Result<Attributes, ErrnoName> {
  const samples = Math.floor(given.aggregationUs / atLeastOne(given.sampleUs));
  const attributes = { ...given, samplesPerAggregation: samples };
  const checked = checkAttributes(attributes);
  return checked.ok ? success(attributes) : checked;
}

/** A context of one target on a range, all of system RAM where both ends are 0 (they are then stored). */
export function physicalContext(
  { memory, behaviour }: ModuleSurroundings,
  attributes: Attributes,
  range: { start: number; end: number; readonly unit: number },
): Built {
  const { pageBytes } = memory.geometry;
  const leastRegion = Math.max(Math.floor(pageBytes / range.unit), 1);
  if (range.start === 0 && range.end === 0) {
    const ram = memory.physical.systemRam();
    range.start = Math.floor(ram.start / range.unit);
    range.end = Math.floor(ram.end / range.unit);
  }
  const regions = new RegionList();
  const fitted = fitRegions(regions, [{ start: range.start, end: range.end }], leastRegion);
  if (!fitted.ok) return fitted;
  return success({
    behaviour,
    operations: 'paddr',
    addressUnit: range.unit,
    leastRegion,
    paused: false,
    attributes,
    probes: [],
    targets: [{ space: undefined, regions, obsolete: false }],
    schemes: [],
    passed: 0,
    nextAggregation: 0,
    nextUpdate: 0,
    nextTune: 0,
  });
}

/** Finds the range in the parameters, and writes back what was chosen. */
export function monitoredContext(
  around: ModuleSurroundings,
  parameters: Parameters,
  attributes: Attributes,
): Built {
  const range = {
    start: parameters.number('monitor_region_start'),
    end: parameters.number('monitor_region_end'),
    unit: parameters.number('addr_unit') || 1,
  };
  const built = physicalContext(around, attributes, range);
  parameters.set('monitor_region_start', range.start);
  parameters.set('monitor_region_end', range.end);
  return built;
}

/** The one scheme of a module, where it differs from the defaults. */
export interface ModuleScheme {
  readonly action: SchemeParameters['action'];
  readonly pattern: Partial<SchemeParameters['pattern']>;
  readonly quota: { readonly ms: number; readonly bytes: number; readonly weightAccesses: number };
  readonly filter: Pick<Filter, 'type' | 'matching'> | undefined;
}

/** A scheme on regions of a page at least, under the module's quota and watermarks. */
export function moduleScheme(
  { memory }: ModuleSurroundings,
  parameters: Parameters,
  about: ModuleScheme,
): Scheme {
  const quota = {
    ms: about.quota.ms,
    bytes: about.quota.bytes,
    resetMs: parameters.number('quota_reset_interval_ms'),
    tuner: 'consist' as const,
    failNumerator: 0,
    failDenominator: 0,
    weightAccesses: about.quota.weightAccesses,
    weightAge: 1,
  };
  const scheme: SchemeParameters = {
    action: about.action,
    targetOrder: 0,
    targetNode: -1,
    applyIntervalUs: 0,
    pattern: {
      leastSize: memory.geometry.pageBytes,
      mostSize: UNLIMITED,
      ...ANYTHING,
      ...about.pattern,
    },
    watermarks: watermarksOf(parameters),
    destinations: [],
    coreFilters: [],
    opsFilters: about.filter === undefined ? [] : [rejecting(about.filter)],
    mostSnapshots: 0,
  };
  return newScheme(scheme, newQuota(quota, []));
}

const rejecting = (filter: Pick<Filter, 'type' | 'matching'>): Filter => ({
  ...filter,
  allow: false,
  least: 0,
  most: 0,
  memcg: 0,
  target: 0,
});

function watermarksOf(parameters: Parameters): Watermarks {
  return {
    metric: 'free_mem_rate',
    intervalUs: parameters.number('wmarks_interval'),
    high: parameters.number('wmarks_high'),
    mid: parameters.number('wmarks_mid'),
    low: parameters.number('wmarks_low'),
  };
}

/** Samples of one aggregation, for thresholds given as a share. */
export const samplesOf = samplesPerAggregation;
