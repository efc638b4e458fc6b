/**
 * What differs between kernel releases, as data: which files exist, which keywords they take, and how the core
 * behaves where it changed. A controller is tried against each generation; nothing else asks for a version.
 */

import type { Release } from '../../state/options.js';

/** Files and directories that not every generation has (tree-table.ts names them). */
export type TreeFeature =
  | 'filter-layers'
  | 'allow-filters'
  | 'sized-filters'
  | 'intervals-goal'
  | 'migration-dests'
  | 'refresh'
  | 'address-unit'
  | 'pause'
  | 'probes'
  | 'probe-weights'
  | 'obsolete-targets'
  | 'node-goals'
  | 'memcg-goals'
  | 'goal-tuner'
  | 'fail-charge'
  | 'snapshot-limit'
  | 'passed-size'
  | 'target-order'
  | 'module-tuning'
  | 'stat-module'
  | 'stat-intervals';

/** Actions by their sysfs keywords (mm/damon/sysfs-schemes.c). */
export const ACTIONS = [
  'willneed',
  'cold',
  'pageout',
  'hugepage',
  'nohugepage',
  'collapse',
  'split',
  'lru_prio',
  'lru_deprio',
  'migrate_hot',
  'migrate_cold',
  'stat',
] as const;
/** Keyword of an action. */
export type ActionName = (typeof ACTIONS)[number];

/** Keywords that `state` takes (mm/damon/sysfs.c). */
export const COMMANDS = [
  'on',
  'off',
  'commit',
  'commit_schemes_quota_goals',
  'update_schemes_stats',
  'update_schemes_tried_bytes',
  'update_schemes_tried_regions',
  'clear_schemes_tried_regions',
  'update_schemes_effective_quotas',
  'update_tuned_intervals',
] as const;
/** Keyword of a command. */
export type CommandName = (typeof COMMANDS)[number];

/** Keywords of filter types. */
export const FILTER_TYPES = [
  'anon',
  'active',
  'memcg',
  'young',
  'hugepage_size',
  'unmapped',
  'addr',
  'target',
] as const;
/** Keyword of a filter type. */
export type FilterType = (typeof FILTER_TYPES)[number];

/** Keywords of goal metrics. */
export const GOAL_METRICS = [
  'user_input',
  'some_mem_psi_us',
  'node_mem_used_bp',
  'node_mem_free_bp',
  'node_memcg_used_bp',
  'node_memcg_free_bp',
  'active_mem_bp',
  'inactive_mem_bp',
  'node_eligible_mem_bp',
  'hugepage_mem_bp',
] as const;
/** Keyword of a goal metric. */
export type GoalMetric = (typeof GOAL_METRICS)[number];

/** How the core behaves (mm/damon/core.c) where releases differ. */
export interface CoreBehaviour {
  /** Pieces that an addr filter or a quota cuts off are visited in the same pass. */
  readonly visitsCutPieces: boolean;
  /** Above half of max_nr_regions some regions are still split. */
  readonly splitsAboveHalf: boolean;
  /** After the schemes, a region is glued to an equal left neighbour. */
  readonly gluesAfterSchemes: boolean;
  /** A change between zero and non-zero resets the age. */
  readonly zeroCrossingResetsAge: boolean;
  /** Regions above the size limit are chopped at start and after merges; before, vaddr divided evenly at start. */
  readonly enforcesMinimum: boolean;
  /** A quota whose rest is below a minimum region counts as full. */
  readonly restBelowRegionIsFull: boolean;
  /** The stat and migrate actions honour ops filters on virtual address spaces. */
  readonly opsFiltersOnVaddr: boolean;
  /** Every sample updates a stored moving sum; else it is computed when asked for. */
  readonly storesMovingSum: boolean;
  /** A commit restarts windows and rescales counts although no attribute has changed. */
  readonly commitsRestart: boolean;
  /**
   * A quota is in force once it has an effective size, which it gets at the second charge window: the first one is
   * without limit. What a filter cuts off is charged and counted, and priorities look at the present window alone.
   */
  readonly lateQuotas: boolean;
  /** Ages grow in every sweep of a merge that is repeated for want of regions. */
  readonly agesEverySweep: boolean;
  /** Sampled addresses are chosen with 32 bits: of a larger region only the rest above a multiple of 4 GiB. */
  readonly samples32Bits: boolean;
  /** Regions that a user gives may be empty, or overlap once they are aligned. */
  readonly takesEmptyRegions: boolean;
  /** Sleeps from this length on are counted in ticks, in microseconds. */
  readonly tickSleepUs: number;
  /** `split` leaves folios alone that stick out of the region; else it splits whatever the region reaches, whole. */
  readonly splitsInsideOnly: boolean;
}

