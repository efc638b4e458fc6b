/** Weights made even, at the bounds: what sets the measure, what is kept as it is, what is drawn, what is excess. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SampleBatch, sampleColumns } from '../vocabulary/sample.js';
import { EvenWeights } from './even-weights.js';

const everyone = () => true;

/** `count` rows of one weight, on pages from `first` on. */
function rows(count: number, weight: number, { first = 1, pid = 7, times }: Changes = {}): SampleBatch {
  const batch = sampleColumns(count);
  for (let row = 0; row < count; row++) {
    batch.pid[row] = pid;
    batch.virtualPage[row] = first + row;
    batch.weight[row] = weight;
    batch.flags[row] = row & 1;
  }
  batch.count = count;
  return times === undefined ? batch : { ...batch, times: new Float64Array(count).fill(times) };
}

interface Changes {
  readonly first?: number;
  readonly pid?: number;
  readonly times?: number;
}

test('samples of one weight pass as they are, and measure all that follow', () => {
  const even = new EvenWeights();
  const first = rows(100, 5);
  assert.equal(even.of(first, everyone).batch.count, 100);
  const second = rows(10, 5);
  const { batch, thinTo } = even.of(second, everyone);
  assert.equal(batch, second, 'not even copied');
  assert.deepEqual([thinTo, even.excess, even.leftOut], [1, 0, 0]);
});

test('a measure grows only by a quarter and more; below that the excess is told', () => {
  const even = new EvenWeights();
  even.of(rows(100, 1), everyone);
  const slightly = even.of(rows(100, 1.2), everyone);
  assert.deepEqual([slightly.thinTo, slightly.batch.count, slightly.batch.weight[0]], [1, 100, 1.2]);
  assert.ok(Math.abs(even.excess - 20 / 220) < 1e-12, `${even.excess}`);
  const twice = even.of(rows(1000, 2), everyone);
  assert.deepEqual([twice.thinTo, twice.batch.count], [0.5, 1000]);
  assert.equal(even.excess, 0);
});

test('one percent of the accesses may stand above the measure, and no more', () => {
  const excessOf = (heavy: number) => {
    const even = new EvenWeights();
    const batch = rows(1000, 100);
    batch.weight[0] = heavy;
    even.of(batch, everyone);
    return even.excess;
  };
  // Of 99,900 accesses beside the heavy sample.
  assert.ok(Math.abs(excessOf(1000) - 900 / 100_900) < 1e-12);
  assert.equal(excessOf(1200), 0);
});

test('samples without a page, of others, and without a weight have no say in the measure', () => {
  const heavy = 1e6;
  for (const [batch, isKept] of [
    [rows(100, heavy, { first: -1000 }), everyone],
    [rows(100, heavy, { pid: 8 }), (pid: number) => pid === 7],
    [rows(100, 0), everyone],
    [rows(100, Number.NaN), everyone],
  ] as const) {
    const even = new EvenWeights();
    even.of(rows(10, 3), everyone);
    assert.deepEqual([even.of(batch, isKept).thinTo, even.excess], [1, 0]);
    assert.equal(even.of(rows(10, 3), everyone).batch.count, 10);
  }
  const even = new EvenWeights();
  even.of(rows(10, 3), everyone);
  assert.equal(even.of(rows(1, heavy, { first: 0 }), everyone).thinTo, 3 / heavy, 'page 0 is a page');
});

test('samples without a place are kept as they are, to be counted by their reason', () => {
  const even = new EvenWeights();
  even.of(rows(100, 100), everyone);
  const { batch } = even.of(rows(50, 1, { first: -50 }), everyone);
  assert.deepEqual([batch.count, batch.weight[0], even.leftOut], [50, 1, 0]);
});

