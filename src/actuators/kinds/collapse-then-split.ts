import { NO_PARAMETERS } from '../../vocabulary/kind.js';
import { actuatorKind } from '../actuator.js';
import { collapseThenSplitActuator } from '../collapse-then-split.js';

/** The kind of actuator behind `--actuator collapse-then-split`. */
export const collapseThenSplit = actuatorKind({
  brief: 'collapses to a whole huge page and splits that to the order',
  parameters: NO_PARAMETERS,
  make: (_, { host }) => collapseThenSplitActuator(host),
});
