/** Why a block is huge or not: GET /api/explain?layout=N&segment=N&page=N, where page counts from the segment's first. */
import * as z from 'zod';

const Text = z.string();

/** Shape of the reply. */
export const ExplainSchema = z.object({
  octavo: z.literal('dashboard-explain'),
  version: z.literal(1),
  revision: z.number(),
  ...{ segment: z.number(), pid: z.number(), command: Text, address: Text },
  /** Whether the process was looked at just now; `why` says what kept us from it when not. */
  isLive: z.boolean(),
  why: Text,
  /** What `octavo explain PID:ADDRESS` prints. */
  lines: z.array(Text),
  /** The block's sub-pages over all of the time: codes of heat as in a tile, empty where they are not known. */
  heat: z.array(z.number()),
  /** Mean folio order of equal parts of the block, as it is now; null where no memory is, empty where it is not known. */
  orders: z.array(z.number().nullable()),
});

/** The reply as it is read. */
export type Explain = z.infer<typeof ExplainSchema>;
