/** Damages recordings in the ways that disks, pipes and hostile writers do. Deterministic by seed. */

/** xorshift32. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed + 1, 0x9e3779b1) >>> 0 || 1;
  }

  /** A whole number below `limit`. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state % Math.max(1, limit);
  }
}

type Mutation = (bytes: Uint8Array, dice: Dice) => Uint8Array;

const INTERESTING = [
  0, 1, 7, 8, 9, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
];

const flipBits: Mutation = (bytes, dice) => {
  for (let i = dice.below(8); i >= 0; i--) bytes[dice.below(bytes.length)] ^= 1 << dice.below(8);
  return bytes;
};

const writeWord: Mutation = (bytes, dice) => {
  const width = [1, 2, 4, 8][dice.below(4)];
  const at = dice.below(bytes.length);
  const value = INTERESTING[dice.below(INTERESTING.length)];
  for (let i = 0; i < width && at + i < bytes.length; i++)
    bytes[at + i] = i < 4 ? value >>> (8 * i) : 0xff * (value & 1);
  return bytes;
};

/** Sizes and counts of 64 bits lie at multiples of 8. */
const writeCount: Mutation = (bytes, dice) => {
  const at = dice.below(bytes.length >>> 3) * 8;
  const value = INTERESTING[dice.below(INTERESTING.length)];
  for (let i = 0; i < 8 && at + i < bytes.length; i++) bytes[at + i] = i < 4 ? value >>> (8 * i) : 0;
  return bytes;
};

const truncate: Mutation = (bytes, dice) => bytes.slice(0, dice.below(bytes.length));

const zeroTail: Mutation = (bytes, dice) => bytes.fill(0, dice.below(bytes.length));

const noise: Mutation = (bytes, dice) => {
  const at = dice.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + dice.below(256));
  for (let i = at; i < end; i++) bytes[i] = dice.below(256);
  return bytes;
};

const removePart: Mutation = (bytes, dice) => {
  const at = dice.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + dice.below(64));
  const whole = new Uint8Array(bytes.length - (end - at));
  whole.set(bytes.subarray(0, at));
  whole.set(bytes.subarray(end), at);
  return whole;
};

const repeatPart: Mutation = (bytes, dice) => {
  const at = dice.below(bytes.length);
  const length = Math.min(bytes.length - at, 1 + dice.below(512));
  const whole = new Uint8Array(bytes.length + length);
  whole.set(bytes.subarray(0, at + length));
  whole.set(bytes.subarray(at), at + length);
  return whole;
};

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  writeWord,
  writeWord,
  writeCount,
  writeCount,
  truncate,
  zeroTail,
  noise,
  removePart,
  repeatPart,
];

/** A damaged copy of `seed`, of one to four mutations; the same for the same number. */
export function mutated(seed: Uint8Array, dice: Dice): Uint8Array {
  let bytes: Uint8Array = seed.slice();
  for (let i = dice.below(4); i >= 0 && bytes.length > 0; i--)
    bytes = MUTATIONS[dice.below(MUTATIONS.length)](bytes, dice);
  return bytes;
}
