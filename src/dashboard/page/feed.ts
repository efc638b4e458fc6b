/** What the server tells by itself. The browser connects again after a break; where it gives up, the page does. */
import { type Connection, type Standing, waitBefore } from '../view/connection.js';
import type { StreamData, StreamName } from '../wire/stream.js';
import { ask, Refusal } from './parts/ask.js';

/** What is done with what the feed hears. */
export interface FeedWays {
  /** It is open, again or for the first time; what is shown of another revision is old. */
  opened(revision: number): void;
  told<Name extends StreamName>(name: Name, data: StreamData<Name>): void;
  stood(connection: Connection): void;
}

const NAMES = ['hello', 'reset', 'change', 'decision', 'agent'] as const satisfies readonly StreamName[];

/** Follows /events, over breaks and restarts. */
export class Feed {
  readonly #ways: FeedWays;
  #source: EventSource | undefined;
  #attempt = 0;
  #connection: Connection = { standing: 'opening', sinceMs: Date.now() };

  constructor(ways: FeedWays) {
    this.#ways = ways;
    window.addEventListener('online', () => this.open());
  }

  open(): void {
    this.#source?.close();
    const source = new EventSource('/events');
    this.#source = source;
    for (const name of NAMES)
      source.addEventListener(name, (event) => {
        const data = JSON.parse((event as MessageEvent<string>).data);
        if (name === 'hello') this.#heard(data);
        this.#ways.told(name, data);
      });
    source.addEventListener('error', () => this.#lost(source));
  }

  #heard({ revision }: StreamData<'hello'>): void {
    this.#attempt = 0;
    this.#stand('live');
    this.#ways.opened(revision);
  }

  /** After a break the browser waits by itself; a refusal ends its attempts, and then the page makes its own. */
  #lost(source: EventSource): void {
    if (source !== this.#source) return;
    this.#stand('lost');
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => void this.#again(source), waitBefore(this.#attempt++));
  }

  async #again(source: EventSource): Promise<void> {
    if (source !== this.#source) return;
    try {
      await ask.overview();
      this.open();
    } catch (thrown) {
      if (thrown instanceof Refusal && thrown.status === 401) this.#stand('locked');
      setTimeout(() => void this.#again(source), waitBefore(this.#attempt++));
    }
  }

  #stand(standing: Standing): void {
    if (standing === this.#connection.standing) return;
    this.#connection = { standing, sinceMs: Date.now() };
    this.#ways.stood(this.#connection);
  }
}
