import * as z from 'zod';
import { actuatorKind } from '../actuator.js';
import { lasting } from '../keep-split.js';
import { madviseActuator } from '../madvise.js';
import { KEEPING } from './keeping.js';

/** The kind of actuator behind `--actuator madvise`, with the options that keep splits. */
export const madvise = actuatorKind({
  brief: 'process_madvise: splits to base pages, collapses to whole huge pages',
  parameters: z.strictObject(KEEPING),
  make: (keeping, { host }) => lasting(madviseActuator(host), host, keeping),
});
