import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from './seeded-random.js';

const MASK = 0xffffffffn;

/** xoshiro128** seeded by splitmix32, as its authors publish them, in integers that cannot overflow. */
function* reference(seed: number): Generator<bigint> {
  let z = BigInt(seed) & MASK;
  const word = () => {
    z = (z + 0x9e3779b9n) & MASK;
    let mixed = ((z ^ (z >> 16n)) * 0x85ebca6bn) & MASK;
    mixed = ((mixed ^ (mixed >> 13n)) * 0xc2b2ae35n) & MASK;
    return mixed ^ (mixed >> 16n);
  };
  const rotated = (value: bigint, by: bigint) => ((value << by) | (value >> (32n - by))) & MASK;
  let [a, b, c, d] = [word(), word(), word(), word()];
  for (;;) {
    yield (rotated((b * 5n) & MASK, 7n) * 9n) & MASK;
    const shifted = (b << 9n) & MASK;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotated(d, 11n);
  }
}

const drawn = (seed: number, count: number): number[] => {
  const numbers = reference(seed);
  return Array.from({ length: count }, () => Number(numbers.next().value));
};

test('the sequence is that of xoshiro128**, for every seed', () => {
  for (const seed of [0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 123_456_789]) {
    const random = new SeededRandom(seed);
    assert.deepEqual(
      Array.from({ length: 200 }, () => random.uint32()),
      drawn(seed, 200),
      `${seed}`,
    );
  }
  assert.deepEqual([new SeededRandom(-1).uint32(), new SeededRandom(2 ** 32 + 5).uint32()], [drawn(0xffffffff, 1)[0], drawn(5, 1)[0]]); // biome-ignore format: one row
});

test('the state is four words, which carry the sequence on', () => {
  const random = new SeededRandom(7);
  for (let at = 0; at < 10; at++) random.uint32();
  const other = new SeededRandom(8);
  assert.equal(random.state.length, 4);
  other.state.set(random.state);
  assert.equal(other.uint32(), drawn(7, 11)[10]);
});

test('a bound is never reached, and every number below it can be', () => {
  const random = new SeededRandom(3);
  const numbers = drawn(3, 600);
  const found = numbers.map(() => random.below(6));
  assert.deepEqual(
    found,
    numbers.map((number) => Math.floor((number * 6) / 2 ** 32)),
  );
  assert.deepEqual(new Set(found), new Set([0, 1, 2, 3, 4, 5]));
  assert.equal(new SeededRandom(3).below(2 ** 32), numbers[0]);
});

test('a fraction has 53 bits of two draws, the higher ones first', () => {
  const random = new SeededRandom(9);
  const numbers = drawn(9, 400);
  for (let at = 0; at < 400; at += 2) {
    const bits = (BigInt(numbers[at] >>> 5) << 26n) | BigInt(numbers[at + 1] >>> 6);
    assert.equal(random.fraction(), Number(bits) / 2 ** 53);
  }
});
