/** The smallest of some hashes, each once: a sample of what was hashed, the same in any order. */

/** Hashes of a sketch. 1/256 of a recording within another one is found with a chance of 1 − 1/e. */
export const SKETCH_SIZE = 256;
const ROOM = 4 * SKETCH_SIZE;
const TWO_32 = 2 ** 32;

/** Keeps the SKETCH_SIZE smallest of the hashes that it is given. */
export class BottomHashes {
  /** Hashes whose high word is above this are not kept. */
  bound = TWO_32 - 1;
  readonly #hashes = new Float64Array(ROOM);
  #kept = 0;
  /** What a high word is multiplied by. */
  readonly #range: number;

  constructor(range: number) {
    this.#range = range;
  }

  add(hashes: Float64Array): void {
    // By index: an iterator is slow until it is compiled, and most imports have ended by then.
    for (let at = 0; at < hashes.length; at++) {
      const hash = hashes[at];
      if (hash < (this.bound + 1) * this.#range) this.#keep(hash);
    }
  }

  /** At most SKETCH_SIZE, ascending; valid until the next call. */
  smallest(): Float64Array {
    this.#shrink();
    return this.#hashes.subarray(0, this.#kept);
  }

  #keep(hash: number): void {
    if (this.#kept === ROOM) {
      this.#shrink();
      if (hash > this.#hashes[SKETCH_SIZE - 1]) return;
    }
    this.#hashes[this.#kept++] = hash;
  }

  #shrink(): void {
    const sorted = this.#hashes.subarray(0, this.#kept).sort();
    let kept = 0;
    for (let at = 0; at < sorted.length; at++) {
      const hash = sorted[at];
      if (kept < SKETCH_SIZE && (kept === 0 || hash !== sorted[kept - 1])) sorted[kept++] = hash;
    }
    this.#kept = kept;
    if (kept === SKETCH_SIZE) this.bound = Math.floor(sorted[kept - 1] / this.#range);
  }
}
