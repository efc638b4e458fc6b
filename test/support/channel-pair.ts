/** Two ends of a channel within one process. */
import type { Channel } from '../../src/host/channel.js';

class End implements Channel {
  other: End | undefined;
  readonly #chunks: Uint8Array[] = [];
  #wake: () => void = () => undefined;
  #over = false;
  /** Whether what is sent to this end is taken. */
  isReading = true;

  get waiting(): number {
    return this.other?.isReading === true ? 0 : (this.other?.unread ?? 0);
  }

  get unread(): number {
    return this.#chunks.reduce((sum, { length }) => sum + length, 0);
  }

  get isOver(): boolean {
    return this.#over;
  }

  get received(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  send(bytes: Uint8Array): void {
    this.other?.take(bytes);
  }

  take(bytes: Uint8Array): void {
    if (this.#over) return;
    this.#chunks.push(Uint8Array.from(bytes));
    this.#wake();
  }

  end(): void {
    this.#over = true;
    this.#wake();
  }

  close(): void {
    this.end();
    this.other?.end();
  }

  async *#read(): AsyncIterable<Uint8Array> {
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#over) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

export type ChannelEnd = End;

export function channelPair(): readonly [ChannelEnd, ChannelEnd] {
  const [one, other] = [new End(), new End()];
  one.other = other;
  other.other = one;
  return [one, other];
}
