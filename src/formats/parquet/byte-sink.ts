/** Bytes that grow by doubling, with the number formats of Parquet. */
export class ByteSink {
  #bytes: Uint8Array;
  #view: DataView;
  #used = 0;

  constructor(capacity = 1024) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#used;
  }

  /** What has been written; valid until more is. */
  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#used);
  }

  clear(): void {
    this.#used = 0;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#used++] = value;
  }

  int32(value: number): void {
    this.#reserve(4);
    this.#view.setInt32(this.#used, value, true);
    this.#used += 4;
  }

  /** A whole number of at most 64 bits, exact in a double. */
  int64(value: number): void {
    this.#reserve(8);
    this.#view.setUint32(this.#used, (value % 4294967296) >>> 0, true);
    this.#view.setInt32(this.#used + 4, Math.floor(value / 4294967296), true);
    this.#used += 8;
  }

  double(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#used, value, true);
    this.#used += 8;
  }

  append(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** Unsigned LEB128 of a whole number ≥ 0. */
  varint(value: number): void {
    let left = value;
    while (left >= 128) {
      this.byte((left % 128) | 128);
      left = Math.floor(left / 128);
    }
    this.byte(left);
  }

  /** Zigzag: 0, −1, 1, −2, … as 0, 1, 2, 3, … */
  zigzag(value: number): void {
    this.varint(value >= 0 ? 2 * value : -2 * value - 1);
  }

  #reserve(more: number): void {
    if (this.#used + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#used + more, this.#bytes.length * 2));
    larger.set(this.written());
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }
}
