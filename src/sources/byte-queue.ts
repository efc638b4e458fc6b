const REST_AT_ONCE = 1 << 16;

/** Bytes of a stream, taken in portions of the taker's choice. */
export class ByteQueue {
  /** Bytes taken so far. */
  taken = 0;
  readonly #iterator: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);
  #head: Uint8Array = new Uint8Array(0);

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#iterator = stream[Symbol.asyncIterator]();
  }

  /**
   * The first `size` bytes of the stream, of which `before` had been taken already; fewer at its end. Only for what
   * stands at the beginning: it is kept so that offsets in it mean what they say.
   */
  async take(size: number, before = 0): Promise<Uint8Array> {
    const whole = new Uint8Array(size);
    whole.set(this.#head.subarray(0, before));
    let at = before;
    while (at < size) {
      const got = await this.into(whole.subarray(at), size - at);
      if (got === 0) break;
      at += got;
    }
    this.#head = whole.subarray(0, at);
    return this.#head;
  }

  /** What is left of the stream, at most `limit` bytes of it. */
  async rest(limit: number): Promise<Uint8Array> {
    let whole = new Uint8Array(Math.min(limit, REST_AT_ONCE));
    let at = 0;
    for (;;) {
      const got = await this.into(whole.subarray(at), whole.length - at);
      at += got;
      if (got === 0 || at === limit) return whole.subarray(0, at);
      if (at < whole.length) continue;
      const larger = new Uint8Array(Math.min(limit, 2 * whole.length));
      larger.set(whole);
      whole = larger;
    }
  }

  /** Fills the beginning of `room` with at most `limit` bytes; 0 at the end of the stream. */
  async into(room: Uint8Array, limit: number): Promise<number> {
    while (this.#chunk.length === 0) {
      const next = await this.#iterator.next();
      if (next.done === true) return 0;
      this.#chunk = next.value;
    }
    const length = Math.min(room.length, this.#chunk.length, limit);
    room.set(this.#chunk.subarray(0, length));
    this.#chunk = this.#chunk.subarray(length);
    this.taken += length;
    return length;
  }

  /** Tells the stream that no more of it is wanted. */
  async close(): Promise<void> {
    this.#chunk = new Uint8Array(0);
    await this.#iterator.return?.();
  }
}