/** What a read or write of the state file returns where generations differ. */
export interface StateAnswers {
  /** `off` on a kdamond that ran and has ended. */
  readonly offWhenEnded: 'done' | 'EPERM';
  /** A call-type command on a kdamond that ran and has ended. */
  readonly callWhenEnded: 'ECANCELED' | 'EINVAL';
  /**
   * Call-type commands: done at every sample and answered with what came of them; or tried before each sample
   * (a commit after an aggregation only) and answered with success by a poll, in which case a failed commit ends the
   * thread.
   */
  readonly calls: 'told' | 'polled';
  /** A module's commit_inputs: done while its writer waits, or by the thread some time later. */
  readonly commitInputs: 'waits' | 'deferred';
}

/** Name of a generation: a kernel release, or one with a patch series. */
export type GenerationName = '6.12' | '6.18' | '7.2' | '7.3' | '7.3-rfc' | '7.3-octavo';

/** Names of all generations, oldest first. */
export const GENERATION_NAMES = [
  '6.12',
  '6.18',
  '7.2',
  '7.3',
  '7.3-rfc',
  '7.3-octavo',
] as const satisfies readonly GenerationName[];

/** A kernel's DAMON: files, keywords and behaviour. */
export interface Generation {
  readonly name: GenerationName;
  /** Release whose memory management goes with it. */
  readonly release: Release;
  readonly features: ReadonlySet<TreeFeature>;
  readonly actions: readonly ActionName[];
  readonly filterTypes: readonly FilterType[];
  readonly goalMetrics: readonly GoalMetric[];
  readonly commands: readonly CommandName[];
  /** Its memory management has no OOM killer called for a folio that a collapse wants. */
  readonly collapseSparesTasks: boolean;
  /** kstrtobool() takes `e` and `d`. */
  readonly booleanTakesEnable: boolean;
  readonly core: CoreBehaviour;
  readonly answers: StateAnswers;
  /** Trace events of system `damon` in the order of their ids, and the first id as recorded. */
  readonly traceEvents: readonly string[];
  readonly firstTraceId: number;
}

const FEATURES_7_2: readonly TreeFeature[] = [
  'filter-layers',
  'allow-filters',
  'sized-filters',
  'intervals-goal',
  'migration-dests',
  'refresh',
  'address-unit',
  'pause',
  'probes',
  'obsolete-targets',
  'node-goals',
  'memcg-goals',
  'goal-tuner',
  'fail-charge',
  'snapshot-limit',
  'passed-size',
  'module-tuning',
  'stat-module',
  'stat-intervals',
];

const CORE_7: CoreBehaviour = {
  visitsCutPieces: true,
  splitsAboveHalf: true,
  gluesAfterSchemes: true,
  zeroCrossingResetsAge: true,
  enforcesMinimum: true,
  restBelowRegionIsFull: true,
  opsFiltersOnVaddr: true,
  storesMovingSum: false,
  commitsRestart: false,
  lateQuotas: false,
  agesEverySweep: false,
  samples32Bits: false,
  takesEmptyRegions: false,
  tickSleepUs: 16_000,
  splitsInsideOnly: false,
};

const TRACE_7 = [
  'damon_aggregated',
  'damon_region_aggregated',
  'damon_monitor_intervals_tune',
  'damos_before_apply',
  'damos_esz',
  'damos_stat_after_apply_interval',
];

const withoutSplit = ACTIONS.filter((action) => action !== 'split');

