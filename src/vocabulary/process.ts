import * as z from 'zod';

/** A process, told apart from a later one with the same pid by its start time. */
export const ProcessIdentitySchema = z
  .strictObject({
    pid: z.int().positive(),
    /** Field 22 of /proc/PID/stat: clock ticks after boot. */
    startTicks: z.int().nonnegative(),
    /** /proc/PID/comm. */
    command: z.string(),
    /** Path of the unified cgroup, `/` when there is none. */
    cgroup: z.string(),
  })
  .readonly();

export type ProcessIdentity = z.infer<typeof ProcessIdentitySchema>;
