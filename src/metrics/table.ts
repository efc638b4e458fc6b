/**
 * Every metric, once: name, type, unit, labels and help, and where its value comes from. The exposition, docs/metrics.md,
 * the board and the alerts are made from it or held against it. Names follow the conventions of Prometheus: base units,
 * the unit at the end of the name, `_total` behind counters, `_info` behind facts. No label holds a pid, and each has a
 * bounded number of values. Pure.
 */
import { ACTING_STATES, FIELDS, type FieldName } from '../history/observation.js';
import type { AgentReading } from './agent-reading.js';

/** Type of a metric, as OpenMetrics has it. */
export type MetricType = 'gauge' | 'counter' | 'info';

/** A metric by its name. */
export interface MetricKind {
  readonly name: string;
  readonly type: MetricType;
  /** Base unit, which the name ends with; empty for plain numbers. */
  readonly unit: 'bytes' | 'seconds' | '';
  readonly labels: readonly string[];
  /** One sentence. */
  readonly help: string;
}

/** Of each target, from a field of its observation. */
export interface TargetMetric extends MetricKind {
  readonly field: FieldName;
  /** What the field is divided by: nanoseconds become seconds. */
  readonly per: number;
}

/** A value with its labels. */
export interface MetricSample {
  /** Values of the labels, in the order of the metric's. */
  readonly labels: readonly string[];
  readonly value: number;
}

/** Of the agent itself. */
export interface AgentMetric extends MetricKind {
  /** No sample where it is not known. */
  read(agent: AgentReading): readonly MetricSample[];
}

const NANOSECONDS = 1e9;
const UNIT_NAMES = { bytes: 'bytes', nanoseconds: 'seconds', count: '' } as const;
const UNIT_WORDS = { bytes: 'Bytes', nanoseconds: 'Seconds', count: 'Number' } as const;

function targetMetric(name: string, field: FieldName): TargetMetric {
  const { nature, unit, tells } = FIELDS[field];
  return {
    name: `octavo_target_${name}`,
    type: nature === 'sum' ? 'counter' : 'gauge',
    unit: UNIT_NAMES[unit],
    labels: ['target'],
    help: `${UNIT_WORDS[unit]} ${tells}.`,
    field,
    per: unit === 'nanoseconds' ? NANOSECONDS : 1,
  };
}

const NAMES_OF_FIELDS: Readonly<Record<FieldName, string>> = {
  processes: 'processes',
  residentBytes: 'resident_bytes',
  hugeBytes: 'huge_bytes',
  emptyInHugeBytes: 'empty_in_huge_bytes',
  unmappedHeldBytes: 'unmapped_held_bytes',
  holeBytes: 'hole_bytes',
  coldBytes: 'cold_bytes',
  stillReturnedBytes: 'still_returned_bytes',
  returnedBytes: 'returned_bytes_total',
  predictedBytes: 'predicted_bytes_total',
  cameBackBytes: 'came_back_bytes_total',
  splits: 'splits_total',
  collapses: 'collapses_total',
  refused: 'proposals_refused_total',
  failed: 'steps_failed_total',
  undone: 'steps_undone_total',
  verdicts: 'verdicts_total',
  verdictsMet: 'verdicts_met_total',
  samples: 'samples_total',
  lockNs: 'lock_seconds_total',
  ownCpuNs: 'cpu_seconds_total',
};

/** Metrics with a series for each target: one for each number of an observation. */
export const TARGET_METRICS: readonly TargetMetric[] = Object.entries(NAMES_OF_FIELDS).map(([field, name]) =>
  targetMetric(name, field as FieldName),
);

/** 1 for the state that a target is in, 0 for the others. */
export const STATE_METRIC = {
  name: 'octavo_target_state',
  type: 'gauge',
  unit: '',
  labels: ['target', 'state'],
  help: `Whether Octavo acts on the target: 1 for the state that it is in, 0 for the others (${ACTING_STATES.join(', ')}).`,
} as const satisfies MetricKind;

