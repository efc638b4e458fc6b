/**
 * A context as the ordered list of writes that stage it. Counts come before their children because writing a count
 * wipes them; a filter's type comes before everything else in it because a fresh filter is an `anon` one, which the
 * kernel would install in another layer.
 */

import type {
  DamonContext,
  DamonTarget,
  DamosFilter,
  DamosQuotas,
  DamosScheme,
  DamosWatermarks,
  Span,
} from '../vocabulary/damon.js';
import { isCoreFilter } from '../vocabulary/damon.js';
import type { DamonFeatures } from './damon-features.js';

/** One write to a file of DAMON's tree. */
export interface KernelWrite {
  /** Path below the kdamond's directory. */
  readonly file: string;
  readonly text: string;
  /** A kernel without this file behaves as wished anyway, so its absence is no failure. */
  readonly optional: boolean;
}

type Layout = Pick<DamonFeatures, 'coreFilters'>;

/** Returns the writes that stage a context, in the order in which the kernel needs them. */
export function contextWrites(context: DamonContext, layout: Layout): KernelWrite[] {
  return [
    required('contexts/nr_contexts', 1),
    ...below('contexts/0', [
      required('operations', context.operations),
      whenNot('addr_unit', context.addressUnit, 1n),
      whenNot('pause', yesNo(context.pause), 'N'),
      ...below('monitoring_attrs', attributeWrites(context)),
      required('targets/nr_targets', context.targets.length),
      ...context.targets.flatMap((target, index) => below(`targets/${index}`, targetWrites(target))),
      required('schemes/nr_schemes', context.schemes.length),
      ...context.schemes.flatMap((scheme, index) => below(`schemes/${index}`, schemeWrites(scheme, layout))),
    ]),
  ];
}

function attributeWrites({ intervals, regions }: DamonContext): KernelWrite[] {
  const { goal } = intervals;
  return [
    required('intervals/sample_us', intervals.sampleUs),
    required('intervals/aggr_us', intervals.aggregationUs),
    required('intervals/update_us', intervals.updateUs),
    whenNot('intervals/intervals_goal/access_bp', goal.accessBasisPoints, 0n),
    whenNot('intervals/intervals_goal/aggrs', goal.aggregations, 0n),
    whenNot('intervals/intervals_goal/min_sample_us', goal.minSampleUs, 0n),
    whenNot('intervals/intervals_goal/max_sample_us', goal.maxSampleUs, 0n),
    required('nr_regions/min', regions.min),
    required('nr_regions/max', regions.max),
  ];
}

function targetWrites(target: DamonTarget): KernelWrite[] {
  return [
    required('pid_target', target.pid),
    whenNot('obsolete_target', yesNo(target.obsolete), 'N'),
    required('regions/nr_regions', target.regions.length),
    ...target.regions.flatMap((region, index) => [
      required(`regions/${index}/start`, region.start),
      required(`regions/${index}/end`, region.end),
    ]),
  ];
}

function schemeWrites(scheme: DamosScheme, layout: Layout): KernelWrite[] {
  const { size, accesses, age } = scheme.pattern;
  return [
    required('action', scheme.action),
    ...(scheme.targetOrder === undefined ? [] : [required('target_order', scheme.targetOrder)]),
    whenNot('target_nid', scheme.targetNid, -1),
    whenNot('apply_interval_us', scheme.applyIntervalUs, 0n),
    ...spanWrites('access_pattern/sz', size),
    ...spanWrites('access_pattern/nr_accesses', accesses),
    ...spanWrites('access_pattern/age', age),
    ...below('quotas', quotaWrites(scheme.quotas)),
    ...below('watermarks', watermarkWrites(scheme.watermarks)),
    ...filterWrites(scheme.filters, layout),
    ...destinationWrites(scheme),
    whenNot('stats/max_nr_snapshots', scheme.maxSnapshots, 0n),
  ];
}