const GENERATION_7_3: Generation = {
  name: '7.3',
  release: '7.3',
  features: new Set<TreeFeature>([...FEATURES_7_2, 'probe-weights']),
  actions: withoutSplit,
  filterTypes: FILTER_TYPES,
  goalMetrics: GOAL_METRICS,
  commands: COMMANDS,
  collapseSparesTasks: false,
  booleanTakesEnable: true,
  core: CORE_7,
  answers: { offWhenEnded: 'done', callWhenEnded: 'ECANCELED', calls: 'told', commitInputs: 'waits' },
  traceEvents: TRACE_7,
  firstTraceId: 744,
};

const GENERATION_7_3_RFC: Generation = {
  ...GENERATION_7_3,
  name: '7.3-rfc',
  features: new Set<TreeFeature>([...GENERATION_7_3.features, 'target-order']),
  actions: ACTIONS,
};

/** All generations by name. */
export const GENERATIONS: Readonly<Record<GenerationName, Generation>> = {
  '6.12': {
    name: '6.12',
    release: '6.12',
    features: new Set<TreeFeature>(),
    actions: withoutSplit.filter((action) => action !== 'collapse'),
    filterTypes: ['anon', 'memcg', 'young', 'addr', 'target'],
    goalMetrics: ['user_input', 'some_mem_psi_us'],
    commands: COMMANDS.filter((command) => command !== 'update_tuned_intervals'),
    collapseSparesTasks: false,
    booleanTakesEnable: false,
    core: {
      visitsCutPieces: false,
      splitsAboveHalf: false,
      gluesAfterSchemes: false,
      zeroCrossingResetsAge: false,
      enforcesMinimum: false,
      restBelowRegionIsFull: false,
      opsFiltersOnVaddr: false,
      storesMovingSum: true,
      commitsRestart: true,
      lateQuotas: true,
      agesEverySweep: true,
      samples32Bits: true,
      takesEmptyRegions: true,
      tickSleepUs: 20_001,
      splitsInsideOnly: false,
    },
    answers: { offWhenEnded: 'EPERM', callWhenEnded: 'EINVAL', calls: 'polled', commitInputs: 'deferred' },
    traceEvents: ['damon_aggregated', 'damos_before_apply'],
    firstTraceId: 734,
  },
  // Files by the release that brought each; the core as in the releases before 7: not traced further.
  '6.18': {
    name: '6.18',
    release: '6.18',
    features: new Set<TreeFeature>([
      'filter-layers',
      'allow-filters',
      'sized-filters',
      'intervals-goal',
      'migration-dests',
      'refresh',
      'address-unit',
      'node-goals',
      'passed-size',
      'stat-module',
    ]),
    actions: withoutSplit.filter((action) => action !== 'collapse'),
    filterTypes: FILTER_TYPES,
    goalMetrics: ['user_input', 'some_mem_psi_us', 'node_mem_used_bp', 'node_mem_free_bp'],
    commands: COMMANDS,
    collapseSparesTasks: false,
    booleanTakesEnable: true,
    core: { ...CORE_7, visitsCutPieces: false, splitsAboveHalf: false, gluesAfterSchemes: false },
    answers: { offWhenEnded: 'EPERM', callWhenEnded: 'EINVAL', calls: 'told', commitInputs: 'deferred' },
    traceEvents: ['damon_aggregated', 'damon_monitor_intervals_tune', 'damos_before_apply', 'damos_esz'],
    firstTraceId: 734,
  },
  '7.2': {
    ...GENERATION_7_3,
    name: '7.2',
    release: '7.2',
    goalMetrics: GOAL_METRICS.filter((metric) => metric !== 'hugepage_mem_bp'),
    features: new Set<TreeFeature>(FEATURES_7_2),
    answers: { offWhenEnded: 'EPERM', callWhenEnded: 'ECANCELED', calls: 'told', commitInputs: 'waits' },
  },
  '7.3': GENERATION_7_3,
  '7.3-rfc': GENERATION_7_3_RFC,
  // 7.3 with the series of kernel/, which is stricter than the RFC about the edges of a region.
  '7.3-octavo': {
    ...GENERATION_7_3_RFC,
    name: '7.3-octavo',
    collapseSparesTasks: true,
    core: { ...CORE_7, splitsInsideOnly: true },
  },
};
