import { missingByTouch, missingFrom, type TlbArrayModel } from './tlb-array.js';

/** Two arrays of different shape side by side: one for huge translations, one for the others. */
export class SideBySide implements TlbArrayModel {
  readonly #byKind: readonly TlbArrayModel[];
  readonly #arrays: readonly TlbArrayModel[];

  constructor(others: TlbArrayModel, huge: TlbArrayModel) {
    this.#byKind = [others, others, others, huge];
    this.#arrays = [others, huge];
  }

  touch(key: number): number {
    return this.#byKind[key & 3].touch(key);
  }

  missing(keys: Int32Array, positions: Uint16Array, count: number): number {
    return missingByTouch(this, keys, positions, count);
  }

  missingInOrder(keys: Int32Array, from: number, positions: Uint16Array, count: number): number {
    return missingFrom(this, keys, from, positions, count);
  }

  has(key: number): boolean {
    return this.#byKind[key & 3].has(key);
  }

  remove(key: number): void {
    this.#byKind[key & 3].remove(key);
  }

  removeIf(matches: (key: number) => boolean): void {
    for (const array of this.#arrays) array.removeIf(matches);
  }

  clear(): void {
    for (const array of this.#arrays) array.clear();
  }

  keys(): number[] {
    return this.#arrays.flatMap((array) => array.keys());
  }
}
