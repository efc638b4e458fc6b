/**
 * From the sysfs tree to a context (mm/damon/sysfs.c damon_sysfs_apply_inputs(), sysfs-schemes.c
 * damon_sysfs_mk_scheme()). Errors of a scheme's parts come out as ENOMEM, as they do in the kernel.
 */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { checkAttributes } from '../core/attributes.js';
import {
  type Attributes,
  atLeastOne,
  type Context,
  type Filter,
  type Goal,
  newQuota,
  newScheme,
  type OperationsName,
  type Probe,
  type QuotaParameters,
  type Scheme,
  type SchemeParameters,
  type Target,
} from '../core/context.js';
import { isCoreFilter } from '../core/core-filters.js';
import type { ActionName, CoreBehaviour, FilterType, GoalMetric } from '../core/generations.js';
import type { MonitoredMemory } from '../core/monitored-memory.js';
import { fitRegions } from '../core/range-fitting.js';
import { RegionList } from '../core/region-list.js';
import type { SysfsDirectory } from './sysfs-tree.js';

type Answer<Value> = Result<Value, ErrnoName>;
const EINVAL = failure<ErrnoName>('EINVAL');

/** Builds a fresh context from contexts/0. */
export function buildContext(directory: SysfsDirectory, memory: MonitoredMemory): Answer<Context> {
  const operations = directory.word('operations') as OperationsName;
  const addressUnit = directory.file('addr_unit') === undefined ? 1 : directory.number('addr_unit');
  const { pageBytes } = memory.geometry;
  const attributes = readAttributes(directory.directory('monitoring_attrs'));
  const checked = checkAttributes(attributes);
  if (!checked.ok) return checked;
  const context = emptyContext(directory.generation.core, attributes, operations, addressUnit);
  context.leastRegion = operations === 'paddr' ? Math.max(Math.floor(pageBytes / addressUnit), 1) : pageBytes;
  context.paused = directory.flag('pause');
  return fill(context, directory, memory);
}

function fill(context: Context, directory: SysfsDirectory, memory: MonitoredMemory): Answer<Context> {
  const probes = readProbes(directory.directory('monitoring_attrs'), memory);
  if (!probes.ok) return probes;
  context.probes = probes.value;
  const targets = readTargets(directory.directory('targets'), context, memory);
  if (!targets.ok) return targets;
  context.targets = targets.value;
  for (const child of directory.directory('schemes').children()) {
    const scheme = readScheme(child, memory);
    if (!scheme.ok) return failure('ENOMEM');
    context.schemes.push(scheme.value);
  }
  return success(context);
}

function emptyContext(
  behaviour: CoreBehaviour,
  attributes: Attributes,
  operations: OperationsName,
  addressUnit: number,
): Context {
  return {
    behaviour,
    operations,
    addressUnit,
    leastRegion: 1,
    paused: false,
    attributes,
    probes: [],
    targets: [],
    schemes: [],
    passed: 0,
    nextAggregation: 0,
    nextUpdate: 0,
    nextTune: 0,
  };
}

function readAttributes(directory: SysfsDirectory): Attributes {
  const intervals = directory.directory('intervals');
  const regions = directory.directory('nr_regions');
  const goal = intervals.hasDirectory('intervals_goal') ? intervals.directory('intervals_goal') : undefined;
  const sampleUs = intervals.number('sample_us');
  const aggregationUs = intervals.number('aggr_us');
  return {
    sampleUs,
    aggregationUs,
    updateUs: intervals.number('update_us'),
    leastRegions: regions.number('min'),
    mostRegions: regions.number('max'),
    goal: {
      accessBp: goal?.number('access_bp') ?? 0,
      aggregations: goal?.number('aggrs') ?? 0,
      leastSampleUs: goal?.number('min_sample_us') ?? 0,
      mostSampleUs: goal?.number('max_sample_us') ?? 0,
    },
    samplesPerAggregation: Math.floor(aggregationUs / atLeastOne(sampleUs)),
  };
}

function readProbes(attributes: SysfsDirectory, memory: MonitoredMemory): Answer<Probe[]> {
  const probes: Probe[] = [];
  if (!attributes.hasDirectory('probes')) return success(probes);
  for (const child of attributes.directory('probes').children()) {
    const filters: Probe['filters'][number][] = [];
    for (const entry of child.directory('filters').children()) {
      const type = entry.word('type') as 'anon' | 'memcg';
      const memcg = type === 'memcg' ? memcgOf(entry.word('path'), memory) : success(0);
      if (!memcg.ok) return memcg;
      filters.push({
        type,
        matching: entry.flag('matching'),
        allow: entry.flag('allow'),
        memcg: memcg.value,
      });
    }
    probes.push({ weight: child.number('weight'), filters });
  }
  return success(probes);
}

function readTargets(directory: SysfsDirectory, context: Context, memory: MonitoredMemory): Answer<Target[]> {
  if (context.operations === 'paddr' && directory.count > 1) return EINVAL;
  const targets: Target[] = [];
  for (const child of directory.children()) {
    const target = readTarget(child, context, memory);
    if (!target.ok) return target;
    targets.push(target.value);
  }
  return success(targets);
}

function readTarget(child: SysfsDirectory, context: Context, memory: MonitoredMemory): Answer<Target> {
  const hasPid = context.operations !== 'paddr';
  const space = hasPid ? memory.virtual.findSpace(child.number('pid_target')) : undefined;
  if (hasPid && space === undefined) return EINVAL;
  const ranges = [...child.directory('regions').children()].map((region) => ({
    start: region.number('start'),
    end: region.number('end'),
  }));
  const target: Target = { space, regions: new RegionList(), obsolete: child.flag('obsolete_target') };
  for (let index = 1; index < ranges.length; index++) {
    if (ranges[index - 1].end > ranges[index].start) return EINVAL;
  }
  const fitted = fitRegions(target.regions, ranges, context.leastRegion, context.behaviour.takesEmptyRegions);
  return fitted.ok ? success(target) : fitted;
}

