/**
 * /events, as server-sent events. Each has an id `EPOCH-NUMBER`; after a break the browser sends the last one, and gets what it
 * missed, or `reset` when that is no longer known or the server is another one (EPOCH): then everything is to be asked anew.
 * A comment comes every 15 s.
 */
import * as z from 'zod';
import { DecisionSchema } from './events.js';
import { SUBJECT_KINDS, VIEW_NAMES } from './overview.js';

/** Data of an event by its name. */
export const STREAM = {
  /** The first on every connection. */
  hello: z.object({ revision: z.number(), kind: z.enum(SUBJECT_KINDS), isLive: z.boolean() }),
  /** Something was missed: ask for everything anew. */
  reset: z.object({ revision: z.number() }),
  /** Views changed. */
  change: z.object({ revision: z.number(), views: z.array(z.enum([...VIEW_NAMES, 'overview'])) }),
  /** Something was decided or found. */
  decision: DecisionSchema,
  /** The agent came or went. */
  agent: z.object({ state: z.enum(['running', 'ended', 'absent']), sinceMs: z.number().nullable() }),
} as const;

/** Name of an event. */
export type StreamName = keyof typeof STREAM;
/** Data of the event of a name. */
export type StreamData<Name extends StreamName> = z.infer<(typeof STREAM)[Name]>;
