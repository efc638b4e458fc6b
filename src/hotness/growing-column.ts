/** A column of doubles that grows by doubling. */
export class GrowingColumn {
  #values = new Float64Array(64);
  #length = 0;

  /** Rows beyond `length` are unused. The array is replaced when the column grows: do not keep it. */
  get values(): Float64Array {
    return this.#values;
  }

  get length(): number {
    return this.#length;
  }

  get byteLength(): number {
    return this.#values.byteLength;
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#length++] = value;
  }
}