function readScheme(child: SysfsDirectory, memory: MonitoredMemory): Answer<Scheme> {
  const goals = readGoals(child.directory('quotas').directory('goals'), memory);
  if (!goals.ok) return goals;
  const filters = readFilters(child, memory);
  if (!filters.ok) return filters;
  const quota = newQuota(readQuota(child.directory('quotas')), goals.value);
  return success(newScheme(readParameters(child, filters.value), quota));
}

function readParameters(child: SysfsDirectory, filters: readonly Filter[]): SchemeParameters {
  const watermarks = child.directory('watermarks');
  const destinations = child.hasDirectory('dests') ? [...child.directory('dests').children()] : [];
  return {
    action: child.word('action') as ActionName,
    targetOrder: child.number('target_order'),
    targetNode: child.number('target_nid'),
    applyIntervalUs: child.number('apply_interval_us'),
    pattern: readPattern(child.directory('access_pattern')),
    watermarks: {
      metric: watermarks.word('metric') as 'none' | 'free_mem_rate',
      intervalUs: watermarks.number('interval_us'),
      high: watermarks.number('high'),
      mid: watermarks.number('mid'),
      low: watermarks.number('low'),
    },
    destinations: destinations.map((entry) => ({ node: entry.number('id'), weight: entry.number('weight') })),
    coreFilters: filters.filter(isCoreFilter),
    opsFilters: filters.filter((filter) => !isCoreFilter(filter)),
    mostSnapshots: child.directory('stats').number('max_nr_snapshots'),
  };
}

/** Counts and ages are stored as unsigned longs and cut to 32 bits when used. */
function readPattern(directory: SysfsDirectory): SchemeParameters['pattern'] {
  const [size, accesses, age] = ['sz', 'nr_accesses', 'age'].map((name) => directory.directory(name));
  const low32 = (from: SysfsDirectory, name: string) => Number(BigInt.asUintN(32, from.integer(name)));
  return {
    leastSize: size.number('min'),
    mostSize: size.number('max'),
    leastAccesses: low32(accesses, 'min'),
    mostAccesses: low32(accesses, 'max'),
    leastAge: low32(age, 'min'),
    mostAge: low32(age, 'max'),
  };
}

function readQuota(directory: SysfsDirectory): QuotaParameters {
  const weights = directory.directory('weights');
  return {
    ms: directory.number('ms'),
    bytes: directory.number('bytes'),
    resetMs: directory.number('reset_interval_ms'),
    tuner: directory.word('goal_tuner') === 'temporal' ? 'temporal' : 'consist',
    failNumerator: directory.number('fail_charge_num'),
    failDenominator: directory.number('fail_charge_denom'),
    weightAccesses: weights.number('nr_accesses_permil'),
    weightAge: weights.number('age_permil'),
  };
}

/** Goals without a target value are left out. */
export function readGoals(directory: SysfsDirectory, memory: MonitoredMemory): Answer<Goal[]> {
  const goals: Goal[] = [];
  for (const entry of directory.children()) {
    if (entry.integer('target_value') === 0n) continue;
    const metric = entry.word('target_metric') as GoalMetric;
    const needsMemcg = metric === 'node_memcg_used_bp' || metric === 'node_memcg_free_bp';
    const memcg = needsMemcg ? memcgOf(entry.word('path'), memory) : success(0);
    if (!memcg.ok) return memcg;
    goals.push({
      metric,
      target: entry.number('target_value'),
      current: metric === 'user_input' ? entry.number('current_value') : 0,
      node: entry.number('nid'),
      memcg: memcg.value,
      lastPressureUs: undefined,
    });
  }
  return success(goals);
}

/** Installed in the order core_filters, ops_filters, filters. */
function readFilters(scheme: SysfsDirectory, memory: MonitoredMemory): Answer<Filter[]> {
  const filters: Filter[] = [];
  for (const name of ['core_filters', 'ops_filters', 'filters']) {
    if (!scheme.hasDirectory(name)) continue;
    for (const entry of scheme.directory(name).children()) {
      const filter = readFilter(entry, memory);
      if (!filter.ok) return filter;
      filters.push(filter.value);
    }
  }
  return success(filters);
}

function readFilter(entry: SysfsDirectory, memory: MonitoredMemory): Answer<Filter> {
  const type = entry.word('type') as FilterType;
  const bounds = type === 'addr' ? ['addr_start', 'addr_end'] : ['min', 'max'];
  if ((type === 'addr' || type === 'hugepage_size') && entry.integer(bounds[0]) > entry.integer(bounds[1])) {
    return EINVAL;
  }
  const memcg = type === 'memcg' ? memcgOf(entry.word('memcg_path'), memory) : success(0);
  if (!memcg.ok) return memcg;
  return success({
    type,
    matching: entry.flag('matching'),
    allow: entry.flag('allow'),
    least: entry.number(bounds[0]),
    most: entry.number(bounds[1]),
    memcg: memcg.value,
    target: entry.number('damon_target_idx'),
  });
}

/** The path is compared with one trailing newline forgiven. */
function memcgOf(path: string, memory: MonitoredMemory): Answer<number> {
  const id = path === '' ? undefined : memory.metrics.memcgByPath(path.replace(/\n$/, ''));
  return id === undefined ? EINVAL : success(id);
}
