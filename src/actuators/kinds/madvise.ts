import * as z from 'zod';
import { actuatorKind } from '../actuator.js';
import { lasting } from '../keep-split.js';
import { madviseActuator } from '../madvise.js';
import { KEEPING } from './keeping.js';

export const madvise = actuatorKind({
  brief: 'process_madvise: splits to base pages, collapses to whole huge pages',
  parameters: z.strictObject(KEEPING),
  make: (keeping, { host }) => lasting(madviseActuator(host), host, keeping),
});
