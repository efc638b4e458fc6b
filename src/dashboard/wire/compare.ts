/** A comparison of policies: GET /api/compare. */
import * as z from 'zod';

const Text = z.string();
const Maybe = z.number().nullable();
/** A value with the ends of its 95 % interval; null where it was not measured. */
const Estimate = z.object({ value: z.number(), low: Maybe, high: Maybe }).nullable();

/** Shape of the reply. */
export const CompareSchema = z.object({
  octavo: z.literal('dashboard-compare'),
  version: z.literal(1),
  revision: z.number(),
  policies: z.array(z.object({ name: Text, brief: Text, source: Text, simplified: Text })),
  /** One for each place and policy: bloat removed and speed kept are the axes of the plane, as shares of 1. */
  groups: z.array(
    z.object({
      ...{ workload: Text, cpu: Text, pressure: Text, policy: Text },
      ...{ bloatRemoved: Estimate, speedKept: Estimate, product: Estimate },
      ...{ shareOfBound: Estimate, slowdown: Estimate },
    }),
  ),
  standings: z.array(
    z.object({
      ...{ policy: Text, places: z.number(), product: Estimate, shareOfBound: Estimate },
      ...{ bloatRemoved: Maybe, speedKept: Maybe, slowdown: Maybe, actedShare: Maybe },
    }),
  ),
  /** Points that others published. */
  published: z.array(
    z.object({ label: Text, bloatRemoved: z.number(), speedKept: z.number(), source: Text }),
  ),
  /** Places that a policy could not be run at, and why. */
  unable: z.array(
    z.object({ ...{ workload: Text, cpu: Text, pressure: Text, policy: Text, why: Text }, seed: z.number() }),
  ),
  notes: z.array(Text),
});

/** The reply as it is read. */
export type Compare = z.infer<typeof CompareSchema>;
