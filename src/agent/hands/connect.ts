/** The deciding side of a socket pair: requests out, answers in. Trusts what the acting side says. */
import { failure, success } from '../../base/result.js';
import type { Channel } from '../../host/channel.js';
import type { Clock } from '../../host/host.js';
import type { Reading } from '../../sources/source.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Plan } from '../../vocabulary/plan.js';
import type { ActingSide, Told } from './acting-side.js';
import { cleanedPlan } from './cleaned-plan.js';
import { FrameReader, frameOf, withColumns } from './frames.js';
import { denied } from './judge.js';
import {
  type About,
  type Denial,
  type Looked,
  type LookedBack,
  MOST_ANSWER_BYTES,
  MOST_REQUEST_BYTES,
  type Outcome,
  PROTOCOL_VERSION,
  type ProcessRef,
  type Request,
  type SampleRequest,
  type Wish,
} from './protocol.js';

/** What the acting side sends. */
type Answer =
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'part'; readonly id: number; readonly value: Reading }
  | { readonly kind: 'denied'; readonly id: number; readonly denial: Denial }
  | { readonly kind: 'wish'; readonly wish: Wish }
  | { readonly kind: 'breach'; readonly why: string };

interface Pending {
  settle(told: Told<unknown>): void;
  take(reading: Reading): void;
}

/** A request without its number. */
type Asked = Request extends infer Any ? (Any extends Request ? Omit<Any, 'id'> : never) : never;

/**
 * Sends requests over a channel and matches answers to them. All open requests fail when the channel ends.
 */
export class Connection implements ActingSide {
  readonly ended: Promise<string>;
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #wished: (wish: Wish) => void;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #isClosed = false;
  /** Why the acting side is there no more. */
  #over: string | undefined;
  readonly #about: Promise<Told<About>>;

  /** `wished`: is told what the acting side wants. */
  constructor(channel: Channel, clock: Clock, wished: (wish: Wish) => void = () => undefined) {
    this.#channel = channel;
    this.#clock = clock;
    this.#wished = wished;
    this.ended = this.#receive();
    this.#about = this.#ask<About>({ kind: 'hello', version: PROTOCOL_VERSION });
  }

  about(): Promise<Told<About>> {
    return this.#about;
  }

  observe(process: ProcessRef): Promise<Told<PageSizes>> {
    return this.#ask({ kind: 'observe', process: refOf(process) });
  }

  sample(
    request: SampleRequest,
    take: (reading: Reading) => void,
    signal: AbortSignal,
  ): Promise<Told<Looked>> {
    const processes = request.processes.map(refOf);
    return this.#ask({ kind: 'sample', request: { ...request, processes } }, signal, take);
  }

  lookBack(processes: readonly ProcessRef[]): Promise<Told<LookedBack>> {
    return this.#ask({ kind: 'look-back', processes: processes.map(refOf) });
  }

  apply(plan: Plan, signal: AbortSignal): Promise<Told<Outcome>> {
    return this.#ask({ kind: 'apply', plan: cleanedPlan(plan) }, signal);
  }

  reload(): Promise<Told<About>> {
    return this.#ask({ kind: 'reload' });
  }

  /** Whether this side has ended the connection. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** That both sides are alive; false when the acting side is gone. */
  async ping(): Promise<boolean> {
    return (await this.#ask({ kind: 'ping' })).ok;
  }

  /** The acting side finds the end of the stream, and puts the kernel back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#channel.close();
    await this.ended;
  }

  #ask<Value>(
    asked: Asked,
    signal?: AbortSignal,
    take: (reading: Reading) => void = () => undefined,
  ): Promise<Told<Value>> {
    if (this.#over !== undefined) return Promise.resolve(gone(this.#over));
    if (signal?.aborted) return Promise.resolve(denied('cancelled', String(signal.reason)));
    const id = ++this.#lastId;
    const frame = frameOf({ ...asked, id }, MOST_REQUEST_BYTES);
    if (frame === undefined)
      return Promise.resolve(denied('too-large', 'the request is too large for a frame'));
    return new Promise((resolve) => {
      const cancel = () => void this.#ask({ kind: 'cancel', request: id });
      const settle = (told: Told<unknown>) => {
        signal?.removeEventListener('abort', cancel);
        resolve(told as Told<Value>);
      };
      this.#pending.set(id, { settle, take });
      signal?.addEventListener('abort', cancel, { once: true });
      this.#channel.send(frame);
    });
  }

  async #receive(): Promise<string> {
    const frames = new FrameReader(MOST_ANSWER_BYTES);
    let why = 'the acting side ended';
    try {
      for await (const chunk of this.#channel.received) {
        const texts = frames.add(chunk, this.#clock.monotonicNs());
        if (!texts.ok) throw new Error(texts.error);
        for (const text of texts.value) why = this.#answered(withColumns(text) as Answer) ?? why;
      }
    } catch (problem) {
      why = `the connection to the acting side broke: ${(problem as Error).message}`;
      this.#channel.close();
    }
    this.#over = why;
    for (const { settle } of this.#pending.values()) settle(gone(why));
    this.#pending.clear();
    return why;
  }

  /** Returns why the acting side is about to end, where it says so. */
  #answered(answer: Answer): string | undefined {
    if (answer.kind === 'breach') return `the acting side ended the connection: ${answer.why}`;
    if (answer.kind === 'wish') this.#wished(answer.wish);
    else if (answer.kind === 'part') this.#pending.get(answer.id)?.take(answer.value);
    else this.#settle(answer);
    return undefined;
  }

  #settle(answer: Extract<Answer, { kind: 'done' | 'denied' }>): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    pending?.settle(answer.kind === 'done' ? success(answer.value) : failure(answer.denial));
  }
}

/** Of a process only what a request has. */
function refOf({ pid, startTicks }: ProcessRef): ProcessRef {
  return { pid, startTicks };
}

function gone(why: string): { readonly ok: false; readonly error: Denial } {
  return denied('cancelled', why);
}
