/** What a view waits for: a key, a new size, the next look, or the end. */

import type { Milliseconds } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';

/** How often the view looks, and when it ends by itself. */
export interface Pace {
  readonly everyMs: Milliseconds;
  /** Looks before it ends. */
  readonly frames: number;
}

/** What ended a wait. */
export type Woken =
  | { readonly by: 'typed'; readonly text: string }
  /** Nothing more will be typed. */
  | { readonly by: 'end of input' }
  | { readonly by: 'time' | 'stop' };

/** Waits without losing what is typed meanwhile: a read that was begun is kept for the next time. */
export class Waker {
  readonly #context: OctavoContext;
  readonly #input: AsyncIterator<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #typing: Promise<Woken> | undefined;
  #isOver = false;

  constructor(context: OctavoContext) {
    this.#context = context;
    this.#input = context.streams.input[Symbol.asyncIterator]();
  }

  /** Until something is typed or the time is over; for ever when it is infinite. */
  async next(forMs: Milliseconds): Promise<Woken> {
    const { host, signal } = this.#context;
    if (signal.aborted) return { by: 'stop' };
    const timer = new AbortController();
    const both = AbortSignal.any([signal, timer.signal]);
    const time = Number.isFinite(forMs)
      ? host.clock.sleep(forMs, both).then((): Woken => ({ by: signal.aborted ? 'stop' : 'time' }))
      : stopOf(signal);
    if (!this.#isOver) this.#typing ??= this.#read();
    const woken = await Promise.race(this.#typing === undefined ? [time] : [this.#typing, time]);
    timer.abort();
    if (woken.by === 'typed' || woken.by === 'end of input') this.#typing = undefined;
    if (woken.by === 'end of input') this.#isOver = true;
    return woken;
  }

  async #read(): Promise<Woken> {
    const { done, value } = await this.#input.next();
    return done === true
      ? { by: 'end of input' }
      : { by: 'typed', text: this.#decoder.decode(value, { stream: true }) };
  }
}

function stopOf(signal: AbortSignal): Promise<Woken> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ by: 'stop' }), { once: true });
  });
}
