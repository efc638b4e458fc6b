/** DAMON_LRU_SORT: hot pages to the active lists, cold ones to the inactive (mm/damon/lru_sort.c). */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { type Attributes, type Context, type Goal, newStatistics, type Scheme } from '../core/context.js';
import type { DamonModule } from './damon-module.js';
import { bool, type Parameters, result, ulong } from './parameters.js';
import {
  attributesOf,
  type ModuleScheme,
  type ModuleSurroundings,
  moduleScheme,
  monitoredContext,
  samplesOf,
} from './proactive-context.js';
import { MONITORING_ROWS, watermarkRows } from './shared-rows.js';

const SCALE = 10_000;
/** The two goals overlap by this much, so that pages do not go to and fro. */
const GOAL_OVERLAP_BP = 2;

const results = (heat: 'hot' | 'cold') => [
  result(`nr_lru_sort_tried_${heat}_regions`),
  result(`bytes_lru_sort_tried_${heat}_regions`),
  result(`nr_lru_sorted_${heat}_regions`),
  result(`bytes_lru_sorted_${heat}_regions`),
  result(`nr_${heat}_quota_exceeds`),
];

/** The module with its parameters and defaults. */
export const LRU_SORT: DamonModule = {
  name: 'damon_lru_sort',
  only: undefined,
  rows: [
    ...MONITORING_ROWS,
    ulong('active_mem_bp', 0n, 'module-tuning'),
    ulong('hot_thres_access_freq', 500n),
    ulong('cold_min_age', 120_000_000n),
    bool('filter_young_pages', 'module-tuning'),
    ulong('quota_ms', 10n),
    ulong('quota_reset_interval_ms', 1000n),
    ...watermarkRows(200n, 150n, 50n),
    ...results('hot'),
    ...results('cold'),
  ],
  commits: true,
  refreshNs: 0,
  build: (around, parameters) => {
    const attributes = attributesOf(parameters, 'sample_interval');
    if (!attributes.ok) return attributes;
    const built = monitoredContext(around, parameters, attributes.value);
    if (!built.ok) return built;
    const schemes = sortingSchemes(around, parameters, attributes.value);
    const aimed = addGoals(parameters, schemes);
    if (!aimed.ok) return aimed;
    built.value.schemes.push(...schemes);
    return built;
  },
  store: storeStatistics,
};

/** Hot first, cold second; each takes half of the time. */
function sortingSchemes(
  around: ModuleSurroundings,
  parameters: Parameters,
  attributes: Attributes,
): Scheme[] {
  const quota = { ms: Math.floor(parameters.number('quota_ms') / 2), bytes: 0, weightAccesses: 1 };
  const filtersYoung = parameters.flag('filter_young_pages');
  const hotFrom = Math.floor((samplesOf(attributes) * parameters.number('hot_thres_access_freq')) / 1000);
  const coldFrom = Math.floor(parameters.number('cold_min_age') / attributes.aggregationUs);
  const about: readonly ModuleScheme[] = [
    {
      action: 'lru_prio',
      pattern: { leastAccesses: hotFrom % 2 ** 32 },
      quota,
      filter: filtersYoung ? { type: 'young', matching: false } : undefined,
    },
    {
      action: 'lru_deprio',
      pattern: { mostAccesses: 0, leastAge: coldFrom % 2 ** 32 },
      quota,
      filter: filtersYoung ? { type: 'young', matching: true } : undefined,
    },
  ];
  return about.map((scheme) => moduleScheme(around, parameters, scheme));
}

function addGoals(parameters: Parameters, [hot, cold]: readonly Scheme[]): Result<void, ErrnoName> {
  const active = parameters.number('active_mem_bp');
  if (active === 0) return success(undefined);
  if (active > SCALE) return failure('EINVAL');
  const goal = (metric: 'active_mem_bp' | 'inactive_mem_bp', target: number): Goal => ({
    ...{ metric, target, current: 0, node: 0, memcg: 0 },
    lastPressureUs: undefined,
  });
  hot.quota.goals = [goal('active_mem_bp', active)];
  cold.quota.goals = [goal('inactive_mem_bp', SCALE - active + GOAL_OVERLAP_BP)];
  return success(undefined);
}

function storeStatistics({ schemes }: Context, parameters: Parameters): void {
  for (const [heat, action] of [
    ['hot', 'lru_prio'],
    ['cold', 'lru_deprio'],
  ] as const) {
    const found = schemes.find((scheme) => scheme.parameters.action === action);
    const statistics = found?.statistics ?? newStatistics();
    parameters.set(`nr_lru_sort_tried_${heat}_regions`, statistics.tried);
    parameters.set(`bytes_lru_sort_tried_${heat}_regions`, statistics.triedBytes);
    parameters.set(`nr_lru_sorted_${heat}_regions`, statistics.applied);
    parameters.set(`bytes_lru_sorted_${heat}_regions`, statistics.appliedBytes);
    parameters.set(`nr_${heat}_quota_exceeds`, statistics.quotaExceeds);
  }
}
