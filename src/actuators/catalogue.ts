import type { Host } from '../host/host.js';
import type { Actuator } from './actuator.js';
import { collapseThenSplitActuator } from './collapse-then-split.js';
import { damosActuator } from './damos.js';
import { debugfsSplitActuator } from './debugfs-split.js';
import { madviseActuator } from './madvise.js';

/** Every actuator, in order of preference: the first that reaches an order gets the step. */
export const ACTUATORS = {
  madvise: madviseActuator,
  'debugfs-split': debugfsSplitActuator,
  damos: damosActuator,
  'collapse-then-split': collapseThenSplitActuator,
} as const satisfies Record<string, (host: Host) => Actuator>;

export type ActuatorName = keyof typeof ACTUATORS;
