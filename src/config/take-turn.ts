/** One whole turn on a host, without a user in front of it: look back, plan, carry out. */
import { lookBackUnderLock } from '../cycle/aftermath.js';
import { type Applied, applyPlan, runName } from '../cycle/apply-plan.js';
import { planTurn } from '../cycle/plan-turn.js';
import type { Host } from '../host/host.js';
import type { Plan } from '../vocabulary/plan.js';
import { actuatorsOf, assembleTurn, type TurnRequest } from './assemble.js';

export interface Turn {
  readonly plan: Plan;
  /** Undefined when the plan had no step. */
  readonly applied: Applied | undefined;
  /** Earlier splits that others than Octavo had undone when this turn began. */
  readonly undone: number;
}

export async function takeTurn(host: Host, request: TurnRequest, signal: AbortSignal): Promise<Turn> {
  const place = { host, directory: host.identity.stateDirectory };
  const assembled = await assembleTurn(host, request);
  const aftermath = lookBackUnderLock(place, assembled.processes);
  const progress = () => undefined;
  const { plan } = await planTurn({
    host,
    id: `plan-${runName(host)}`,
    ...assembled,
    feuds: aftermath.feuds,
    regrets: aftermath.regrets,
    signal,
    progress,
  });
  const undone = aftermath.undone.filter(({ by }) => by.who !== 'octavo').length;
  if (plan.steps.length === 0) return { plan, applied: undefined, undone };
  const actuators = actuatorsOf(host, request.actuators);
  return { plan, applied: await applyPlan({ place, plan, actuators, signal, progress }), undone };
}
