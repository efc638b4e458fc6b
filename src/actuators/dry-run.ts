/** Stands in for another actuator and does nothing but say what that one would do. */
import type { Receipt, Step } from '../vocabulary/plan.js';
import type { ActingContext, Actuator } from './actuator.js';

/**
 * Returns an actuator with the name and abilities of the given one, which touches nothing: its receipts say
 * `dry run`.
 */
export function dryRun(actuator: Actuator): Actuator {
  return {
    ...{ name: actuator.name, abilities: actuator.abilities, batch: actuator.batch },
    pacesItself: actuator.pacesItself,
    clearsReferences: actuator.clearsReferences,
    defeatedBy: actuator.defeatedBy,
    describe: (steps, pid) => actuator.describe(steps, pid),
    async apply(steps: readonly Step[], context: ActingContext): Promise<readonly Receipt[]> {
      return steps.map((step) => ({
        step: step.id,
        actuator: actuator.name,
        tried: false,
        answer: 'dry run',
        calls: [...actuator.describe([step], context.target.pid)],
        durationUs: 0,
        atMs: context.host.clock.wallMs(),
      }));
    },
  };
}