/** Which policy a target has. */
export const TARGET_INFO = {
  name: 'octavo_target_info',
  type: 'info',
  unit: '',
  labels: ['target', 'policy'],
  help: 'The policy of the target.',
} as const satisfies MetricKind;

const one = (value: number | null): readonly MetricSample[] =>
  value === null ? [] : [{ labels: [], value }];
const yes = (value: boolean): readonly MetricSample[] => one(value ? 1 : 0);
const seconds = (ms: number | null) => (ms === null ? null : ms / 1000);

const agentMetric = (
  name: string,
  type: MetricType,
  help: string,
  read: AgentMetric['read'],
  labels: readonly string[] = [],
): AgentMetric => ({
  name: `octavo_${name}`,
  type,
  unit: /_bytes(_total)?$/.test(name) ? 'bytes' : /_seconds(_total)?$/.test(name) ? 'seconds' : '',
  labels,
  help,
  read,
});

/** Metrics of the agent itself. */
export const AGENT_METRICS: readonly AgentMetric[] = [
  agentMetric(
    'build_info',
    'info',
    'The version of Octavo.',
    ({ version }) => [{ labels: [version], value: 1 }],
    ['version'],
  ),
  agentMetric('agent_start_time_seconds', 'gauge', 'Unix time when the agent started.', (agent) =>
    one(agent.startedAtMs / 1000),
  ),
  agentMetric('agent_cpu_seconds_total', 'counter', 'CPU time of the agent, all its processes.', (agent) =>
    one(agent.cpuNs === null ? null : agent.cpuNs / NANOSECONDS),
  ),
  agentMetric(
    'agent_resident_memory_bytes',
    'gauge',
    'Resident memory of the agent, all its processes.',
    (agent) => one(agent.residentBytes),
  ),
  agentMetric('agent_turns_total', 'counter', 'Turns of the agent that ended.', ({ turns }) => one(turns)),
  agentMetric('agent_turns_failed_total', 'counter', 'Turns that ended with an error.', (agent) =>
    one(agent.turnsFailed),
  ),
  agentMetric('agent_last_turn_timestamp_seconds', 'gauge', 'Unix time when the last turn ended.', (agent) =>
    one(seconds(agent.lastTurnAtMs)),
  ),
  agentMetric('agent_last_turn_duration_seconds', 'gauge', 'How long the last turn took.', (agent) =>
    one(seconds(agent.lastTurnMs)),
  ),
  agentMetric(
    'agent_config_last_reload_successful',
    'gauge',
    'Whether the configuration was read without an error when it was last read: 1 or 0.',
    (agent) => yes(agent.configOk),
  ),
  agentMetric(
    'agent_config_last_reload_success_timestamp_seconds',
    'gauge',
    'Unix time when the configuration in force was read.',
    (agent) => one(agent.configLoadedAtMs / 1000),
  ),
  agentMetric('agent_targets', 'gauge', 'Number of targets with living processes.', ({ targets }) =>
    one(targets),
  ),
  agentMetric(
    'agent_guard_objections',
    'gauge',
    'Number of targets that a guard keeps from being acted on.',
    ({ guards }) => guards.map(({ name, targets }) => ({ labels: [name], value: targets })),
    ['guard'],
  ),
  agentMetric(
    'agent_history_bytes',
    'gauge',
    'Bytes that a tier of the history takes on disk.',
    ({ history }) => Object.entries(history?.bytes ?? {}).map(([tier, value]) => ({ labels: [tier], value })),
    ['tier'],
  ),
  agentMetric(
    'agent_history_dropped_total',
    'counter',
    'Observations that could not be kept, as when the disk is full.',
    ({ history }) => one(history?.dropped ?? null),
  ),
  agentMetric(
    'agent_history_writable',
    'gauge',
    'Whether the last observations could be kept: 1 or 0.',
    ({ history }) => (history === undefined ? [] : yes(history.problem === undefined)),
  ),
];

/** All of them, in the order of the exposition. */
export const METRICS: readonly MetricKind[] = [
  ...AGENT_METRICS,
  TARGET_INFO,
  STATE_METRIC,
  ...TARGET_METRICS,
];
