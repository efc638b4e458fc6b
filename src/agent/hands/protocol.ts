/**
 * What may be said between the deciding process and the acting one: one closed union, and nothing else. The deciding side
 * is taken as hostile, so every request is checked for shape and size here, and for what the configuration allows by
 * judge.ts; the acting side is trusted, since it can do all of this anyway.
 *
 * What crosses towards the deciding side: block tables (page sizes, mappings), one bit for each page that holds data,
 * samples of accesses by virtual page, receipts, verdicts and what a look back found. What never does: content of memory,
 * frame numbers, paths that were given from the other side, descriptors.
 */

import * as z from 'zod';
import type { Actuator } from '../../actuators/actuator.js';
import { failure, type Result, success } from '../../base/result.js';
import { schemaProblem } from '../../base/schema-words.js';
import type { CostsDocument } from '../../planning/cost-book.js';
import type { Feud } from '../../planning/guard.js';
import type { Regret } from '../../planning/regret.js';
import type { SourceAccount } from '../../sources/source.js';
import { PlanSchema, type Receipt, type SystemMemory, type Verdict } from '../../vocabulary/plan.js';
import type { SampleOrigin } from '../../vocabulary/sample.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';

/** Both sides are of one program: any other version is refused. */
export const PROTOCOL_VERSION = 1;

/** Bytes of a request's frame at most: a plan of some thousand steps. */
export const MOST_REQUEST_BYTES: Bytes = 8 * 1024 * 1024;
/** Bytes of an answer's frame at most: the block table of a process of one TiB. */
export const MOST_ANSWER_BYTES: Bytes = 64 * 1024 * 1024;
/** Processes that one request may name. */
export const MOST_PROCESSES = 4096;
/** Blocks that one request for samples may name. */
export const MOST_BLOCKS = 65_536;
/** A text of a request is no longer; reasons and forecasts have some hundred characters. */
export const MOST_TEXT = 4096;
/** Values inside one another. */
export const MOST_DEPTH = 12;
/** Requests that wait for their turn; one more is refused. */
export const MOST_WAITING = 8;

/** A process as the deciding side knows it. The start time tells it from a later one with its pid. */
export const ProcessRefSchema = z
  .strictObject({
    pid: z
      .int()
      .positive()
      .max(2 ** 22),
    startTicks: z.int().nonnegative(),
  })
  .readonly();

const Processes = z.array(ProcessRefSchema).min(1).max(MOST_PROCESSES).readonly();
const Id = z.int().positive();

/** Kinds of looking that can be asked for. */
export const LOOKS = ['occupancy', 'damon-regions', 'smaps', 'pmu'] as const;

/** Request for a look at processes: which look, for how long, and which blocks of memory may be read. */
export const SampleRequestSchema = z
  .strictObject({
    look: z.enum(LOOKS),
    processes: Processes,
    /** How long to watch; sources that do not watch pass it over. */
    windowMs: z.int().min(1).max(600_000),
    /** Read only these blocks, by pid; all when absent. */
    only: z
      .array(
        z
          .strictObject({
            pid: z.int().positive(),
            blocks: z.array(z.int().nonnegative()).max(MOST_BLOCKS).readonly(),
          })
          .readonly(),
      )
      .max(MOST_PROCESSES)
      .readonly()
      .optional(),
  })
  .readonly();

/** Every message that the deciding side may send. Anything else ends the connection. */
export const RequestSchema = z.discriminatedUnion('kind', [
  /** First of all, once. */
  z.strictObject({ kind: z.literal('hello'), id: Id, version: z.literal(PROTOCOL_VERSION) }).readonly(),
  /** That the deciding side is alive. */
  z.strictObject({ kind: z.literal('ping'), id: Id }).readonly(),
  z.strictObject({ kind: z.literal('observe'), id: Id, process: ProcessRefSchema }).readonly(),
  z.strictObject({ kind: z.literal('sample'), id: Id, request: SampleRequestSchema }).readonly(),
  z.strictObject({ kind: z.literal('look-back'), id: Id, processes: Processes }).readonly(),
  z.strictObject({ kind: z.literal('apply'), id: Id, plan: PlanSchema }).readonly(),
  /** To read the configuration again, by itself and from where it was read first. */
  z.strictObject({ kind: z.literal('reload'), id: Id }).readonly(),
  /** To stop a request that is being carried out, or take one back that waits. */
  z.strictObject({ kind: z.literal('cancel'), id: Id, request: Id }).readonly(),
]);

/** A process by pid and start time, so that a reused pid is another process. */
export type ProcessRef = z.infer<typeof ProcessRefSchema>;
/** A checked request for samples. */
export type SampleRequest = z.infer<typeof SampleRequestSchema>;
/** A checked message of the deciding side. */
export type Request = z.infer<typeof RequestSchema>;
/** Name of a way to look at memory. */
export type Look = (typeof LOOKS)[number];

