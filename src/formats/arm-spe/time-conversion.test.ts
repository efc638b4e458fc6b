import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimeConverter } from './time-conversion.js';

const split = (value: bigint) => [Number(value & 0xffffffffn), Number(value >> 32n)] as const;

test('relative times agree with 64-bit arithmetic for any clock and count', () => {
  fc.assert(
    fc.property(
      fc.record({
        shift: fc.integer({ min: 3, max: 31 }),
        mult: fc.integer({ min: 1, max: 0xffffffff }),
        first: fc.bigInt({ min: 0n, max: 1n << 55n }),
        steps: fc.array(fc.bigInt({ min: 0n, max: 1n << 40n }), { minLength: 1, maxLength: 8 }),
        short: fc.option(
          fc.record({ cycles: fc.bigInt({ min: 0n, max: 1n << 55n }), mask: fc.constant((1n << 56n) - 1n) }),
          { nil: undefined },
        ),
      }),
      ({ shift, mult, first: offset, steps, short }) => {
        // Counts before `cycles` mean that the counter wrapped, which is a case of its own below.
        const first = (short?.cycles ?? 0n) + offset / 2n;
        const converter = new TimeConverter({ shift, mult, zero: 123n, short });
        converter.relative(...split(first));
        const base = converter.base as bigint;
        for (const step of steps) {
          // Beyond 2^53 ns (104 days after the first count) a double cannot hold the difference.
          if ((step * BigInt(mult)) >> BigInt(shift) >= 1n << 52n) continue;
          const exact = BigInt.asIntN(64, converter.absolute(first + step) - base);
          if (exact < 1n << 53n && exact > -(1n << 53n))
            assert.equal(BigInt(converter.relative(...split(first + step))), exact);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('a narrow counter that wrapped is widened around where it stood', () => {
  const cycles = (1n << 56n) - 10n;
  const converter = new TimeConverter({
    shift: 0,
    mult: 1,
    zero: 0n,
    short: { cycles, mask: (1n << 56n) - 1n },
  });
  assert.equal(converter.absolute(5n), (1n << 56n) + 5n);
  assert.equal(converter.absolute(cycles), cycles);
});

test('the numbers of a 25 MHz counter: 40 ns a tick', () => {
  const converter = new TimeConverter({ shift: 10, mult: 40960, zero: 1_000_000_000n, short: undefined });
  assert.equal(converter.relative(...split(1000n)), 0);
  assert.equal(converter.base, 1_000_040_000n);
  assert.equal(converter.relative(...split(1025n)), 1000);
});
