import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { FourWays } from './four-ways.js';
import { FullyAssociative } from './fully-associative.js';
import { SetAssociative } from './set-associative.js';
import { SideBySide } from './side-by-side.js';
import { KIND, type TlbArrayModel } from './tlb-array.js';

/** The plainest LRU there is: lists, newest first. */
interface PlainLru {
  touch(key: number): number;
  remove(matches: (key: number) => boolean): void;
  keys(): number[];
}

/** Two plain lists of sets: one for huge keys, one for the others. */
class TwoReferences implements PlainLru {
  readonly #others: Reference;
  readonly #huge: Reference;

  constructor(others: Reference, huge: Reference) {
    this.#others = others;
    this.#huge = huge;
  }

  touch(key: number): number {
    return ((key & 3) === KIND.huge ? this.#huge : this.#others).touch(key);
  }

  remove(matches: (key: number) => boolean): void {
    this.#others.remove(matches);
    this.#huge.remove(matches);
  }

  keys(): number[] {
    return [...this.#others.keys(), ...this.#huge.keys()].sort((a, b) => a - b);
  }
}

class Reference implements PlainLru {
  readonly sets: number[][];
  readonly ways: number;
  readonly hugeSets: number;

  constructor(entries: number, ways: number, hugeEntries = entries) {
    this.sets = Array.from({ length: entries / ways }, () => []);
    this.ways = ways;
    this.hugeSets = hugeEntries / ways;
  }

  touch(key: number): number {
    const sets = (key & 3) === KIND.huge ? this.hugeSets : this.sets.length;
    const set = this.sets[(key >>> 2) % sets];
    const at = set.indexOf(key);
    if (at >= 0) set.splice(at, 1);
    set.unshift(key);
    if (set.length > this.ways) set.pop();
    return at >= 0 ? 0 : -1;
  }

  remove(matches: (key: number) => boolean): void {
    for (const set of this.sets) set.splice(0, set.length, ...set.filter((key) => !matches(key)));
  }

  keys(): number[] {
    return this.sets.flat().sort((a, b) => a - b);
  }
}

const keys = fc.array(fc.tuple(fc.nat(60), fc.constantFrom(KIND.base, KIND.run, KIND.huge)), {
  maxLength: 400,
});
const SHAPES: readonly (readonly [string, () => TlbArrayModel, () => PlainLru])[] = [
  ['16 × 4', () => new FourWays(64), () => new Reference(64, 4)],
  [
    '4 × 4 and 2 × 4 for huge',
    () => new FourWays(16, 8),
    () => new TwoReferences(new Reference(16, 4), new Reference(8, 4)),
  ],
  [
    '2 × 6 beside 2 × 4 for huge',
    () => new SideBySide(new SetAssociative(12, 6), new FourWays(8)),
    () => new TwoReferences(new Reference(12, 6), new Reference(8, 4)),
  ],
  ['4 × 8', () => new SetAssociative(32, 8), () => new Reference(32, 8)],
  ['4 × 5', () => new SetAssociative(20, 5), () => new Reference(20, 5)],
  ['4 × 8, huge in half', () => new SetAssociative(32, 8, 16), () => new Reference(32, 8, 16)],
  ['4 × 12', () => new SetAssociative(48, 12), () => new Reference(48, 12)],
  ['2 × 16, huge in half', () => new SetAssociative(32, 16, 16), () => new Reference(32, 16, 16)],
  ['12 of any kind', () => new FullyAssociative(12), () => new Reference(12, 12)],
];

for (const [name, make, reference] of SHAPES) {
  test(`${name}: hits, misses and contents equal a list-based LRU, also after removals`, () => {
    fc.assert(
      fc.property(keys, keys, fc.nat(7), (before, after, removed) => {
        const array = make();
        const plain = reference();
        const play = (units: typeof before) => {
          for (const [unit, kind] of units) {
            const key = ((unit + 1) << 2) | kind;
            assert.equal(array.touch(key), plain.touch(key));
          }
        };
        play(before);
        const matches = (key: number) => (key >>> 2) % 8 === removed;
        array.removeIf(matches);
        plain.remove(matches);
        assert.deepEqual(
          [...array.keys()].sort((a, b) => a - b),
          plain.keys(),
        );
        play(after);
        assert.deepEqual(
          [...array.keys()].sort((a, b) => a - b),
          plain.keys(),
        );
        for (const key of plain.keys()) assert.ok(array.has(key));
        const gone = plain.keys().filter((_, index) => index % 3 === 0);
        for (const key of [...gone, 4]) array.remove(key);
        plain.remove((key) => gone.includes(key) || key === 4);
        assert.deepEqual(
          [...array.keys()].sort((a, b) => a - b),
          plain.keys(),
        );
        play(before);
        // A whole batch at once, of a known order or of survivors: the same hits and misses as one by one.
        const units = after.map(([unit, kind]) => ((unit + 1) << 2) | kind);
        for (const from of [undefined, 5]) {
          const keys = Int32Array.from(units);
          const positions = Uint16Array.from(units.keys());
          const missed =
            from === undefined
              ? array.missing(keys, positions, units.length)
              : array.missingInOrder(keys, from, positions, units.length);
          const expected = units.flatMap((key, at) => (plain.touch(key) === 0 ? [] : [at]));
          assert.deepEqual(
            [...positions.subarray(0, missed)],
            expected.map((at) => at + (from ?? 0)),
          );
          assert.deepEqual(
            [...keys.subarray(0, missed)],
            expected.map((at) => units[at]),
          );
        }
      }),
      { numRuns: 150 },
    );
  });
}

test('shapes that hardware cannot have are refused', () => {
  assert.throws(() => new SetAssociative(48, 5), RangeError);
  assert.throws(() => new FullyAssociative(255), RangeError);
});