/** What the acting side, which the host's signals go to, wants of the deciding one. */
export const WISHES = ['reload', 'end'] as const;
/** What the acting side may ask of the deciding one by itself: to end, or to reload. */
export type Wish = (typeof WISHES)[number];

/** Why a request is refused; the deciding side treats each code in its own way. */
export const DENIALS = [
  /** No target of the configuration has the process, or it is on the deny list. */
  'not-a-target',
  /** The target is only watched (`act: false`), or not at this hour. */
  'not-now',
  /** The process ended, or its pid is another's. */
  'stale',
  /** More than the budgets have left. */
  'over-budget',
  /** Something that no plan of this target may have: an action, an actuator, an order. */
  'not-allowed',
  /** The last look at it was too short a time ago; `retryMs` says when it may be asked again. */
  'too-soon',
  /** Too many requests wait. */
  'busy',
  /** Taken back, or the agent ends. */
  'cancelled',
  /** The answer has more bytes than a frame. */
  'too-large',
  /** It was tried and failed; `why` has the message of the error. */
  'failed',
] as const;

/** Why a request was not carried out. */
export interface Denial {
  readonly code: (typeof DENIALS)[number];
  /** One plain sentence. */
  readonly why: string;
  readonly retryMs?: Milliseconds;
}

/** What came of a plan. Frame numbers are left out. */
export interface Outcome {
  readonly run: string;
  readonly how: 'complete' | 'interrupted' | 'stopped';
  readonly why: string;
  /** Code of the error that ended it before its time; empty when there was none. */
  readonly code: string;
  /** False when the end could not be written: the next start settles the run. */
  readonly closed: boolean;
  readonly receipts: readonly Receipt[];
  readonly verdicts: readonly Verdict[];
  readonly memory: SystemMemory;
  /** Verdicts of steps that an earlier run of the plan had done. */
  readonly doneBefore: readonly Verdict[];
  /** Runs that were found unfinished and settled first. */
  readonly recovered: readonly string[];
  /** What acts have taken on this host, this run's included. */
  readonly costs: CostsDocument;
}

/** What a look back found. */
export interface LookedBack {
  readonly feuds: readonly Feud[];
  readonly regrets: readonly Regret[];
  /** Splits found undone since the last look. */
  readonly undone: readonly Verdict[];
  readonly cameBack: readonly Regret[];
  /** Runs whose journals cannot be read. */
  readonly damaged: readonly string[];
}

/** What the acting side says of itself. */
export interface About {
  readonly version: number;
  readonly pid: number;
  readonly userId: number;
  /** Capabilities that it holds, by name: `CAP_SYS_PTRACE`. */
  readonly capabilities: readonly string[];
  readonly targets: readonly { readonly name: string; readonly act: boolean }[];
  /** What it can do: the deciding side, which has no rights, cannot find that out. */
  readonly actuators: readonly ActingMeans[];
  readonly offers: LookOffers;
  /** What acts have taken on this host; the deciding side cannot read where it is kept. */
  readonly costs: CostsDocument;
}

/** What can be looked at on this host now; a reason where it cannot. */
export type LookOffers = Readonly<Record<Look, true | string>>;

/** An actuator as plans need to know it. */
export type ActingMeans = Pick<Actuator, 'name' | 'abilities' | 'clearsReferences' | 'defeatedBy'>;

/** What samples cost. */
export interface Looked {
  /** What the samples are samples of. */
  readonly origins: readonly SampleOrigin[];
  readonly account: SourceAccount;
  /** CPU time of the acting side, by its own clock; undefined where the host does not tell. */
  readonly ownCpuNs: number | undefined;
}

/**
 * Reads a request that came over the socket: its shape, and that it is within bounds. What is no request at all is a
 * breach of the protocol, after which nothing more is read from that side.
 */
export function readRequest(value: unknown): Result<Request, string> {
  const unbounded = boundProblem(value);
  if (unbounded !== undefined) return failure(unbounded);
  const parsed = RequestSchema.safeParse(value);
  if (parsed.success) return success(parsed.data);
  const { problem, place } = schemaProblem(parsed.error);
  return failure(`${place}: ${problem}`);
}

/** Characters that steer terminals or the direction of text. */
/**
 * Characters that can steer a terminal or turn text around: C0, C1, line separators and bidirectional
 * controls.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
export const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/;

/** What is wrong with the size or the texts of a value, whatever it means; undefined when nothing is. */
export function boundProblem(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return textProblem(value);
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'a number that is none';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth === MOST_DEPTH) return `more than ${MOST_DEPTH} levels`;
  for (const [key, inner] of Object.entries(value)) {
    const problem = textProblem(key) ?? boundProblem(inner, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** Texts end up in journals and on terminals: none may steer them. */
function textProblem(text: string): string | undefined {
  if (text.length > MOST_TEXT) return `a text of ${text.length} characters`;
  return CONTROL.test(text) ? 'a text with control characters' : undefined;
}
