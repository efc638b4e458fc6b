/**
 * Walker's alias method, built by Vose's algorithm: draws from any finite distribution with two random numbers
 * and one look into a table of eight bytes an outcome.
 */
import type { SeededRandom } from '../../base/seeded-random.js';

/** Thresholds have 31 bits, so that one subtraction compares without a branch. */
const FULL = 2 ** 31;

/** Draws outcomes in proportion to weights, at constant cost. */
export class AliasTable {
  readonly size: number;
  /** Outcome i at 2i: threshold as a share of 2^31; at 2i + 1: the outcome beyond it. */
  readonly table: Uint32Array;

  /** What was read ahead: kept, so that the reads are not left out as useless. */
  #read = 0;

  /** `weights` need not sum to one; none may be negative and some must be positive. */
  constructor(weights: Float64Array) {
    this.size = weights.length;
    this.table = new Uint32Array(weights.length * 2);
    aliasColumns(weights, (outcome, kept, alias) => {
      this.table[2 * outcome] = Math.min(FULL - 1, Math.round(kept * FULL));
      this.table[2 * outcome + 1] = alias;
    });
  }

  draw(random: SeededRandom): number {
    const own = Math.floor((random.uint32() / 2 ** 32) * this.size);
    return chosen(this.table, own, random.uint32());
  }

  /**
   * `count` draws into `into`, from two random words each in `words`. Three short loops, the second of which only
   * reads the table, so that many of its cache misses are under way at once.
   */
  drawAll(words: Uint32Array, count: number, into: Uint32Array): void {
    const scale = this.size / 2 ** 32;
    for (let i = 0; i < count; i++) into[i] = words[2 * i] * scale;
    this.#read ^= readAhead(this.table, into, count);
    this.#choose(words, count, into);
  }

  /** Replaces each outcome by the one beyond it where the second random word says so. */
  #choose(words: Uint32Array, count: number, into: Uint32Array): void {
    const table = this.table;
    let i = 0;
    for (; i < count - 3; i += 4) {
      into[i] = chosen(table, into[i], words[2 * i + 1]);
      into[i + 1] = chosen(table, into[i + 1], words[2 * i + 3]);
      into[i + 2] = chosen(table, into[i + 2], words[2 * i + 5]);
      into[i + 3] = chosen(table, into[i + 3], words[2 * i + 7]);
    }
    for (; i < count; i++) into[i] = chosen(table, into[i], words[2 * i + 1]);
  }

  /** Exact probability of an outcome, as the table draws it: for checks. O(size). */
  probability(outcome: number): number {
    let share = 0;
    for (let i = 0; i < this.size; i++) {
      const kept = this.table[2 * i] / FULL;
      if (i === outcome) share += kept;
      if (this.table[2 * i + 1] === outcome) share += 1 - kept;
    }
    return share / this.size;
  }
}

/** The outcome itself, or the one beyond it. */
function chosen(table: Uint32Array, own: number, word: number): number {
  const alias = table[(own << 1) | 1];
  const keepsOwn = ((word >>> 1) - table[own << 1]) >> 31;
  return alias ^ ((alias ^ own) & keepsOwn);
}

/** Reads the rows of `outcomes`, four in each round, and returns something that depends on all of them. */
function readAhead(table: Uint32Array, outcomes: Uint32Array, count: number): number {
  let read = 0;
  for (let i = 0; i < count - 3; i += 4) {
    const a = table[outcomes[i] << 1];
    const b = table[outcomes[i + 1] << 1];
    const c = table[outcomes[i + 2] << 1];
    const d = table[outcomes[i + 3] << 1];
    read ^= a ^ b ^ c ^ d;
  }
  return read;
}

/** Vose's algorithm: tells for each outcome the share of its column that is its own, and whose the rest is. */
export function aliasColumns(
  weights: Float64Array,
  tell: (outcome: number, kept: number, alias: number) => void,
): void {
  const size = weights.length;
  let sum = 0;
  for (const weight of weights) sum += weight;
  const scaled = weights.map((weight) => (weight / sum) * size);
  // One array as two stacks: outcomes below their fair share from the left, the others from the right.
  const order = new Uint32Array(size);
  let small = 0;
  let large = size;
  for (let i = 0; i < size; i++) order[scaled[i] < 1 ? small++ : --large] = i;
  while (small > 0 && large < size) {
    const lesser = order[--small];
    const greater = order[large];
    tell(lesser, scaled[lesser], greater);
    scaled[greater] -= 1 - scaled[lesser];
    if (scaled[greater] < 1) {
      large++;
      order[small++] = greater;
    }
  }
  for (; small > 0; small--) tell(order[small - 1], 1, order[small - 1]);
  for (; large < size; large++) tell(order[large], 1, order[large]);
}
