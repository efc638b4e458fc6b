/** Bytes under construction, little endian. Numbers up to 2^53 are written whole as 64-bit words. */
export class ByteWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  length = 0;

  #room(bytes: number): number {
    const at = this.length;
    this.length += bytes;
    if (this.length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.length, this.#bytes.length * 2));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
    return this;
  }

  u64(value: number): this {
    return this.words(value >>> 0, Math.floor(value / 2 ** 32));
  }

  /** A 64-bit word from its halves. */
  words(low: number, high: number): this {
    const at = this.#room(8);
    this.#view.setUint32(at, low, true);
    this.#view.setUint32(at + 4, high, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeroes(count: number): this {
    const at = this.#room(count);
    this.#bytes.fill(0, at, at + count);
    return this;
  }

  /** A string with its NUL, padded to a multiple of `align`. */
  text(value: string, align: number): this {
    const encoded = new TextEncoder().encode(value);
    return this.bytes(encoded).zeroes(align - (encoded.length % align));
  }

  /** Zeroes up to a multiple of `align`. */
  pad(align: number): this {
    return this.zeroes((align - (this.length % align)) % align);
  }

  /** A copy of what was written. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
