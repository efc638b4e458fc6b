/** What was decided and what became of it, one entry for each block or turn, newest first; and blocks that go to and fro. */
import * as z from 'zod';

const Text = z.string();
const Known = z.number().nullable();

/**
 * `split`, `collapse`: carried out and met or partly so. `failed`: carried out and not met. `refused`: by a budget, guard or
 * rule. `undone`: found undone later. `agent`: what the agent tells of itself and its targets.
 */
export const EVENT_KINDS = ['split', 'collapse', 'failed', 'refused', 'undone', 'agent'] as const;
/** One of them. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** An entry of the log. */
export const DecisionSchema = z.object({
  /** Ascends with what was told later. */
  id: z.number(),
  atMs: z.number(),
  kind: z.enum(EVENT_KINDS),
  /** Name of the target, or what the run was of. */
  target: Text,
  /** Name of the run, empty where there is none. */
  run: Text,
  pid: z.number().nullable(),
  command: Text,
  /** Of the block, `0x7f2a40000000`; empty where it is of no block. */
  address: Text,
  /** Where the map shows it: segment and first page within it; null where it does not. */
  place: z.object({ segment: z.number(), page: z.number() }).nullable(),
  /** What was done: `split to order 0`. */
  what: Text,
  /** Why it was decided, or refused. */
  why: Text,
  /** What became of it, in words: `met: mapped as order 0 now`. */
  outcome: Text,
  predictedBytes: Known,
  returnedBytes: Known,
});

/**
 * GET /api/events?kind=split,undone&target=NAME&text=WORDS&run=RUN&from=MS&to=MS&segment=N&firstPage=N&endPage=N&before=ID&limit=N
 * (limit ≤ 500, 100 when absent). All filters must fit; newest first.
 */
export const EventsSchema = z.object({
  octavo: z.literal('dashboard-events'),
  version: z.literal(1),
  revision: z.number(),
  events: z.array(DecisionSchema),
  /** How many fit the filters, and `before` of the next page; null when these were the last. */
  total: z.number(),
  next: z.number().nullable(),
  /** How many are kept of each kind, without filters. */
  kinds: z.record(z.enum(EVENT_KINDS), z.number()),
  /** Names that `target` can have. */
  targets: z.array(Text),
  /** Older ones that are no longer kept. */
  dropped: z.number(),
});

/** GET /api/pingpong: blocks that were split and found huge again, the worst first. */
export const PingPongSchema = z.object({
  octavo: z.literal('dashboard-pingpong'),
  version: z.literal(1),
  revision: z.number(),
  blocks: z.array(
    z.object({
      pid: z.number(),
      ...{ command: Text, address: Text },
      place: z.object({ segment: z.number(), page: z.number() }).nullable(),
      times: z.number(),
      by: z.enum(['kernel', 'octavo', 'process', 'unknown']),
      lastMs: Known,
      /** Left alone until then; null when it is not. */
      untilMs: Known,
      /** In words. */
      why: Text,
    }),
  ),
});

/** An entry as it is read. */
export type Decision = z.infer<typeof DecisionSchema>;
/** A page of the log as it is read. */
export type EventsReply = z.infer<typeof EventsSchema>;
/** The list as it is read. */
export type PingPong = z.infer<typeof PingPongSchema>;
