/** Actuators of the acting side, for plans that are made here and carried out there. */
import type { Actuator } from '../../actuators/actuator.js';
import { assert } from '../../base/assert.js';
import type { ActingMeans } from '../hands/protocol.js';

/** Those of its actuators that a target may use, by what it says they can do. */
export function actingActuators(
  means: readonly ActingMeans[],
  allowed: readonly Pick<Actuator, 'name'>[],
): readonly Actuator[] {
  const names = new Set(allowed.map(({ name }) => name));
  return means.filter(({ name }) => names.has(name)).map(fromAfar);
}

function fromAfar(means: ActingMeans): Actuator {
  return {
    ...means,
    batch: 1,
    pacesItself: false,
    apply() {
      assert(false, `${means.name} is carried out by the acting side`);
    },
    describe: () => [],
  };
}
