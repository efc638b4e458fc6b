import type { SeededRandom } from '../../base/seeded-random.js';

/** Fills `into` with `count` words of the generator's sequence: the same as calling `uint32` that often. */
export function fillWords(random: SeededRandom, into: Uint32Array, count: number): void {
  // As signed words from the start, so that the loop is compiled to whole-number arithmetic.
  let a = random.state[0] | 0;
  let b = random.state[1] | 0;
  let c = random.state[2] | 0;
  let d = random.state[3] | 0;
  for (let i = 0; i < count; i++) {
    const product = Math.imul(b, 5);
    into[i] = Math.imul((product << 7) | (product >>> 25), 9);
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
  }
  random.state[0] = a;
  random.state[1] = b;
  random.state[2] = c;
  random.state[3] = d;
}
