import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { nextPeriod } from './rate-control.js';

/** Decoding work of a target with `rate` accesses a second: each sample costs the same. */
const share = (period: number, rate: number) => ((rate / period) * 250e-9 * 1e9) / 1e9;

test('the share settles below the bound and above a quarter of it, whatever the rate', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1e6, max: 1e10 }), fc.integer({ min: 256, max: 1e7 }), (rate, first) => {
      let period = first;
      for (let slice = 0; slice < 24; slice++)
        period = nextPeriod(period, 256, { share: share(period, rate), lost: 0 }, 0.01);
      const settled = share(period, rate);
      assert.ok(settled <= 0.0101, `${settled} at period ${period}`);
      assert.ok(settled >= 0.0025 || period === 256, `${settled} at period ${period}`);
    }),
  );
});

test('losses lengthen the period also where decoding is cheap', () => {
  assert.equal(nextPeriod(1000, 256, { share: 0.001, lost: 5 }, 0.01), 2000);
});

test('one step is at most eightfold', () => {
  assert.equal(nextPeriod(1000, 256, { share: 0.9, lost: 0 }, 0.01), 8000);
  assert.equal(nextPeriod(100_000, 256, { share: 0, lost: 0 }, 0.01), 12_500);
});
