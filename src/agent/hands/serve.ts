/**
 * The acting side of a socket pair. Reads frames of the other side as those of an enemy: any that is no request ends the
 * connection, and with the connection everything that was begun. What is a request and not allowed is refused.
 */
import { parseJson } from '../../base/json-text.js';
import type { Channel } from '../../host/channel.js';
import type { Clock } from '../../host/host.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { ActingSide, Told } from './acting-side.js';
import { FrameReader, frameOf } from './frames.js';
import { denied } from './judge.js';
import {
  type Denial,
  MOST_ANSWER_BYTES,
  MOST_REQUEST_BYTES,
  MOST_WAITING,
  type Request,
  readRequest,
  type Wish,
} from './protocol.js';

/** A frame that has begun has to be whole by then. */
const FRAME_MS: Milliseconds = 10_000;
/** Bytes that may wait for the other side to read them. */
const MOST_UNREAD: Bytes = 2 * MOST_ANSWER_BYTES;
/** Requests in a second at most, and bytes of them; so much more may come at once. */
const RATE = { requests: 1000, bytes: 4 * 1024 * 1024, seconds: 10 } as const;
/** Refusals in a row that no honest side gets. */
const MOST_REFUSED = 200;

/** The two ends that are joined: the channel to the deciding side, and what carries requests out. */
export interface ServeOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly acting: ActingSide;
  /** Told of every request that no honest side makes, and of the end. */
  tell?(what: string): void;
  /** Is given what passes wishes on to the other side. */
  wishes?(pass: (wish: Wish) => void): void;
  /** Ends the service when it is aborted. */
  readonly signal?: AbortSignal;
}

/** Serves until the other side is gone or broke the rules; gives the reason. The kernel is as found then. */
export async function serve(options: ServeOptions): Promise<string> {
  const server = new Server(options);
  const why = await server.run();
  await options.acting.close();
  options.channel.close();
  // That it ended, or was asked to, is nothing to tell.
  if (why !== ENDED && why !== ASKED) options.tell?.(why);
  return why;
}

const ENDED = 'the deciding side ended';
const ASKED = 'asked to end';

/** What ends a connection. */
class Breach extends Error {}

type Job = Exclude<Request, { kind: 'ping' | 'cancel' }>;

class Server {
  readonly #options: ServeOptions;
  readonly #frames = new FrameReader(MOST_REQUEST_BYTES);
  readonly #running = new Map<number, AbortController>();
  #lastId = 0;
  #greeted = false;
  #refused = 0;
  readonly #left = { requests: RATE.requests * RATE.seconds, bytes: RATE.bytes * RATE.seconds };
  #leftAtNs: number;
  #breach: ((why: string) => void) | undefined;

  constructor(options: ServeOptions) {
    this.#options = options;
    this.#leftAtNs = options.clock.monotonicNs();
  }

  async run(): Promise<string> {
    const over = new AbortController();
    const broken = new Promise<string>((resolve) => {
      this.#breach = resolve;
    });
    const watch = this.#watchFrames(over.signal);
    this.#options.wishes?.((wish) => this.#send({ kind: 'wish', wish }));
    this.#options.signal?.addEventListener('abort', () => this.#breach?.(ASKED), { once: true });
    try {
      return await Promise.race([this.#read(), broken, watch]);
    } finally {
      over.abort();
      for (const running of this.#running.values()) running.abort('the other side is gone');
    }
  }

  async #read(): Promise<string> {
    try {
      for await (const chunk of this.#options.channel.received) this.#take(chunk);
      return ENDED;
    } catch (problem) {
      if (!(problem instanceof Breach)) return `the connection broke: ${(problem as Error).message}`;
      this.#send({ kind: 'breach', why: problem.message });
      return `the deciding side broke the rules: ${problem.message}`;
    }
  }

  /** A frame that never becomes whole would hold its memory for ever. */
  async #watchFrames(signal: AbortSignal): Promise<string> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(FRAME_MS / 4, signal);
      const { beganNs } = this.#frames;
      if (beganNs !== undefined && clock.monotonicNs() - beganNs > FRAME_MS * 1e6)
        return 'the deciding side broke the rules: a frame that does not become whole';
    }
    return 'over';
  }

  #take(chunk: Uint8Array): void {
    const { clock } = this.#options;
    this.#spend(0, chunk.length);
    const frames = this.#frames.add(chunk, clock.monotonicNs());
    if (!frames.ok) throw new Breach(frames.error);
    for (const text of frames.value) {
      this.#spend(1, 0);
      this.#request(text);
    }
  }

