/**
 * What the dashboard's page is told first: what is shown, which views have data, and every target with its bytes, guards and
 * budgets. A number that is not known is null, never 0.
 */
import * as z from 'zod';
import { ACT_NAMES } from './act.js';

const Text = z.string();
const Known = z.number().nullable();

/** What a dashboard can be of. */
export const SUBJECT_KINDS = ['agent', 'heat', 'run', 'simulation', 'comparison', 'history'] as const;
/** One of them. */
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Views of the page. `story` is what `octavo report` tells of the same subject. */
export const VIEW_NAMES = ['bytes', 'map', 'orders', 'events', 'pingpong', 'compare', 'story'] as const;
/** One of them. */
export type ViewName = (typeof VIEW_NAMES)[number];

/** Whether a target is acted on; `unknown` where the subject does not tell. */
export const TARGET_STATES = ['observing', 'acting', 'paused', 'backing-off', 'stopped', 'unknown'] as const;

const GuardSchema = z.object({
  /** What it says, such as `memory pressure is 35 %, more than 20 %`. */
  why: Text,
  state: z.enum(['clear', 'holding', 'backing-off', 'observe-only']),
  /** Wall time until which it keeps the target from being acted on; null when there is none. */
  untilMs: Known,
  /** What it could not judge, and why. */
  blind: z.array(Text),
});

const BudgetSchema = z.object({
  /** `own CPU`, `blocks in an hour` */
  name: Text,
  /** Name of the target that it bounds; null for the whole agent. */
  target: Text.nullable(),
  used: Known,
  /** Null when there is no bound. */
  limit: Known,
  unit: z.enum(['bytes', 'milliseconds', 'count', 'share']),
});

/** A target. */
export const TargetViewSchema = z.object({
  /** For requests: `t0`, `t1` … Stays the same while the server runs. */
  id: Text,
  ...{ name: Text, match: Text, policy: Text, state: z.enum(TARGET_STATES) },
  processes: Known,
  /** By field of an observation (`fields` of the series says what each is): last of gauges, totals of sums. */
  values: z.record(Text, Known),
  guard: GuardSchema,
  /** Wall time of the next turn. */
  nextMs: Known,
  lastTurn: z.object({ atMs: z.number(), end: Text, why: Text, notes: z.array(Text) }).nullable(),
});

/** Whether a view has anything to show, and if not, why and what to do about it. */
const ViewSchema = z.object({ has: z.boolean(), why: Text, remedy: Text });

/** GET /api/overview */
export const OverviewSchema = z.object({
  octavo: z.literal('dashboard-overview'),
  version: z.literal(1),
  subject: z.object({
    kind: z.enum(SUBJECT_KINDS),
    /** File name, run, or host's agent, as a heading. */
    name: Text,
    /** Whether it goes on: then /events tells of changes. */
    isLive: z.boolean(),
    /** Of a live agent: `running`, `ended` or `absent`; of a file: `reading` until it was read, then `still`. */
    state: z.enum(['running', 'ended', 'absent', 'reading', 'still']),
    /** Sentences on that state; empty when all is well. */
    troubles: z.array(Text),
  }),
  /** Grows with every change; the same on /events. */
  revision: z.number(),
  /** Wall time that this is as of; null where the subject has none. */
  atMs: Known,
  /** In which time its moments are: wall clock (ms since 1970), milliseconds of a recording, or of a run on the model. */
  clock: z.enum(['wall', 'recording', 'run', 'none']),
  views: z.record(z.enum(VIEW_NAMES), ViewSchema),
  targets: z.array(TargetViewSchema),
  budgets: z.array(BudgetSchema),
  /** What a reader has to know, sentence by sentence. */
  notes: z.array(Text),
  /** What it was made of. */
  facts: z.array(z.tuple([Text, Text])),
  /** What may be asked of the agent: nothing unless whoever started the server allowed it. */
  actions: z.array(z.enum(ACT_NAMES)),
  /** What was asked of it, by whoever it was, and what came of it; the newest last. */
  asked: z.array(
    z.object({
      ...{ id: Text, atMs: z.number(), kind: Text, target: Text, words: Text, run: Text },
      state: z.enum(['waiting', 'done', 'refused']),
    }),
  ),
});

/** The overview as it is read. */
export type Overview = z.infer<typeof OverviewSchema>;
/** A target as it is read. */
export type TargetView = z.infer<typeof TargetViewSchema>;
/** A budget as it is read. */
export type Budget = z.infer<typeof BudgetSchema>;
