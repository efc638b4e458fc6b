import * as z from 'zod';
import type { ProcessIdentity } from './process.js';

/** The identity of a process in plans, journals and documents. */
export const ProcessIdentitySchema: z.ZodType<ProcessIdentity> = z
  .strictObject({
    pid: z.int().positive(),
    startTicks: z.int().nonnegative(),
    command: z.string(),
    cgroup: z.string(),
  })
  .readonly();
