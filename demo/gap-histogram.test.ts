import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../test/support/properties.js';
import { GapHistogram } from './gap-histogram.js';

describe('gap histogram', () => {
  it('gives back any duration within 3.2 % and never too short', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 32 - 2), (duration) => {
        const histogram = new GapHistogram();
        histogram.record(duration);
        const longest = histogram.quantile(1);
        assert.ok(longest >= duration && longest <= duration * 1.032 + 1, `${duration} → ${longest}`);
      }),
    );
  });

  it('finds the quantiles of what was recorded', () => {
    const histogram = new GapHistogram();
    for (let duration = 1; duration <= 1000; duration++) histogram.record(duration * 100);
    const half = histogram.quantile(0.5);
    assert.ok(half >= 50_000 && half <= 51_700, `${half}`);
    const most = histogram.quantile(0.99);
    assert.ok(most >= 99_000 && most <= 102_300, `${most}`);
  });

  it('adds up and answers 0 when empty', () => {
    const sum = new GapHistogram();
    assert.equal(sum.quantile(0.5), 0);
    const part = new GapHistogram();
    part.record(10);
    sum.add(part);
    sum.add(part);
    assert.equal(sum.bins[10], 2);
  });
});
