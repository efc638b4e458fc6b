/** Distinct texts of a column in the order in which they came. */
export class Dictionary {
  readonly entries: string[] = [];
  readonly #indices = new Map<string, number>();

  indexOf(value: string): number {
    const known = this.#indices.get(value);
    if (known !== undefined) return known;
    this.#indices.set(value, this.entries.length);
    return this.entries.push(value) - 1;
  }

  clear(): void {
    this.entries.length = 0;
    this.#indices.clear();
  }
}
