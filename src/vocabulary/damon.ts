/**
 * What a kdamond is told, as plain data: one shape for Octavo's own schemes, for what is found in the tree, and for
 * files of other tools. 64-bit values are bigint because the kernel's "no upper bound" is 2^64 − 1.
 */

/** Least and largest value; both belong to it. */
export type Span = readonly [min: bigint, max: bigint];

/** Upper bounds that mean "any". nr_accesses and age are 32 bits wide inside the kernel: 2^32 would become 0. */
export const ANY_SIZE: Span = [0n, 2n ** 64n - 1n];
/** Every count of accesses. */
export const ANY_COUNT: Span = [0n, 2n ** 32n - 1n];

/** Byte addresses from `start` up to `end`. */
export interface AddressRange {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
}

/** A process and the regions to begin with. */
export interface DamonTarget {
  readonly pid: number;
  readonly regions: readonly AddressRange[];
  readonly obsolete: boolean;
}

/** Monitoring intervals in microseconds, and the goal for tuning them. */
export interface DamonIntervals {
  readonly sampleUs: bigint;
  readonly aggregationUs: bigint;
  readonly updateUs: bigint;
  readonly goal: {
    readonly accessBasisPoints: bigint;
    /** Aggregations between two adjustments; 0 turns the tuning off. */
    readonly aggregations: bigint;
    readonly minSampleUs: bigint;
    readonly maxSampleUs: bigint;
  };
}

/** A filter of a scheme. */
export interface DamosFilter {
  readonly type: string;
  /** Memory with the property is matched (or, false, memory without it). */
  readonly matching: boolean;
  /** What is matched passes (or, false, is rejected). */
  readonly allow: boolean;
  readonly memcgPath: string;
  readonly address: AddressRange;
  /** Bytes of a folio, for hugepage_size. */
  readonly size: Span;
  readonly targetIndex: number;
}

/** A goal of a quota. */
export interface DamosGoal {
  readonly metric: string;
  readonly target: bigint;
  readonly current: bigint;
  readonly nid: number;
  readonly path: string;
}

/** Bounds on a scheme's work: time, bytes, and goals. */
export interface DamosQuotas {
  readonly ms: bigint;
  readonly bytes: bigint;
  readonly resetMs: bigint;
  readonly weights: { readonly size: number; readonly accesses: number; readonly age: number };
  readonly goals: readonly DamosGoal[];
  readonly goalTuner: string;
}

/** When a scheme runs. */
export interface DamosWatermarks {
  readonly metric: string;
  readonly intervalUs: bigint;
  /** Permil of free memory, for free_mem_rate. */
  readonly high: bigint;
  readonly mid: bigint;
  readonly low: bigint;
}

/** An operation scheme. */
export interface DamosScheme {
  readonly action: string;
  /** Folio order for split and collapse, where the kernel takes one; undefined leaves the file alone. */
  readonly targetOrder: number | undefined;
  readonly targetNid: number;
  readonly pattern: { readonly size: Span; readonly accesses: Span; readonly age: Span };
  readonly applyIntervalUs: bigint;
  readonly quotas: DamosQuotas;
  readonly watermarks: DamosWatermarks;
  readonly filters: readonly DamosFilter[];
  readonly destinations: readonly { readonly id: number; readonly weight: number }[];
  /** 0 for no bound. */
  readonly maxSnapshots: bigint;
}

/** A whole monitoring context. */
export interface DamonContext {
  readonly operations: string;
  readonly addressUnit: bigint;
  readonly pause: boolean;
  readonly intervals: DamonIntervals;
  readonly regions: { readonly min: bigint; readonly max: bigint };
  readonly targets: readonly DamonTarget[];
  readonly schemes: readonly DamosScheme[];
}

/** Scheme that matches everything, without quotas, watermarks or filters. */
export function schemeOf(action: string, changes: Partial<DamosScheme> = {}): DamosScheme {
  return {
    action,
    targetOrder: undefined,
    targetNid: -1,
    pattern: { size: ANY_SIZE, accesses: ANY_COUNT, age: ANY_COUNT },
    applyIntervalUs: 0n,
    quotas: NO_QUOTAS,
    watermarks: NO_WATERMARKS,
    filters: [],
    destinations: [],
    maxSnapshots: 0n,
    ...changes,
  };
}

/** No bound on a scheme's work. */
export const NO_QUOTAS: DamosQuotas = {
  ms: 0n,
  bytes: 0n,
  resetMs: 0n,
  weights: { size: 0, accesses: 0, age: 0 },
  goals: [],
  goalTuner: 'consist',
};

/** A scheme that always runs. */
export const NO_WATERMARKS: DamosWatermarks = { metric: 'none', intervalUs: 0n, high: 0n, mid: 0n, low: 0n };

/** Intervals that stay as they are. */
export const NO_INTERVALS_GOAL: DamonIntervals['goal'] = {
  accessBasisPoints: 0n,
  aggregations: 0n,
  minSampleUs: 0n,
  maxSampleUs: 0n,
};

/** Filter with everything but its property left at the kernel's defaults. */
export function filterOf(type: string, changes: Partial<DamosFilter>): DamosFilter {
  return {
    type,
    matching: true,
    allow: false,
    memcgPath: '',
    address: { start: 0n, end: 0n },
    size: [0n, 0n],
    targetIndex: 0,
    ...changes,
  };
}

/** Types decided in the core, by address or target; all others are decided for each folio. */
const CORE_FILTERS: readonly string[] = ['addr', 'target'];

/** Whether DAMON's core handles the filter, which orders it before the others. */
export function isCoreFilter(filter: DamosFilter): boolean {
  return CORE_FILTERS.includes(filter.type);
}
