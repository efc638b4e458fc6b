/**
 * The random numbers of one context: the four-word combined Tausworthe generator of L'Ecuyer (LFSR113) that the
 * kernel uses (lib/random32.c), and damon_rand() on top (include/linux/damon.h).
 */
const SHIFTS = [
  { mask: 0xffff_fffe, left: 18, feedback: 6, right: 13 },
  { mask: 0xffff_fff8, left: 2, feedback: 2, right: 27 },
  { mask: 0xffff_fff0, left: 7, feedback: 13, right: 21 },
  { mask: 0xffff_ff80, left: 13, feedback: 3, right: 12 },
] as const;
/** A word below these would lose its period. */
const LEAST_SEEDS = [2, 8, 16, 128] as const;
const TWO_32 = 2 ** 32;

/** The generator of one context, seeded as the kernel seeds it. */
export class Tausworthe {
  /** The four words: the whole state. */
  readonly words = new Uint32Array(4);
  readonly #narrow: boolean;

  /** `narrow`: spans are taken modulo 2^32, as damon_rand() did before contexts had generators of their own. */
  constructor(seed32: () => number, narrow = false) {
    this.#narrow = narrow;
    for (let word = 0; word < 4; word++) {
      const seed = seed32() >>> 0;
      this.words[word] = seed < LEAST_SEEDS[word] ? seed + LEAST_SEEDS[word] : seed;
    }
  }

  uint32(): number {
    let mixed = 0;
    for (let word = 0; word < 4; word++) {
      const { mask, left, feedback, right } = SHIFTS[word];
      const old = this.words[word];
      const next = ((old & mask) << left) ^ (((old << feedback) ^ old) >>> right);
      this.words[word] = next;
      mixed ^= next;
    }
    return mixed >>> 0;
  }

  /** Uniform in [least, above). Spans below 2^32 take one word, larger ones two. */
  between(least: number, above: number): number {
    const span = this.#narrow ? (above - least) % TWO_32 || TWO_32 : above - least;
    if (span === TWO_32 && this.#narrow) return least + this.uint32();
    if (span < TWO_32) return least + Math.floor((this.uint32() * span) / TWO_32);
    const high = this.uint32();
    const low = this.uint32();
    const offset = Math.floor(((high * TWO_32 + low) / TWO_32 / TWO_32) * span);
    return least + Math.min(offset, span - 1);
  }
}
