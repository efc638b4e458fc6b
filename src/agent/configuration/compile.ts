/** From a checked tree to what the agent uses. */

import type { Given } from '../../config/kinds.js';
import { KINDS, ofKind } from '../../config/kinds.js';
import type { GuardOptions } from '../guarding/guard-options.js';
import { parseHours } from '../patterns/hours.js';
import { parseListenPlace } from '../patterns/listen-place.js';
import { matchOf } from '../patterns/match.js';
import { effective, entriesOf, givenValue } from './check.js';
import type { Configuration, Target } from './configuration.js';
import { fieldOf, type Section } from './section.js';
import {
  BUDGET_FIELDS,
  CONFIGURATION,
  GUARD_FIELDS,
  HISTORY_FIELDS,
  MATCH_FIELDS,
  METRIC_FIELDS,
  METRICS_FIELDS,
  ROOT_FIELDS,
  SAMPLING_FIELDS,
  TARGET_NAME,
  TREATMENT_FIELDS,
} from './sections.js';
import { type Branch, plainOf } from './tree.js';

const EMPTY: Branch = { kind: 'branch', at: { file: '', line: 0, column: 0 }, entries: new Map() };

/**
 * Returns the configuration of a tree in which the check found nothing wrong, defaults filled in. Throws a
 * ZodError on any other tree.
 */
export function compiled(tree: Branch, files: readonly string[]): Configuration {
  const root = ROOT_FIELDS.parse(given(tree, CONFIGURATION));
  const sampling = SAMPLING_FIELDS.parse(given(branchAt(tree, 'sampling'), CONFIGURATION.sections?.sampling));
  return {
    watchMs: root.watch,
    state: root.state,
    runtime: root.runtime,
    pods: root.pods,
    cpuShare: sampling.cpu,
    metrics: metricsOf(branchAt(tree, 'metrics')),
    history: historyOf(branchAt(tree, 'history')),
    deny: entriesOf(tree, 'deny').map((one) =>
      matchOf(MATCH_FIELDS.parse(given(one, CONFIGURATION.lists?.deny))),
    ),
    targets: entriesOf(tree, 'targets').map((target) => targetOf(effective(tree, target))),
    files,
  };
}

function metricsOf(tree: Branch): Configuration['metrics'] {
  const { listen, textfile, targets } = METRICS_FIELDS.parse(given(tree, CONFIGURATION.sections?.metrics));
  return { listen: listen === undefined ? undefined : parseListenPlace(listen), textfile, targets };
}

function historyOf(tree: Branch): Configuration['history'] {
  const bounds = HISTORY_FIELDS.parse(given(tree, CONFIGURATION.sections?.history));
  if (!bounds.keep) return undefined;
  return {
    raw: { age: bounds.rawAge, bytes: bounds.rawBytes },
    '5m': { age: bounds.fiveMinuteAge, bytes: bounds.fiveMinuteBytes },
    '1h': { age: bounds.hourAge, bytes: bounds.hourBytes },
  };
}

function targetOf(tree: Branch): Target {
  const section = CONFIGURATION.lists?.targets;
  const own = given(tree, section);
  const treatment = TREATMENT_FIELDS.strip().parse(own);
  const { maxBlocks, maxBytes, lockShare, minFree, maxPressure, ...timed } = BUDGET_FIELDS.parse(
    given(branchAt(tree, 'budgets'), section?.sections?.budgets),
  );
  const policy = KINDS.policies[treatment.policy];
  const goal = treatment.goal === undefined ? {} : { goal: treatment.goal };
  const plain = (key: string): Given => given(branchAt(tree, key), section?.sections?.[key]);
  return {
    name: TARGET_NAME.parse(own.name),
    match: matchOf(MATCH_FIELDS.parse(given(branchAt(tree, 'match'), section?.sections?.match))),
    act: treatment.act,
    policy: treatment.policy,
    parameters: ofKind(policy, { ...plain('parameters'), ...goal }),
    sources: treatment.sources,
    sourceParameters: plain('sourceParameters'),
    actuators: treatment.actuators ?? [],
    actuatorParameters: plain('actuatorParameters'),
    everyMs: treatment.every,
    hours: (treatment.hours ?? []).map((text) => parseHours(text)),
    halfLifeMs: treatment.halfLife,
    processes: treatment.processes,
    budgets: { maxBlocks, maxBytes, lockUsPerSecond: lockShare * 1e6, minFreeBytes: minFree, maxPressure },
    timed,
    guards: guardsOf(branchAt(tree, 'guards'), section?.sections?.guards),
  };
}

function guardsOf(tree: Branch, section: Section | undefined): GuardOptions {
  const { cpuPressure, memoryPressure, ioPressure, memoryFull, ioFull, ...others } = GUARD_FIELDS.parse(
    given(tree, section),
  );
  const metric = tree.entries.get('metric');
  return {
    ...others,
    pressure: {
      some: { cpu: cpuPressure, memory: memoryPressure, io: ioPressure },
      full: { cpu: 0, memory: memoryFull, io: ioFull },
    },
    metric: metric?.kind === 'branch' ? metricOf(metric, section?.sections?.metric) : undefined,
  };
}

function metricOf(tree: Branch, section: Section | undefined): GuardOptions['metric'] {
  const { name, worse, margin, limit, ...source } = METRIC_FIELDS.parse(given(tree, section));
  return { name, worse, margin, ...(limit === undefined ? {} : { limit }), source };
}

function branchAt(tree: Branch, key: string): Branch {
  const found = tree.entries.get(key);
  return found?.kind === 'branch' ? found : EMPTY;
}

/** The values of a section's own fields, as its schema takes them. */
function given(tree: Branch, section: Section | undefined): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, value] of tree.entries) {
    const field = section && fieldOf(section, key);
    if (field !== undefined) values[key] = givenValue(field, plainOf(value));
  }
  return values;
}