  /** Takes from what may come in, which grows with time. */
  #spend(requests: number, bytes: Bytes): void {
    const nowNs = this.#options.clock.monotonicNs();
    const seconds = (nowNs - this.#leftAtNs) / 1e9;
    this.#leftAtNs = nowNs;
    for (const [what, spent] of [
      ['requests', requests],
      ['bytes', bytes],
    ] as const) {
      const most = RATE[what] * RATE.seconds;
      this.#left[what] = Math.min(most, this.#left[what] + RATE[what] * seconds) - spent;
      if (this.#left[what] < 0) throw new Breach(`more than ${RATE[what]} ${what} a second`);
    }
  }

  #request(text: string): void {
    const value = parseJson(text);
    if (!value.ok) throw new Breach(value.error.problem);
    const read = readRequest(value.value);
    if (!read.ok) throw new Breach(read.error);
    const request = read.value;
    if (request.id <= this.#lastId) throw new Breach(`request ${request.id} comes again or too late`);
    this.#lastId = request.id;
    if (this.#greeted === (request.kind === 'hello')) throw new Breach(`${request.kind} at the wrong time`);
    this.#greeted = true;
    this.#begin(request);
  }

  #begin(request: Request): void {
    const { id } = request;
    if (request.kind === 'cancel') this.#running.get(request.request)?.abort('it was taken back');
    if (request.kind === 'cancel' || request.kind === 'ping') {
      this.#send({ id, kind: 'done', value: null });
    } else if (this.#running.size >= MOST_WAITING) {
      this.#answer(id, denied('busy', `${MOST_WAITING} requests wait already`));
    } else {
      const controller = new AbortController();
      this.#running.set(id, controller);
      void this.#do(request, controller.signal).then((answer) => {
        this.#running.delete(id);
        this.#answer(id, answer);
      });
    }
  }

  #do(job: Job, signal: AbortSignal): Promise<Told<unknown>> {
    const { acting } = this.#options;
    switch (job.kind) {
      case 'hello':
        return acting.about();
      case 'observe':
        return acting.observe(job.process);
      case 'sample':
        return acting.sample(
          job.request,
          (reading) => this.#send({ id: job.id, kind: 'part', value: reading }),
          signal,
        );
      case 'look-back':
        return acting.lookBack(job.processes);
      case 'apply':
        return acting.apply(job.plan, signal);
      case 'reload':
        return acting.reload();
    }
  }

  #answer(id: number, told: Told<unknown>): void {
    if (told.ok) {
      this.#refused = 0;
      if (!this.#send({ id, kind: 'done', value: told.value }))
        this.#send({ id, kind: 'denied', denial: TOO_LARGE });
      return;
    }
    this.#send({ id, kind: 'denied', denial: told.error });
    if (!isSuspicious(told.error)) return;
    this.#options.tell?.(`refused (${told.error.code}): ${told.error.why}`);
    this.#refused++;
    if (this.#refused > MOST_REFUSED)
      this.#breach?.('the deciding side broke the rules: it asks for what it may not again and again');
  }

  /** False when the answer has too many bytes. One that is never read ends the connection. */
  #send(answer: object): boolean {
    const frame = frameOf(answer, MOST_ANSWER_BYTES);
    if (frame === undefined) return false;
    this.#options.channel.send(frame);
    if (this.#options.channel.waiting > MOST_UNREAD)
      this.#breach?.('the deciding side broke the rules: it does not read its answers');
    return true;
  }
}

const TOO_LARGE: Denial = { code: 'too-large', why: `the answer has more than ${MOST_ANSWER_BYTES} bytes` };

function isSuspicious({ code }: Denial): boolean {
  return code === 'not-a-target' || code === 'not-allowed' || code === 'over-budget';
}