function quotaWrites(quotas: DamosQuotas): KernelWrite[] {
  return [
    required('ms', quotas.ms),
    required('bytes', quotas.bytes),
    required('reset_interval_ms', quotas.resetMs),
    required('weights/sz_permil', quotas.weights.size),
    required('weights/nr_accesses_permil', quotas.weights.accesses),
    required('weights/age_permil', quotas.weights.age),
    ...(quotas.goals.length > 0 ? [required('goals/nr_goals', quotas.goals.length)] : []),
    ...quotas.goals.flatMap((goal, index) =>
      below(`goals/${index}`, [
        required('target_metric', goal.metric),
        required('target_value', goal.target),
        required('current_value', goal.current),
        whenNot('nid', goal.nid, 0),
        whenNot('path', goal.path, ''),
      ]),
    ),
    whenNot('goal_tuner', quotas.goalTuner, 'consist'),
  ];
}

function watermarkWrites(marks: DamosWatermarks): KernelWrite[] {
  return [
    required('metric', marks.metric),
    required('interval_us', marks.intervalUs),
    required('high', marks.high),
    required('mid', marks.mid),
    required('low', marks.low),
  ];
}

/** Filters in their layers, in the order in which the kernel installs those: core, then per folio. */
function filterWrites(filters: readonly DamosFilter[], layout: Layout): KernelWrite[] {
  if (filters.length === 0) return [];
  if (!layout.coreFilters) return filterDirectory('filters', filters);
  const core = filters.filter((filter) => isCoreFilter(filter));
  const folio = filters.filter((filter) => !isCoreFilter(filter));
  return [
    ...(core.length > 0 ? filterDirectory('core_filters', core) : []),
    ...(folio.length > 0 ? filterDirectory('ops_filters', folio) : []),
  ];
}

function filterDirectory(name: string, filters: readonly DamosFilter[]): KernelWrite[] {
  return [
    required(`${name}/nr_filters`, filters.length),
    ...filters.flatMap((filter, index) => below(`${name}/${index}`, oneFilter(filter))),
  ];
}

function oneFilter(filter: DamosFilter): KernelWrite[] {
  return [
    required('type', filter.type),
    required('matching', yesNo(filter.matching)),
    // Before 6.14 every filter rejects what it matches and there is no such file.
    { file: 'allow', text: yesNo(filter.allow), optional: !filter.allow },
    ...(filter.type === 'memcg' ? [required('memcg_path', filter.memcgPath)] : []),
    ...(filter.type === 'addr'
      ? [required('addr_start', filter.address.start), required('addr_end', filter.address.end)]
      : []),
    ...(filter.type === 'hugepage_size' ? spanWrites('', filter.size) : []),
    ...(filter.type === 'target' ? [required('damon_target_idx', filter.targetIndex)] : []),
  ];
}

function destinationWrites({ destinations }: DamosScheme): KernelWrite[] {
  if (destinations.length === 0) return [];
  return [
    required('dests/nr_dests', destinations.length),
    ...destinations.flatMap(({ id, weight }, index) => [
      required(`dests/${index}/id`, id),
      required(`dests/${index}/weight`, weight),
    ]),
  ];
}

function spanWrites(name: string, [min, max]: Span): KernelWrite[] {
  const prefix = name ? `${name}/` : '';
  return [required(`${prefix}min`, min), required(`${prefix}max`, max)];
}

const yesNo = (value: boolean) => (value ? 'Y' : 'N');

const required = (file: string, value: string | number | bigint): KernelWrite => ({
  file,
  text: String(value),
  optional: false,
});

/** Written always, so that nothing old stays; a kernel without the file is refused only another value than this. */
const whenNot = <Value extends string | number | bigint>(
  file: string,
  value: Value,
  plain: Value,
): KernelWrite => ({
  file,
  text: String(value),
  optional: value === plain,
});

function below(folder: string, writes: readonly KernelWrite[]): KernelWrite[] {
  return writes.map((write) => ({ ...write, file: `${folder}/${write.file}` }));
}
