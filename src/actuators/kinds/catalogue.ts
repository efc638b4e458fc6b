import type { ActuatorKind } from '../actuator.js';
import { collapseThenSplit } from './collapse-then-split.js';
import { damos } from './damos.js';
import { debugfsSplit } from './debugfs-split.js';
import { madvise } from './madvise.js';

/** Every kind of actuator, in order of preference: the first that reaches an order gets the step. */
export const ACTUATORS = {
  madvise,
  'debugfs-split': debugfsSplit,
  damos,
  'collapse-then-split': collapseThenSplit,
} as const satisfies Record<string, ActuatorKind>;

/** Name of an actuator as plans, options and the configuration write it. */
export type ActuatorName = keyof typeof ACTUATORS;