test('what is below the measure is drawn from; what is kept of a row stands for the measure each', () => {
  const even = new EvenWeights();
  even.of(rows(1000, 100), everyone);
  const { batch } = even.of(rows(400, 25), everyone);
  assert.ok(batch.count > 60 && batch.count < 140, `${batch.count}`);
  const gone = 400 - batch.count;
  assert.equal(even.leftOut, gone);
  for (let row = 0; row < batch.count; row++)
    assert.deepEqual(
      [batch.pid[row], batch.flags[row], batch.weight[row]],
      [7, (batch.virtualPage[row] - 1) & 1, 25],
    );
  const many = even.of(rows(2, 25_000, { times: 1000 }), everyone).batch;
  for (let row = 0; row < 2; row++) {
    const drawn = many.times?.[row] ?? 0;
    assert.ok(drawn > 180 && drawn < 320, `${drawn}`);
    assert.equal(many.weight[row], drawn * 100);
  }
  assert.equal(even.leftOut, gone + 2000 - (many.times?.[0] ?? 0) - (many.times?.[1] ?? 0));
  const whole = even.of(rows(2, 100_000, { times: 1000 }), everyone).batch;
  assert.deepEqual([whole.times?.[0], whole.weight[0]], [1000, 100_000]);
});

test('rows grow with the batches that come, with their times', () => {
  const even = new EvenWeights();
  even.of(rows(10, 100), everyone);
  assert.equal(even.of(rows(2, 1000), everyone).batch.count, 2);
  const { batch } = even.of(rows(500, 1500, { times: 1 }), everyone);
  assert.deepEqual([batch.count, batch.virtualPage[499], batch.times?.[499]], [500, 500, 1]);
});

test('a draw keeps its share on the mean, all of it at one, and is the same every time', () => {
  const even = new EvenWeights();
  assert.deepEqual([even.draw(9, 1), even.draw(9, 1.5), even.draw(0, 0.5)], [9, 9, 0]);
  for (const keep of [0.02, 0.5, 0.97]) {
    const drawn = even.draw(40_000, keep);
    const deviation = Math.sqrt(40_000 * keep * (1 - keep));
    assert.ok(Math.abs(drawn - 40_000 * keep) < 5 * deviation, `${drawn} at ${keep}`);
  }
  let kept = 0;
  for (let turn = 0; turn < 4000; turn++) kept += even.draw(1, 0.25);
  assert.ok(Math.abs(kept - 1000) < 140, `${kept}`);
  const again = () => {
    const one = new EvenWeights();
    return [0, 1, 2].map(() => one.draw(1000, 0.3));
  };
  assert.deepEqual(again(), again());
});

test('two that are put together count by the larger measure, and what was left out adds up', () => {
  const [light, heavy] = [new EvenWeights(), new EvenWeights()];
  light.of(rows(1000, 10), everyone);
  light.of(rows(10, 1), everyone);
  heavy.of(rows(1000, 40), everyone);
  heavy.of(rows(10, 1), everyone);
  const left = light.leftOut + heavy.leftOut;
  assert.ok(left > 10);
  assert.deepEqual(light.absorb(heavy), { mine: 0.25, others: 1 });
  assert.equal(light.leftOut, left);
  assert.equal(light.excess, 0);
  const third = new EvenWeights();
  third.of(rows(1000, 10), everyone);
  assert.deepEqual(light.absorb(third), { mine: 1, others: 0.25 });
  assert.deepEqual(light.absorb(new EvenWeights()), { mine: 1, others: 1 });
  const none = new EvenWeights();
  assert.deepEqual(none.absorb(new EvenWeights()), { mine: 1, others: 1 });
  assert.equal(none.excess, 0);
});

test('weights of any size have a bin: fractions of an access as well as years of cycles', () => {
  for (const weight of [1e-9, 2 ** -16, 1, 2 ** 63, 1e30]) {
    const even = new EvenWeights();
    even.of(rows(10, weight), everyone);
    assert.equal(even.of(rows(10, weight), everyone).batch.count, 10, `${weight}`);
    assert.ok(even.excess < 1e-12, `${weight}`);
  }
});
