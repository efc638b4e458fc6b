import * as z from 'zod';
import { actuatorKind } from '../actuator.js';
import { damosActuator } from '../damos.js';
import { lasting } from '../keep-split.js';
import { KEEPING } from './keeping.js';

/** The kind of actuator behind `--actuator damos`, with the options that keep splits. */
export const damos = actuatorKind({
  brief: 'DAMOS: collapses, and splits where the kernel can, in a kdamond of its own',
  parameters: z.strictObject(KEEPING),
  make: ({ allowSticky, shareDamon }, { host, askDamon: ask = false, budgets }) =>
    lasting(damosActuator(host, { share: shareDamon, ask, budgets }), host, { allowSticky, shareDamon }),
});
