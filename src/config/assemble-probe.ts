/** From what a user asked a probe for, and a host, to the parts of it. */
import type { ActuatorName } from '../actuators/kinds/catalogue.js';
import type { JournalPlace } from '../cycle/journal.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { probe } from '../sources/kinds/probe.js';
import type { ProbeSource } from '../sources/probe.js';
import type { Budgets } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { actuatorsOf } from './assemble.js';
import { checkedParameters, type Given } from './kinds.js';
import { JournalledHands } from './probe-hands.js';
import { resolveTarget, type TargetScope } from './targets.js';

/** What a user asked a probe for. */
export interface ProbeRequest {
  readonly target: string;
  readonly scope: TargetScope;
  /** Parameters of the probe, by name. */
  readonly parameters: Given;
  readonly budgets: Partial<Budgets>;
  readonly signal: AbortSignal;
}

/** A probe that is ready to look, and the hands that split and collapse for it. */
export interface AssembledProbe {
  readonly processes: readonly ProcessIdentity[];
  readonly source: ProbeSource;
  readonly hands: JournalledHands;
}

/** DAMOS is left out: the probe watches with the one kdamond that Octavo takes. */
const HANDS: readonly ActuatorName[] = ['madvise', 'debugfs-split', 'collapse-then-split'];

/**
 * Picks processes and parts of a probe. Throws an OctavoError where the target or a way to act is missing.
 */
export function assembleProbe(place: JournalPlace, request: ProbeRequest): AssembledProbe {
  const { host } = place;
  const budgets = { ...DEFAULT_BUDGETS, ...request.budgets };
  // What the probe splits it collapses again, so nothing of it may be sticky.
  const actuators = actuatorsOf(host, HANDS);
  const hands = new JournalledHands({ place, actuators, budgets, signal: request.signal });
  return {
    processes: resolveTarget(host, request.target, request.scope),
    source: probe.make(
      probe.parameters.parse(checkedParameters(probe, 'probe', request.parameters)),
      host,
      hands,
    ),
    hands,
  };
}
