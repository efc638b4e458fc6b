/** Files of the state directory that a look back keeps between turns. */
import * as z from 'zod';
import { MarksSchema } from './journal-records.js';

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

export const WatchesSchema = z.object({
  octavo: z.literal('watches'),
  version: z.literal(1),
  watches: z.array(MarksSchema),
});

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
