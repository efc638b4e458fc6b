/**
 * Requests that ask for something to be done, where whoever started the server allowed that. Who asks needs the token, this very page
 * as the place it comes from, and JSON; what is asked for was shown before under a name that holds once, and for two minutes.
 */
import type { ZodType } from 'zod';
import type { WebAnswer, WebRequest } from '../../host/host.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Actions, Prepared } from '../board.js';
import { ActWishSchema, ConfirmSchema } from '../wire/act.js';
import { refuse } from './query.js';
import { jsonReply } from './replies.js';

/** How long something that was shown can be confirmed. */
export const HOLDS_MS: Milliseconds = 120_000;
/** Shown at a time; the oldest is forgotten. */
const MOST_SHOWN = 8;
/** Bytes of a request. */
export const MOST_ACT_BYTES = 4096;

/** Paths under which acts are asked for. */
export const ACT_PATHS = ['/api/act/preview', '/api/act/confirm'] as const;

/** Shows what would be done, and does what was shown. */
export class Acts {
  readonly #actions: Actions;
  readonly #nowMs: () => Milliseconds;
  readonly #shown = new Map<string, { readonly untilMs: Milliseconds; readonly prepared: Prepared }>();
  #isBusy = false;

  constructor(actions: Actions, nowMs: () => Milliseconds) {
    this.#actions = actions;
    this.#nowMs = nowMs;
  }

  /** Throws Refused. */
  async answer(path: string, request: WebRequest): Promise<WebAnswer> {
    if (path === '/api/act/preview') return this.#preview(request);
    return this.#confirm(read(request, ConfirmSchema).id);
  }

  async #preview(request: WebRequest): Promise<WebAnswer> {
    const wish = read(request, ActWishSchema);
    // Plans look at memory: one at a time.
    if (this.#isBusy) return refuse(429, 'busy', 'another act is being looked at');
    this.#isBusy = true;
    try {
      const prepared = await inWords(() => this.#actions.prepare(wish));
      const id = prepared.refusal === '' ? this.#keep(prepared) : '';
      const { title, lines, calls, refusal } = prepared;
      const told = { octavo: 'dashboard-preview', version: 1, id, title, lines, calls, refusal };
      return jsonReply({ ...told, holdsMs: HOLDS_MS });
    } finally {
      this.#isBusy = false;
    }
  }

  #keep(prepared: Prepared): string {
    const id = this.#actions.newId();
    this.#shown.set(id, { untilMs: this.#nowMs() + HOLDS_MS, prepared });
    const [oldest] = this.#shown.keys();
    if (this.#shown.size > MOST_SHOWN) this.#shown.delete(oldest);
    return id;
  }

  async #confirm(id: string): Promise<WebAnswer> {
    const found = this.#shown.get(id);
    this.#shown.delete(id);
    if (found === undefined || found.untilMs < this.#nowMs())
      return refuse(409, 'preview', 'what was shown no longer holds: look at it anew');
    const refusal = this.#actions.ask(id, found.prepared);
    if (refusal !== undefined) return refuse(503, 'agent', refusal);
    return jsonReply({ octavo: 'dashboard-asked', version: 1, id, words: 'The agent was asked.' }, 202);
  }
}

function read<Value>({ body }: WebRequest, schema: ZodType<Value>): Value {
  try {
    const parsed = schema.safeParse(JSON.parse(body ?? ''));
    if (parsed.success) return parsed.data;
  } catch {
    // No JSON at all.
  }
  return refuse(400, 'body', 'the body is none that can be asked for');
}

/** What cannot be planned is told, not thrown. */
async function inWords(prepare: () => Promise<Prepared>): Promise<Prepared> {
  try {
    return await prepare();
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return {
      title: 'This cannot be done',
      lines: [],
      calls: [],
      refusal: problem.message,
      letter: undefined,
    };
  }
}
