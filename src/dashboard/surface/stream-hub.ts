/**
 * Tells clients that stay what changes, as server-sent events (WHATWG HTML, 9.2). The last of it is kept within a bound of
 * count and bytes, so that a client that comes back gets what it missed; one that was away for longer is told to ask anew.
 */
import type { WebSink } from '../../host/host.js';
import type { Bytes, Milliseconds } from '../../vocabulary/units.js';
import type { StreamData, StreamName } from '../wire/stream.js';

/** How long a browser waits before it comes again. */
const RETRY_MS: Milliseconds = 2000;
const LAST_ID = /^([\w-]{1,64})-(\d{1,15})$/;

/** Bounds on who follows, and on what is kept for who comes back. */
export interface HubBounds {
  readonly followers: number;
  /** Events that are kept for who comes back. */
  readonly kept: number;
  readonly keptBytes: Bytes;
}

/** Fifty people and some who left their page open. */
export const HUB_BOUNDS: HubBounds = Object.freeze({ followers: 64, kept: 1000, keptBytes: 2 ** 20 });

interface Kept {
  readonly number: number;
  readonly text: string;
}

/** Tells all who follow the same. */
export class StreamHub {
  readonly #epoch: string;
  readonly #bounds: HubBounds;
  readonly #hello: () => StreamData<'hello'>;
  readonly #followers = new Set<WebSink>();
  readonly #kept: Kept[] = [];
  #keptBytes = 0;
  #number = 0;

  /** `epoch`: tells this server from the one before. */
  constructor(epoch: string, hello: () => StreamData<'hello'>, bounds: HubBounds = HUB_BOUNDS) {
    this.#epoch = epoch;
    this.#hello = hello;
    this.#bounds = bounds;
  }

  get followers(): number {
    return this.#followers.size;
  }

  get isFull(): boolean {
    return this.#followers.size >= this.#bounds.followers;
  }

  /** `lastId`: what the client saw last; undefined for one that comes for the first time. Returns how it leaves. */
  follow(sink: WebSink, lastId: string | undefined): () => void {
    this.#followers.add(sink);
    const { revision } = this.#hello();
    const hello = eventText(this.#idOf(this.#number), 'hello', this.#hello());
    const missed = lastId === undefined ? [] : this.#since(lastId);
    const more = missed ?? [{ text: eventText(this.#idOf(this.#number), 'reset', { revision }) }];
    // Missed events come before the greeting, whose id is the newest.
    sink.send(`retry: ${RETRY_MS}\n\n${more.map(({ text }) => text).join('')}${hello}`);
    return () => void this.#followers.delete(sink);
  }

  /** What came after an id; undefined where that is not known any more. */
  #since(lastId: string): readonly Kept[] | undefined {
    const [, epoch, text] = LAST_ID.exec(lastId) ?? [];
    const number = Number(text);
    if (epoch !== this.#epoch || number > this.#number) return undefined;
    const missed = this.#kept.filter((one) => one.number > number);
    return missed.length === this.#number - number ? missed : undefined;
  }

  publish<Name extends StreamName>(name: Name, data: StreamData<Name>): void {
    const text = eventText(this.#idOf(++this.#number), name, data);
    this.#keep({ number: this.#number, text });
    for (const sink of this.#followers) sink.send(text);
  }

  #keep(one: Kept): void {
    this.#kept.push(one);
    this.#keptBytes += one.text.length;
    const { kept, keptBytes } = this.#bounds;
    while (this.#kept.length > kept || this.#keptBytes > keptBytes)
      this.#keptBytes -= this.#kept.shift()?.text.length ?? this.#keptBytes;
  }

  /** A sign of life: what hangs up on silence does not, and a client that is gone shows. */
  beat(): void {
    for (const sink of this.#followers) sink.send(': alive\n\n');
  }

  end(): void {
    for (const sink of this.#followers) sink.end();
  }

  #idOf(number: number): string {
    return `${this.#epoch}-${number}`;
  }
}

/** JSON has no line ends, so that one line of data holds it. */
function eventText<Name extends StreamName>(id: string, name: Name, data: StreamData<Name>): string {
  return `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}
