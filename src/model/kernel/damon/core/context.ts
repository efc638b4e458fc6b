/** Everything a kdamond works on: attributes, targets, schemes. Parameters are set by build-context.ts. */
import type { ActionName, CoreBehaviour, FilterType, GoalMetric } from './generations.js';
import type { AddressSpace } from './monitored-memory.js';
import type { RegionList } from './region-list.js';

/** Address space that is monitored, as avail_operations names it. */
export type OperationsName = 'vaddr' | 'fvaddr' | 'paddr';

/** Goal for tuning of the intervals (struct damon_intervals_goal). */
export interface IntervalsGoal {
  readonly accessBp: number;
  /** Aggregations per tuning step; 0 disables tuning. */
  readonly aggregations: number;
  readonly leastSampleUs: number;
  readonly mostSampleUs: number;
}

/** struct damon_attrs. Intervals in microseconds. */
export interface Attributes {
  readonly sampleUs: number;
  readonly aggregationUs: number;
  readonly updateUs: number;
  readonly leastRegions: number;
  readonly mostRegions: number;
  readonly goal: IntervalsGoal;
  /** Samples per aggregation fixed when the attributes were set by a user; tuning keeps it. */
  readonly samplesPerAggregation: number;
}

/** One monitored process, or physical memory. */
export interface Target {
  /** Undefined for the physical address space. */
  space: AddressSpace | undefined;
  regions: RegionList;
  /** Set only in a tree that is being committed. */
  readonly obsolete: boolean;
}

/** Closed intervals; counts and ages are 32 bits wide. */
export interface AccessPattern {
  readonly leastSize: number;
  readonly mostSize: number;
  readonly leastAccesses: number;
  readonly mostAccesses: number;
  readonly leastAge: number;
  readonly mostAge: number;
}

/** A filter of a scheme (struct damos_filter). */
export interface Filter {
  readonly type: FilterType;
  readonly matching: boolean;
  readonly allow: boolean;
  /** addr: [start, end). hugepage_size: least and most bytes. */
  readonly least: number;
  readonly most: number;
  readonly memcg: number;
  readonly target: number;
}

/** A goal of a quota (struct damos_quota_goal). */
export interface Goal {
  metric: GoalMetric;
  target: number;
  current: number;
  node: number;
  memcg: number;
  /** Total pressure at the last evaluation; undefined before the first. */
  lastPressureUs: number | undefined;
}

/** What a user sets of a quota. */
export interface QuotaParameters {
  readonly ms: number;
  readonly bytes: number;
  readonly resetMs: number;
  readonly tuner: 'consist' | 'temporal';
  readonly failNumerator: number;
  readonly failDenominator: number;
  readonly weightAccesses: number;
  readonly weightAge: number;
}

/** struct damos_quota: parameters and what became of them. */
export interface Quota {
  parameters: QuotaParameters;
  goals: Goal[];
  /** Effective size quota in bytes. */
  effective: number;
  /** The effective quota as goals tune it, in ten-thousandths of a byte. */
  tunedBp: number;
  /** Bytes charged in the current window. */
  charged: number;
  chargedFromJiffies: number;
  totalCharged: number;
  totalChargedNs: number;
  /** Where the next window resumes: index of the target, undefined for from the start. */
  resumeTarget: Target | undefined;
  resumeAddress: number;
  leastScore: number;
}

/** When a scheme runs, by free memory (struct damos_watermarks). */
export interface Watermarks {
  readonly metric: 'none' | 'free_mem_rate';
  readonly intervalUs: number;
  readonly high: number;
  readonly mid: number;
  readonly low: number;
}

/** Counters of a scheme, regions and bytes (struct damos_stat). */
export interface SchemeStatistics {
  tried: number;
  triedBytes: number;
  applied: number;
  appliedBytes: number;
  passedBytes: number;
  quotaExceeds: number;
  snapshots: number;
}

/** A NUMA node that a scheme migrates to, and its weight. */
export interface Destination {
  readonly node: number;
  readonly weight: number;
}

