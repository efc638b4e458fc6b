/**
 * Walker's alias method, built by Vose's algorithm: draws from any finite distribution with two random numbers
 * and one look into a table of eight bytes an outcome.
 */
import type { SeededRandom } from '../../base/seeded-random.js';

/** Thresholds have 31 bits, so that one subtraction compares without a branch. */
const FULL = 2 ** 31;

export class AliasTable {
  readonly size: number;
  /** Outcome i at 2i: threshold as a share of 2^31; at 2i + 1: the outcome beyond it. */
  readonly table: Uint32Array;

  /** `weights` need not sum to one; none may be negative and some must be positive. */
  constructor(weights: Float64Array) {
    this.size = weights.length;
    this.table = new Uint32Array(weights.length * 2);
    build(weights, this.table);
  }

  draw(random: SeededRandom): number {
    const own = Math.floor((random.uint32() / 2 ** 32) * this.size);
    const alias = this.table[2 * own + 1];
    const keepsOwn = ((random.uint32() >>> 1) - this.table[2 * own]) >> 31;
    return alias ^ ((alias ^ own) & keepsOwn);
  }

  /**
   * `count` draws into `into`, from two random words each in `words`. Two short loops, so that many of the table's
   * cache misses are under way at once.
   */
  drawAll(words: Uint32Array, count: number, into: Uint32Array): void {
    const table = this.table;
    const scale = this.size / 2 ** 32;
    for (let i = 0; i < count; i++) into[i] = words[2 * i] * scale;
    for (let i = 0; i < count; i++) {
      const own = into[i];
      const alias = table[2 * own + 1];
      const keepsOwn = ((words[2 * i + 1] >>> 1) - table[2 * own]) >> 31;
      into[i] = alias ^ ((alias ^ own) & keepsOwn);
    }
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

function build(weights: Float64Array, table: Uint32Array): void {
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
    set(table, lesser, scaled[lesser], greater);
    scaled[greater] -= 1 - scaled[lesser];
    if (scaled[greater] < 1) {
      large++;
      order[small++] = greater;
    }
  }
  while (small > 0) set(table, order[small - 1], 1, order[--small]);
  while (large < size) set(table, order[large], 1, order[large++]);
}

function set(table: Uint32Array, outcome: number, kept: number, alias: number): void {
  table[2 * outcome] = Math.min(FULL - 1, Math.round(kept * FULL));
  table[2 * outcome + 1] = alias;
}
