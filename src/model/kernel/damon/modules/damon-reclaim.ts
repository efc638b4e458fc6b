/** DAMON_RECLAIM: pages out what was idle for long, within quotas and watermarks (mm/damon/reclaim.c). */
import { type Goal, newStatistics, type SchemeStatistics } from '../core/context.js';
import type { GoalMetric } from '../core/generations.js';
import type { DamonModule } from './damon-module.js';
import { bool, type Parameters, result, ulong } from './parameters.js';
import { attributesOf, moduleScheme, monitoredContext } from './proactive-context.js';
import { MONITORING_ROWS, watermarkRows } from './shared-rows.js';

const QUOTA_BYTES = 128n * 1024n * 1024n;
const FEEDBACK_TARGET = 10_000;

/** The module with its parameters and defaults. */
export const RECLAIM: DamonModule = {
  name: 'damon_reclaim',
  only: undefined,
  rows: [
    ...MONITORING_ROWS,
    ulong('min_age', 120_000_000n),
    ulong('quota_ms', 10n),
    ulong('quota_reset_interval_ms', 1000n),
    ulong('quota_sz', QUOTA_BYTES),
    ulong('quota_mem_pressure_us'),
    ulong('quota_autotune_feedback'),
    bool('skip_anon'),
    ...watermarkRows(500n, 400n, 200n),
    result('nr_reclaim_tried_regions'),
    result('bytes_reclaim_tried_regions'),
    result('nr_reclaimed_regions'),
    result('bytes_reclaimed_regions'),
    result('nr_quota_exceeds'),
  ],
  commits: true,
  refreshNs: 0,
  build: (around, parameters) => {
    const attributes = attributesOf(parameters, 'aggr_interval');
    if (!attributes.ok) return attributes;
    const built = monitoredContext(around, parameters, attributes.value);
    if (!built.ok) return built;
    const scheme = moduleScheme(around, parameters, {
      action: 'pageout',
      pattern: {
        mostAccesses: 0,
        leastAge: Math.floor(parameters.number('min_age') / attributes.value.aggregationUs) % 2 ** 32,
      },
      quota: { ms: parameters.number('quota_ms'), bytes: parameters.number('quota_sz'), weightAccesses: 0 },
      filter: parameters.flag('skip_anon') ? { type: 'anon', matching: true } : undefined,
    });
    scheme.quota.goals = goalsOf(parameters);
    built.value.schemes.push(scheme);
    return built;
  },
  store: ({ schemes }, parameters) => {
    storeStatistics(parameters, schemes[0]?.statistics ?? newStatistics());
  },
};

function goalsOf(parameters: Parameters): Goal[] {
  const goal = (metric: GoalMetric, target: number, current = 0): Goal => ({
    ...{ metric, target, current, node: 0, memcg: 0 },
    lastPressureUs: undefined,
  });
  const pressure = parameters.number('quota_mem_pressure_us');
  const feedback = parameters.number('quota_autotune_feedback');
  return [
    ...(pressure === 0 ? [] : [goal('some_mem_psi_us', pressure)]),
    ...(feedback === 0 ? [] : [goal('user_input', FEEDBACK_TARGET, feedback)]),
  ];
}

function storeStatistics(parameters: Parameters, statistics: SchemeStatistics): void {
  parameters.set('nr_reclaim_tried_regions', statistics.tried);
  parameters.set('bytes_reclaim_tried_regions', statistics.triedBytes);
  parameters.set('nr_reclaimed_regions', statistics.applied);
  parameters.set('bytes_reclaimed_regions', statistics.appliedBytes);
  parameters.set('nr_quota_exceeds', statistics.quotaExceeds);
}
