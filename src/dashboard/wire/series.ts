/** Bytes and counts over time, by target; and memory by folio order over time. */
import * as z from 'zod';

const Text = z.string();
const Known = z.number().nullable();

/** What a number counts. */
export const FieldViewSchema = z.object({
  name: Text,
  /** A gauge is as it was; a sum is what happened in the time before its moment. */
  nature: z.enum(['gauge', 'sum']),
  unit: z.enum(['bytes', 'nanoseconds', 'count']),
  /** What it counts, behind "Bytes", "Nanoseconds" or "Number": `resident in the processes of the target (RSS)`. */
  tells: Text,
});

/** GET /api/series?target=t0&from=MS&to=MS&points=N (points ≤ 1000, 400 when absent). */
export const SeriesSchema = z.object({
  octavo: z.literal('dashboard-series'),
  version: z.literal(1),
  revision: z.number(),
  clock: z.enum(['wall', 'recording', 'run', 'none']),
  fields: z.array(FieldViewSchema),
  /** End of each moment, ascending, in milliseconds of the clock. */
  times: z.array(z.number()),
  targets: z.array(
    z.object({
      id: Text,
      name: Text,
      /** By field, one value a moment; fields that are never known are absent. */
      values: z.record(Text, z.array(Known)),
    }),
  ),
});

/** GET /api/orders?target=t0 */
export const OrdersSchema = z.object({
  octavo: z.literal('dashboard-orders'),
  version: z.literal(1),
  revision: z.number(),
  clock: z.enum(['wall', 'recording', 'run', 'none']),
  pageBytes: z.number(),
  hugeOrder: z.number(),
  moments: z.array(
    z.object({
      /** Null where only the label says when: `before`, `after`. */
      atMs: Known,
      label: Text,
      /** Bytes in folios of each order; order null: smaller than huge, which of them is not known. */
      parts: z.array(z.object({ order: z.number().nullable(), bytes: z.number() })),
      /** Bytes that the system has got back by then. */
      returnedBytes: Known,
    }),
  ),
});

/** Numbers over time as they are read. */
export type Series = z.infer<typeof SeriesSchema>;
/** What a number counts, as it is read. */
export type FieldView = z.infer<typeof FieldViewSchema>;
/** Orders over time as they are read. */
export type Orders = z.infer<typeof OrdersSchema>;
/** One moment of them. */
export type OrderMoment = Orders['moments'][number];