/** What a commit overwrites. */
export interface SchemeParameters {
  readonly action: ActionName;
  readonly targetOrder: number;
  readonly targetNode: number;
  readonly applyIntervalUs: number;
  readonly pattern: AccessPattern;
  readonly watermarks: Watermarks;
  readonly destinations: readonly Destination[];
  readonly coreFilters: readonly Filter[];
  readonly opsFilters: readonly Filter[];
  readonly mostSnapshots: number;
}

/** An operation scheme with its state (struct damos). */
export interface Scheme {
  parameters: SchemeParameters;
  quota: Quota;
  statistics: SchemeStatistics;
  /** Watermarks let it run. */
  active: boolean;
  /** Sample count at which it is due. */
  nextApply: number;
  /** What memory that no core (ops) filter matches meets. */
  coreRejectsByDefault: boolean;
  opsRejectsByDefault: boolean;
  /** A core filter allowed the region at hand, so ops filters are passed by. */
  coreAllowed: boolean;
  /** First frame of the folio that the last action ended on, so that none is handled twice. */
  lastFolio: number;
  /** Of the walk under way: LRU batches were drained, and the address space that there was no memory for. */
  drained: boolean;
  outOfMemory: AddressSpace | undefined;
  /** Its pass for the present tried-regions walk is over. */
  walkDone: boolean;
}

/** A filter of an attribute probe. */
export interface ProbeFilter {
  readonly type: 'anon' | 'memcg';
  readonly matching: boolean;
  readonly allow: boolean;
  readonly memcg: number;
}

/** An attribute of memory that is sampled beside accesses. */
export interface Probe {
  readonly weight: number;
  readonly filters: readonly ProbeFilter[];
}

/** Everything of one kdamond (struct damon_ctx). */
export interface Context {
  /** How the core of this kernel behaves. */
  readonly behaviour: CoreBehaviour;
  operations: OperationsName;
  addressUnit: number;
  /** Smallest region, in core units. */
  leastRegion: number;
  paused: boolean;
  attributes: Attributes;
  probes: Probe[];
  targets: Target[];
  schemes: Scheme[];
  /** Completed sampling iterations. */
  passed: number;
  nextAggregation: number;
  nextUpdate: number;
  nextTune: number;
}

/** Divisor form of an interval: 0 counts as 1. */
export const atLeastOne = (value: number): number => (value === 0 ? 1 : value);

/** Returns how many samples an aggregation has: the largest access count of a region. */
export function samplesPerAggregation(attributes: Attributes): number {
  return Math.floor(atLeastOne(attributes.aggregationUs) / atLeastOne(attributes.sampleUs));
}

/** Returns the weights of all probes; empty where all are 0, which means that only accesses count. */
export function probeWeights(context: Context): readonly number[] {
  return context.probes.some((probe) => probe.weight !== 0)
    ? context.probes.map((probe) => probe.weight)
    : [];
}

/** Samples until the next application of a scheme (damos_set_next_apply_sis()). */
export function scheduleScheme(context: Context, scheme: Scheme): void {
  const interval = scheme.parameters.applyIntervalUs || context.attributes.aggregationUs;
  scheme.nextApply = context.passed + Math.floor(interval / atLeastOne(context.attributes.sampleUs));
}

/** Returns counters at 0. */
export function newStatistics(): SchemeStatistics {
  return {
    tried: 0,
    triedBytes: 0,
    applied: 0,
    appliedBytes: 0,
    passedBytes: 0,
    quotaExceeds: 0,
    snapshots: 0,
  };
}

/** Returns a quota that has charged nothing. */
export function newQuota(parameters: QuotaParameters, goals: Goal[]): Quota {
  return {
    parameters,
    goals,
    effective: 0,
    tunedBp: 0,
    charged: 0,
    chargedFromJiffies: 0,
    totalCharged: 0,
    totalChargedNs: 0,
    resumeTarget: undefined,
    resumeAddress: 0,
    leastScore: 0,
  };
}

/** Returns a scheme that has done nothing. */
export function newScheme(parameters: SchemeParameters, quota: Quota): Scheme {
  return {
    parameters,
    quota,
    statistics: newStatistics(),
    active: true,
    nextApply: 0,
    coreRejectsByDefault: false,
    opsRejectsByDefault: false,
    coreAllowed: false,
    lastFolio: -1,
    drained: false,
    outOfMemory: undefined,
    walkDone: false,
  };
}
