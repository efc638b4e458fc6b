/** Which steps of a plan are done in one go. */
import type { Actuator } from '../actuators/actuator.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Step } from '../vocabulary/plan.js';
import type { Microseconds } from '../vocabulary/units.js';
import type { LockPace } from './lock-pace.js';

/** Throws ABILITY_MISSING for an actuator that this Octavo, or this choice of actuators, does not have. */
export function actuatorOf(actuators: ReadonlyMap<string, Actuator>, step: Step): Actuator {
  const actuator = actuators.get(step.actuator);
  if (actuator) return actuator;
  throw new OctavoError('ABILITY_MISSING', {
    ability: `actuator ${step.actuator}`,
    reason: 'this Octavo does not have it',
    remedy: 'Plan again.',
  });
}

/**
 * The steps to be done in one go: of one actuator and action, no more than the actuator takes in a call, and no more
 * than the target's locks are to be held for at a time. An actuator that paces itself is given its whole batch.
 */
export function nextBatch(
  steps: readonly Step[],
  at: number,
  actuators: ReadonlyMap<string, Actuator>,
  pace: LockPace,
): readonly Step[] {
  const first = steps[at];
  const { batch, pacesItself } = actuatorOf(actuators, first);
  const most = pacesItself ? batch : Math.min(batch, pace.burst(kindOf(first)));
  let end = at + 1;
  while (end < steps.length && end - at < most && kindOf(steps[end]) === kindOf(first)) end++;
  return steps.slice(at, end);
}

/** What acts are alike in time. */
export function kindOf({ actuator, proposal }: Step): string {
  return `${actuator} ${proposal.action}`;
}

/** How long a step is expected to hold the locks. */
export function lockOf({ proposal }: Step): Microseconds {
  return proposal.cost.lockUs;
}
