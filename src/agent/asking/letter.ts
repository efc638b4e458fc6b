/**
 * What a person asks of a running agent: to leave a target alone, to go on with it, or to carry out a plan that was shown to that
 * person. A request is a file in the agent's runtime directory, which root and the agent's own user may write, and nobody else. The
 * agent takes it away and tells in its status what came of it. It gets nothing that the agent's own plans do not get: both sides
 * check it as they check these.
 */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { failure, type Result, success } from '../../base/result.js';
import { schemaProblem } from '../../base/schema-words.js';
import type { Answer, Host } from '../../host/host.js';
import { PlanSchema } from '../../vocabulary/plan.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import { boundProblem, MOST_REQUEST_BYTES } from '../hands/protocol.js';

const Target = z.string().min(1).max(63);

/** The document of a request (`octavo: agent-request`, version 1). */
export const LetterSchema = z.strictObject({
  octavo: z.literal('agent-request'),
  version: z.literal(1),
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** Wall time when it was written. */
  atMs: z.number(),
  ask: z.discriminatedUnion('kind', [
    /** Not to act on a target until it is resumed. It goes on being observed. */
    z.strictObject({ kind: z.literal('pause'), target: Target }),
    z.strictObject({ kind: z.literal('resume'), target: Target }),
    /** To carry out a plan, all of whose processes are the target's. */
    z.strictObject({ kind: z.literal('apply'), target: Target, plan: PlanSchema }),
  ]),
});

/** A request as data. */
export type Letter = z.infer<typeof LetterSchema>;

/** A file that was no request, and why. */
export interface Unfit {
  readonly id: string;
  readonly why: string;
}

/** A plan of some thousand steps, and room for the words around it. */
export const MOST_LETTER_BYTES: Bytes = MOST_REQUEST_BYTES - 4096;
/** What was asked so long ago may no longer be meant; nor what was written ahead of time. */
export const FRESH_MS: Milliseconds = 60_000;
/** Taken at a time; others stay for the next. */
const MOST_AT_ONCE = 8;

const NAME = /^ask-([0-9a-f]{16})\.json$/;
const READABLE = 0o644;

/** A name that nobody can have thought of before. */
export function letterId({ random }: Host): string {
  return [random.uint32(), random.uint32()].map((word) => word.toString(16).padStart(8, '0')).join('');
}

/** Asks the agent whose runtime directory this is. Its user must be able to read what root wrote; others cannot enter. */
export function writeLetter(host: Host, runtime: string, letter: Letter): Answer<void> {
  return host.files.writeFile(`${runtime}/ask-${letter.id}.json`, JSON.stringify(letter), READABLE);
}

/** What was taken at a time. */
export interface Taken {
  /** In the order in which they were written. */
  readonly letters: readonly Letter[];
  readonly unfit: readonly Unfit[];
}

/** The requests in a runtime directory. Each is taken once. */
export class Inbox {
  readonly #host: Host;
  readonly #runtime: string;
  /** Files that could not be removed, and were refused for that. */
  #stuck: ReadonlySet<string> = new Set();

  constructor(host: Host, runtime: string) {
    this.#host = host;
    this.#runtime = runtime;
  }

  /** Takes the requests that are there away. What cannot be taken away is refused, since it would be asked again and again. */
  take(): Taken {
    const listed = this.#host.files.list(this.#runtime);
    const ids = (listed.ok ? listed.value : []).flatMap((name) => NAME.exec(name)?.[1] ?? []);
    this.#stuck = new Set(ids.filter((id) => this.#stuck.has(id)));
    const letters: Letter[] = [];
    const unfit: Unfit[] = [];
    for (const id of ids.filter((one) => !this.#stuck.has(one)).slice(0, MOST_AT_ONCE)) {
      const letter = this.#takeOne(id);
      if (letter.ok) letters.push(letter.value);
      else unfit.push({ id, why: letter.error });
    }
    return { letters: letters.sort((one, other) => one.atMs - other.atMs), unfit };
  }

  #takeOne(id: string): Result<Letter, string> {
    const path = `${this.#runtime}/ask-${id}.json`;
    const letter = readLetter(this.#host, path, id);
    const removed = this.#host.files.remove(path);
    if (removed.ok || removed.error.errno === 'ENOENT') return letter;
    this.#stuck = new Set([...this.#stuck, id]);
    return letter.ok ? failure(`it cannot be taken away (${removed.error.errno})`) : letter;
  }
}

function readLetter(host: Host, path: string, id: string): Result<Letter, string> {
  const problem = fileProblem(host, path);
  if (problem !== undefined) return failure(problem);
  const text = host.files.readText(path);
  const value = text.ok ? parseJson(text.value) : undefined;
  if (!value?.ok) return failure('it cannot be read');
  const unbounded = boundProblem(value.value);
  if (unbounded !== undefined) return failure(unbounded);
  const parsed = LetterSchema.safeParse(value.value);
  if (!parsed.success) {
    const { problem: what, place } = schemaProblem(parsed.error);
    return failure(`${place}: ${what}`);
  }
  const ageMs = host.clock.wallMs() - parsed.data.atMs;
  if (parsed.data.id !== id) return failure('it has the name of another');
  return Math.abs(ageMs) > FRESH_MS ? failure('it was written too long ago') : success(parsed.data);
}

function fileProblem(host: Host, path: string): string | undefined {
  const status = host.files.status(path);
  if (!status.ok) return `it cannot be looked at (${status.error.errno})`;
  const { kind, bytes, owner } = status.value;
  if (kind !== 'file') return 'it is no file';
  if (bytes > MOST_LETTER_BYTES) return `it has ${bytes} bytes`;
  const isOurs = owner === undefined || owner === 0 || owner === host.identity.userId;
  return isOurs ? undefined : `user ${owner} may not ask`;
}
