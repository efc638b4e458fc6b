/** One whole turn on a host, without a user in front of it: look back, plan, carry out. */
import { lookBackUnderLock } from '../cycle/aftermath.js';
import { type Applied, applyPlan, runName } from '../cycle/apply-plan.js';
import { keepBeliefs, readBeliefs } from '../cycle/belief-file.js';
import { planTurn } from '../cycle/plan-turn.js';
import { learnOutcome, learnUndone } from '../cycle/policy-facts.js';
import type { Host } from '../host/host.js';
import type { Plan } from '../vocabulary/plan.js';
import { actuatorsOf, assembleTurn, type TurnRequest } from './assemble.js';

/** A turn that was taken: its plan, and what carrying it out came to. */
export interface Turn {
  readonly plan: Plan;
  /** Undefined when the plan had no step. */
  readonly applied: Applied | undefined;
  /** Earlier splits that others than Octavo had undone when this turn began. */
  readonly undone: number;
}

/**
 * Takes one turn and returns it. Throws an OctavoError where the target is gone or the state cannot be
 * locked.
 */
export async function takeTurn(host: Host, request: TurnRequest, signal: AbortSignal): Promise<Turn> {
  const place = { host, directory: host.identity.stateDirectory };
  const assembled = await assembleTurn(host, request);
  const aftermath = lookBackUnderLock(place, assembled.processes);
  const progress = () => undefined;
  const learned = assembled.policy.usesBeliefs === true ? readBeliefs(place) : undefined;
  const { plan } = await planTurn({
    host,
    id: `plan-${runName(host)}`,
    ...assembled,
    feuds: aftermath.feuds,
    regrets: aftermath.regrets,
    ...(learned === undefined ? {} : { beliefs: learned.beliefs, notes: learned.notes }),
    ...(request.translation === undefined ? {} : { translation: request.translation }),
    signal,
    progress,
  });
  const undone = aftermath.undone.filter(({ by }) => by.who !== 'octavo').length;
  const applied =
    plan.steps.length === 0
      ? undefined
      : await applyPlan({ place, plan, actuators: actuatorsOf(host, request.actuators), signal, progress });
  if (learned !== undefined) {
    const [first] = assembled.processes;
    if (assembled.processes.length === 1) learnUndone(learned.beliefs, first, undone);
    learnOutcome(learned.beliefs, plan, applied?.verdicts ?? []);
    keepBeliefs(place, learned.beliefs);
  }
  return { plan, applied, undone };
}
