import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { SampleLoop } from '../sample-loop/sample-loop.js';
import { clockOf, nanosecondsOf, type TimeConversion } from './time-conversion.js';

const any64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const nobody = {
  eventOf: () => -1,
  isWanted: () => 1,
  meaningOfSource: () => 0,
  processOf: () => -1,
  seekThread: () => 0,
};

test('the loop and the record decoder convert any count by any clock to the same time', () => {
  const loop = SampleLoop.take(nobody);
  fc.assert(
    fc.property(
      fc.record({
        shift: fc.integer({ min: 0, max: 63 }),
        mult: fc.oneof(any64, fc.bigInt({ min: 1n, max: 0xffffffffn })),
        zero: any64,
        short: fc.option(fc.record({ cycles: any64, mask: any64 }), { nil: undefined }),
      }),
      fc.array(any64, { minLength: 1, maxLength: 8 }),
      (conversion, counts) => {
        const { cycles, mask } = clockOf(conversion);
        loop.calls.setConversion(conversion.shift, conversion.mult, conversion.zero, cycles, mask);
        for (const count of counts) {
          const time = BigInt.asUintN(64, loop.calls.nanosecondsOf(count));
          assert.equal(time, nanosecondsOf(conversion, count));
        }
      },
    ),
    { numRuns: 2000 },
  );
  loop.giveBack();
});

test('a narrow counter that wrapped is widened around where it stood', () => {
  const cycles = (1n << 56n) - 10n;
  const conversion: TimeConversion = {
    shift: 0,
    mult: 1n,
    zero: 0n,
    short: { cycles, mask: (1n << 56n) - 1n },
  };
  assert.equal(nanosecondsOf(conversion, 5n), (1n << 56n) + 5n);
  assert.equal(nanosecondsOf(conversion, cycles), cycles);
});

test('the numbers of a 25 MHz counter: 40 ns a tick', () => {
  const conversion: TimeConversion = { shift: 10, mult: 40960n, zero: 1_000_000_000n, short: undefined };
  assert.equal(nanosecondsOf(conversion, 1000n), 1_000_040_000n);
  assert.equal(nanosecondsOf(conversion, 1025n) - nanosecondsOf(conversion, 1000n), 1000n);
});
