/** Options of the actuators, for commands that carry out what was planned before. */
import { KEEPING } from '../actuators/keep-split.js';
import { fieldFlags } from './field-flags.js';

/** Parsed values of the actuators' options. */
export type ActuatorFlags = { readonly [Name in keyof typeof KEEPING]?: boolean };

/** Declarations of the options that keep splits, for `apply` and `undo`. */
export const actuatorFlags = fieldFlags(KEEPING);

/** What was given of them, as parameters of the actuators. */
export function actuatorParameters({
  allowSticky,
  shareDamon,
}: ActuatorFlags): Readonly<Record<string, boolean>> {
  return {
    ...(allowSticky === undefined ? {} : { allowSticky }),
    ...(shareDamon === undefined ? {} : { shareDamon }),
  };
}
