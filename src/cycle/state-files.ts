/** Files of the state directory that a look back keeps between turns. */
import * as z from 'zod';
import { MarksSchema } from './journal-records.js';

/** Schema of `feuds.json`: blocks that were made huge again, and until when they are left alone. */
export const FeudsSchema = z.object({
  octavo: z.literal('feuds'),
  version: z.literal(1),
  feuds: z.array(
    z.object({
      pid: z.int(),
      startTicks: z.int(),
      block: z.int(),
      recollapses: z.int(),
      /** Absent in files from before it was told apart. */
      by: z.enum(['kernel', 'unknown']).default('unknown'),
      until: z.number(),
    }),
  ),
});

/** Schema of `watches.json`: counters of each process at the last look. */
export const WatchesSchema = z.object({
  octavo: z.literal('watches'),
  version: z.literal(1),
  watches: z.array(MarksSchema),
});

/** Schema of `regrets.json`: returned memory that came back, by process. */
export const RegretsSchema = z.object({
  octavo: z.literal('regrets'),
  version: z.literal(1),
  regrets: z.array(
    z.object({
      pid: z.int(),
      startTicks: z.int(),
      returnedBytes: z.int().nonnegative(),
      cameBackBytes: z.int().nonnegative(),
      run: z.string(),
      afterMs: z.number(),
      times: z.int().nonnegative(),
      until: z.number(),
    }),
  ),
});
