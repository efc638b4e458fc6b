import * as z from 'zod';
import { actuatorKind } from '../actuator.js';
import { debugfsSplitActuator } from '../debugfs-split.js';
import { lasting } from '../keep-split.js';
import { KEEPING } from './keeping.js';

/** The kind of actuator behind `--actuator debugfs-split`, with the options that keep splits. */
export const debugfsSplit = actuatorKind({
  brief: 'debugfs: splits to any order',
  parameters: z.strictObject(KEEPING),
  make: (keeping, { host }) => lasting(debugfsSplitActuator(host), host, keeping),
});
