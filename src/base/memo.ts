/** Remembers what was made by its key, up to a number of values; beyond it all are forgotten and it begins anew. */
export class Memo<Value> {
  readonly #most: number;
  readonly #values = new Map<string, Value>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The value of a key, made when it is not known. */
  of(key: string, make: () => Value): Value {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    if (this.#values.size >= this.#most) this.#values.clear();
    const made = make();
    this.#values.set(key, made);
    return made;
  }
}
