/** Contexts in the shape and the spelling of damo's files, so that damo reads them back as they were. */
import { ANY_COUNT, type DamonContext, type DamosFilter, type DamosScheme } from '../../vocabulary/damon.js';
import { formatCount, formatShare, formatSize, formatTime } from './quantities.js';

const US = 1_000n;
const MS = 1_000_000n;

/** A kdamond as damo shows it. */
export interface ShownKdamond {
  readonly state: 'on' | 'off';
  /** −1 when it does not run. */
  readonly pid: number;
  readonly context: DamonContext | undefined;
}

/** Returns kdamonds as the tree of a damo file, to be printed as JSON or YAML. */
export function damoFile(kdamonds: readonly ShownKdamond[]): unknown {
  return {
    kdamonds: kdamonds.map(({ state, pid, context }) => ({
      state,
      pid: pid < 0 ? null : pid,
      contexts: context ? [contextTree(context)] : [],
    })),
  };
}

function contextTree(context: DamonContext): unknown {
  const { intervals, regions } = context;
  return {
    ops: context.operations,
    ...(context.addressUnit === 1n ? {} : { addr_unit: formatCount(context.addressUnit) }),
    ...(context.pause ? { pause: true } : {}),
    targets: context.targets.map(({ pid, regions: ranges, obsolete }) => ({
      pid,
      obsolete,
      regions: ranges.map(({ start, end }) => ({ start: formatCount(start), end: formatCount(end) })),
    })),
    intervals: {
      sample_us: formatTime(intervals.sampleUs, US),
      aggr_us: formatTime(intervals.aggregationUs, US),
      ops_update_us: formatTime(intervals.updateUs, US),
      intervals_goal: {
        access_bp: formatShare(intervals.goal.accessBasisPoints, 10_000),
        aggrs: formatCount(intervals.goal.aggregations),
        min_sample_us: formatTime(intervals.goal.minSampleUs, US),
        max_sample_us: formatTime(intervals.goal.maxSampleUs, US),
      },
    },
    nr_regions: { min: formatCount(regions.min), max: formatCount(regions.max) },
    schemes: context.schemes.map(schemeTree),
  };
}

function schemeTree(scheme: DamosScheme): unknown {
  const { pattern, quotas, watermarks } = scheme;
  // In samples and aggregations: those come back exactly, percents and times only by the same intervals.
  const count = (value: bigint, unit: string) =>
    value >= ANY_COUNT[1] ? `${formatCount(ANY_COUNT[1])} ${unit}` : `${formatCount(value)} ${unit}`;
  return {
    action: scheme.action,
    ...(scheme.targetOrder === undefined ? {} : { target_order: scheme.targetOrder }),
    ...(scheme.targetNid === -1 ? {} : { target_nid: scheme.targetNid }),
    dests: scheme.destinations.map(({ id, weight }) => ({ id, weight })),
    access_pattern: {
      sz_bytes: { min: formatSize(pattern.size[0]), max: formatSize(pattern.size[1]) },
      nr_accesses: { min: count(pattern.accesses[0], 'samples'), max: count(pattern.accesses[1], 'samples') },
      age: { min: count(pattern.age[0], 'aggr_intervals'), max: count(pattern.age[1], 'aggr_intervals') },
    },
    apply_interval_us: formatTime(scheme.applyIntervalUs, US),
    quotas: {
      time_ms: formatTime(quotas.ms, MS),
      sz_bytes: formatSize(quotas.bytes),
      reset_interval_ms: formatTime(quotas.resetMs, MS),
      ...(quotas.goalTuner === 'consist' ? {} : { goal_tuner: quotas.goalTuner }),
      goals: quotas.goals.map((goal) => ({
        metric: goal.metric,
        nid: goal.nid,
        target_value: formatCount(goal.target),
        current_value: formatCount(goal.current),
        ...(goal.path === '' ? {} : { memcg_path: goal.path }),
      })),
      weights: {
        sz_permil: formatShare(BigInt(quotas.weights.size), 1000),
        nr_accesses_permil: formatShare(BigInt(quotas.weights.accesses), 1000),
        age_permil: formatShare(BigInt(quotas.weights.age), 1000),
      },
    },
    watermarks: {
      metric: watermarks.metric,
      interval_us: formatTime(watermarks.intervalUs, US),
      high_permil: formatShare(watermarks.high, 1000),
      mid_permil: formatShare(watermarks.mid, 1000),
      low_permil: formatShare(watermarks.low, 1000),
    },
    filters: scheme.filters.map(filterTree),
    ...(scheme.maxSnapshots === 0n ? {} : { max_nr_snapshots: formatCount(scheme.maxSnapshots) }),
  };
}

function filterTree(filter: DamosFilter): unknown {
  const { address, size } = filter;
  return {
    filter_type: filter.type,
    matching: filter.matching,
    allow: filter.allow,
    memcg_path: filter.memcgPath,
    address_range:
      filter.type === 'addr' ? { start: formatCount(address.start), end: formatCount(address.end) } : null,
    damon_target_idx: filter.type === 'target' ? formatCount(BigInt(filter.targetIndex)) : null,
    hugepage_size: filter.type === 'hugepage_size' ? size.map(formatSize) : null,
  };
}
