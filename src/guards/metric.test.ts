/** The guard of the user's own metric: what it learns, what stops it, what does not, and metrics that lie or are not there. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SeededRandom } from '../base/seeded-random.js';
import { Batches } from './batches.js';
import type { MetricReading, Verdict } from './guard.js';
import { MetricGuard, type MetricOptions } from './metric.js';
import { median, middle, noiseOf, quantile } from './usual-noise.js';
import { WorseningTest } from './worsening-test.js';

const OPTIONS: MetricOptions = { name: 'p99', worse: 'higher', margin: 0.1 };

/** Readings a second apart from `from` on; gives the first verdict that objects, and when. */
function feed(
  guard: MetricGuard,
  [from, to]: readonly [number, number],
  reading: (second: number) => Partial<MetricReading>,
): { readonly at: number; readonly verdict: Verdict } | undefined {
  for (let second = from; second < to; second++) {
    const metric = { value: undefined, acted: false, ...reading(second) };
    const verdict = guard.observe(1000 * second, { metric });
    if (verdict.objections.length > 0) return { at: second, verdict };
  }
  return undefined;
}

/** A guard that has learned for ten minutes from a metric that varies by `size` about 100. */
function learned(options: MetricOptions = OPTIONS, size = 0.05) {
  const random = new SeededRandom(7);
  const noisy = (level = 100) => level * (1 + size * (2 * random.fraction() - 1));
  const guard = new MetricGuard(options);
  for (let second = 0; second < 600; second++)
    guard.observe(1000 * second, { metric: { value: noisy(), acted: false } });
  return { guard, noisy };
}

describe('a metric', () => {
  test('is learned for a minute before anything may be done', () => {
    const guard = new MetricGuard(OPTIONS);
    const says = (second: number) =>
      guard.observe(1000 * second, { metric: { value: 100 + (second % 3), acted: false } });
    assert.deepEqual(says(0).objections, [
      { guard: 'metric', how: 'hold', why: 'learning what p99 does by itself (0 %)' },
    ]);
    for (let second = 1; second < 58; second++) says(second);
    assert.match(says(58).objections[0].why, /\(91 %\)$/);
    assert.deepEqual(says(59), { objections: [], blind: [] });
  });

  test('that gets worse after an act stops it within a minute, with the numbers', () => {
    const { guard, noisy } = learned();
    assert.equal(
      feed(guard, [600, 700], (second) => ({ value: noisy(), acted: second % 10 === 0 })),
      undefined,
    );
    const found = feed(guard, [700, 800], (second) => ({ value: noisy(130), acted: second % 10 === 0 }));
    assert.ok(found !== undefined && found.at - 700 <= 60, `${found?.at}`);
    assert.equal(found.verdict.objections[0].how, 'stop');
    assert.match(
      found.verdict.objections[0].why,
      /^p99 is (2[5-9]|3[0-5]) % worse than before \((9[89]|10[0-2]) became 1[23]\d\); bound is 10 %$/,
    );
    assert.match(
      feed(guard, [801, 810], () => ({ value: 130 }))?.verdict.objections[0].why ?? '',
      /^learning|^p99 has not come back yet/,
    );
  });

  test('that stays worse behind a stop is not learned as usual: the next act is stopped, too', () => {
    const { guard, noisy } = learned();
    const acting = (level: number) => (second: number) => ({ value: noisy(level), acted: second % 10 === 0 });
    const stop = feed(guard, [600, 700], acting(140));
    assert.equal(stop?.verdict.objections[0].how, 'stop');
    const why = new Set<string>();
    for (let second = (stop?.at ?? 0) + 1; second < 1300; second++)
      for (const { how, why: said } of guard.observe(1000 * second, {
        metric: { value: noisy(140), acted: false },
      }).objections)
        why.add(`${how}: ${said.replace(/\(\d+\)|\d+ %/, '…')}`);
    assert.deepEqual(
      [...why].sort(),
      [
        'hold: learning what p99 does by itself (…)',
        'hold: p99 has not come back yet to what it was before the stop …',
      ].sort(),
    );
    // It is back: learned within a minute and a batch, and then an act is judged by it.
    assert.notEqual(
      feed(guard, [1300, 1301], () => ({ value: noisy(100) })),
      undefined,
    );
    for (let second = 1301; second < 1370; second++)
      guard.observe(1000 * second, { metric: { value: noisy(100), acted: false } });
    assert.equal(
      feed(guard, [1370, 1400], () => ({ value: noisy(100) })),
      undefined,
    );
    const again = feed(guard, [1400, 1500], acting(140));
    assert.equal(again?.verdict.objections[0].how, 'stop');
    assert.ok(again !== undefined && again.at - 1400 <= 60, `${again?.at}`);
  });

  test('that stays worse for an hour is taken for the new usual', () => {
    const { guard, noisy } = learned();
    const stop = feed(guard, [600, 700], (second) => ({ value: noisy(140), acted: second % 10 === 0 }));
    const from = (stop?.at ?? 0) + 1;
    for (let second = from; second < from + 3590; second++)
      guard.observe(1000 * second, { metric: { value: noisy(140), acted: false } });
    assert.notEqual(
      feed(guard, [from + 3590, from + 3595], () => ({ value: noisy(140) })),
      undefined,
    );
    for (let second = from + 3595; second < from + 3700; second++)
      guard.observe(1000 * second, { metric: { value: noisy(140), acted: false } });
    assert.equal(
      feed(guard, [from + 3700, from + 3720], () => ({ value: noisy(140) })),
      undefined,
    );
  });

  test('that gets worse while nobody acts is not the agent’s doing', () => {
    const { guard, noisy } = learned();
    assert.equal(
      feed(guard, [600, 900], () => ({ value: noisy(200) })),
      undefined,
    );
    const { guard: later, noisy: more } = learned();
    assert.equal(
      feed(later, [600, 1200], (second) => ({ value: more(), acted: second === 600 })),
      undefined,
    );
    assert.equal(
      feed(later, [1200, 1800], () => ({ value: more(200) })),
      undefined,
    );
  });

  test('may get worse downwards; what gets better stops nothing', () => {
    const { guard, noisy } = learned({ ...OPTIONS, worse: 'lower' });
    const acting = (level: number) => (second: number) => ({ value: noisy(level), acted: second % 10 === 0 });
    assert.equal(feed(guard, [600, 700], acting(150)), undefined);
    const found = feed(guard, [700, 800], acting(70));
    assert.match(found?.verdict.objections[0].why ?? '', /^p99 is [23]\d % worse than before \(10\d became/);
  });

  test('has a limit beside its margin', () => {
    const { guard, noisy } = learned({ ...OPTIONS, margin: 1, limit: 120 });
    const acting = (level: number) => (second: number) => ({ value: noisy(level), acted: second % 10 === 0 });
    assert.equal(feed(guard, [600, 900], acting(112)), undefined);
    const found = feed(guard, [900, 1000], acting(140));
    assert.match(found?.verdict.objections[0].why ?? '', /; bound is 100 %, or the value 120$/);
  });

  test('that its control follows is no effect; one that it does not follow is', () => {
    const { noisy } = learned();
    const guard = new MetricGuard(OPTIONS);
    const both =
      (load: number, own = 1) =>
      (second: number) => ({
        value: noisy(100 * load * own),
        control: noisy(50 * load),
        acted: second >= 600 && second % 10 === 0,
      });
    for (let second = 0; second < 60; second++) guard.observe(1000 * second, { metric: both(1)(second) });
    assert.equal(feed(guard, [60, 700], both(1)), undefined);
    assert.equal(feed(guard, [700, 900], both(2)), undefined, 'load on both');
    const found = feed(guard, [900, 1000], both(2, 1.2));
    assert.match(found?.verdict.objections[0].why ?? '', /worse than what its control does/);
  });

  test('with a burst of half a minute less than it takes does not stop it', () => {
    const { guard, noisy } = learned();
    const burst = (second: number) => second % 100 < 15;
    const reading = (second: number) => ({
      value: noisy(burst(second) ? 200 : 100),
      acted: second % 10 === 0,
    });
    assert.equal(feed(guard, [600, 4200], reading), undefined);
  });
});

describe('a metric that lies or is not there', () => {
  test('holds after half a minute, with the reason, and until it comes back', () => {
    const { guard, noisy } = learned();
    const gone = () => ({ problem: 'it did not answer within 2 s' });
    const found = feed(guard, [600, 700], gone);
    assert.equal(found?.at, 629);
    assert.deepEqual(found?.verdict.objections, [
      { guard: 'metric', how: 'hold', why: 'p99 cannot be read for 30 s: it did not answer within 2 s' },
    ]);
    assert.equal(
      feed(guard, [700, 760], () => ({ value: noisy() })),
      undefined,
    );
    const never = new MetricGuard(OPTIONS);
    assert.match(feed(never, [0, 100], () => ({}))?.verdict.objections[0].why ?? '', /^learning/);
    assert.match(never.observe(30_000, {}).objections[0].why, /cannot be read for 30 s: it gives no number$/);
  });

  test('is not there when it is no number, or its control is none', () => {
    for (const reading of [
      { value: Number.NaN },
      { value: Number.POSITIVE_INFINITY },
      { value: 100, control: Number.NaN },
    ]) {
      const { guard } = learned();
      assert.match(feed(guard, [600, 700], () => reading)?.verdict.objections[0].why ?? '', /cannot be read/);
    }
  });

  test('is told to show nothing when it never moves', () => {
    const guard = new MetricGuard(OPTIONS);
    const still = { metric: { value: 5, acted: false } };
    for (let second = 0; second < 61; second++) guard.observe(1000 * second, still);
    assert.deepEqual(guard.observe(62_000, still).blind, ['p99 does not move: it shows nothing']);
  });

  test('of one value of 1e300, or of nothing at all, does not stop it', () => {
    const { guard, noisy } = learned();
    const odd = (second: number) => ({
      value: second % 30 === 0 ? 1e300 : noisy(),
      acted: second % 10 === 0,
    });
    assert.equal(feed(guard, [600, 1800], odd), undefined);
    const zero = new MetricGuard(OPTIONS);
    for (let second = 0; second < 100; second++)
      zero.observe(1000 * second, { metric: { value: 0, acted: second > 70 } });
    const found = feed(zero, [100, 200], () => ({ value: 1, acted: true }));
    assert.equal(found?.verdict.objections[0].how, 'stop');
  });

  test('of a clock that is set by a year either way is learned on', () => {
    for (const year of [3e10, -3e10]) {
      const { guard, noisy } = learned();
      const after = [600 + year, 700 + year] as const;
      const found = feed(guard, after, () => ({ value: noisy(), acted: true }));
      assert.equal(found, undefined, String(year));
    }
  });
});

describe('batches', () => {
  test('are of five seconds, or of one reading of a slow metric', () => {
    const fast = new Batches();
    const ends = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((second) => fast.add(1000 * second, second, undefined));
    assert.deepEqual(
      ends.flatMap((batch, second) => (batch === undefined ? [] : [[second, batch.value]])),
      [
        [4, 2],
        [9, 7],
      ],
    );
    const slow = new Batches();
    assert.equal(slow.add(0, 1, 2), undefined);
    assert.deepEqual(slow.add(10_000, 3, 4), { value: 2, control: 3 });
    assert.deepEqual(slow.add(20_000, 5, undefined), { value: 5, control: undefined });
  });

  test('have a bound, and a control only where every reading has', () => {
    const batches = new Batches();
    for (let reading = 0; reading < 1000; reading++) batches.add(reading, reading < 256 ? 1 : 1e6, 2);
    const last = batches.add(5000, 1e6, undefined);
    assert.deepEqual(last, { value: 1, control: 2 });
  });
});

describe('usual noise', () => {
  test('has a middle that few odd values do not move', () => {
    assert.deepEqual(
      [middle([3]), middle([1, 3]), middle([1, 2, 900]), middle([1, 2, 3, 900])],
      [3, 2, 2, 2.5],
    );
    assert.equal(middle([900, 1, 2, 3, -900]), 2);
    assert.equal(middle([0, 0, 1, 2, 3, 4, 9, 9]), 2.5);
    assert.equal(median([5, 1, 3]), 3);
    assert.equal(quantile([0, 10], 0.25), 2.5);
    assert.equal(quantile([7], 0.9), 7);
  });

  test('is as wide as its values are, wider when they last, and never nothing', () => {
    const random = new SeededRandom(3);
    const draw = () => Array.from({ length: 6 }, () => random.fraction()).reduce((sum, one) => sum + one, -3);
    const white = noiseOf(Array.from({ length: 2000 }, draw), 0.001);
    assert.ok(white.spread > 0.65 && white.spread < 0.8, `${white.spread}`);
    assert.ok(Math.abs(white.centre) < 0.05);
    assert.ok(Math.abs(white.centreError - (1.5 * white.spread) / Math.sqrt(2000)) < 1e-9);
    let last = 0;
    const lasting = noiseOf(
      Array.from({ length: 2000 }, () => {
        last = 0.8 * last + 0.6 * draw();
        return last;
      }),
      0.001,
    );
    assert.ok(lasting.spread > 1.7 && lasting.spread < 2.6, `${lasting.spread}`);
    assert.equal(noiseOf([1, 1, 1, 1], 0.002).centre, 1);
    assert.ok(noiseOf([1, 1, 1, 1], 0.002).spread >= 0.002);
    const drift = noiseOf(
      Array.from({ length: 100 }, (_, at) => at),
      0.002,
    );
    assert.ok(Number.isFinite(drift.spread));
    assert.equal(white.longestRun(1e9), 0);
    assert.equal(noiseOf([0, 0, 0, 5, 5, 0, 5, 0, 0], 0.1).longestRun(1), 2);
  });
});

describe('the sequential test', () => {
  const runs = (beyond: number, leastBatches = 5) => {
    const tested = new WorseningTest({ patience: 72_000, leastBatches });
    for (let batch = 1; batch <= 1000; batch++) if (tested.add(beyond)) return batch;
    return Number.POSITIVE_INFINITY;
  };

  test('stops sooner the larger the worsening, and never before its least batches', () => {
    assert.deepEqual([runs(4), runs(1e9), runs(4, 8), runs(4, 1)], [5, 5, 8, 2]);
    assert.ok(runs(1.5) > 5 && runs(1.5) < 15, `${runs(1.5)}`);
    assert.ok(runs(0.7) > runs(1.5));
    assert.equal(runs(0), Number.POSITIVE_INFINITY);
    assert.equal(runs(-1), Number.POSITIVE_INFINITY);
  });

  test('forgets a burst that is over', () => {
    const tested = new WorseningTest({ patience: 72_000, leastBatches: 5 });
    for (let batch = 0; batch < 4; batch++) assert.equal(tested.add(9), false);
    assert.ok(tested.suspicion > 0.7 && tested.suspicion < 1, `${tested.suspicion}`);
    tested.add(-9);
    assert.ok(tested.suspicion < 0.35, `${tested.suspicion}`);
    for (let batch = 0; batch < 3; batch++) assert.equal(tested.add(9), false);
    assert.equal(new WorseningTest({ patience: 2, leastBatches: 1 }).suspicion, 0);
  });

  test('stops for nothing no more often than its patience says, in noise on the bound itself', () => {
    const random = new SeededRandom(11);
    const normal = () =>
      Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
    let stops = 0;
    let tested = new WorseningTest({ patience: 500, leastBatches: 5 });
    for (let batch = 0; batch < 100_000; batch++) {
      if (!tested.add(normal())) continue;
      stops++;
      tested = new WorseningTest({ patience: 500, leastBatches: 5 });
    }
    assert.ok(stops > 20 && stops <= 200, `${stops}`);
  });

  test('has to wait for something', () => {
    assert.throws(() => new WorseningTest({ patience: 1, leastBatches: 5 }), /assertion/);
    assert.throws(() => new WorseningTest({ patience: 10, leastBatches: 0 }), /assertion/);
  });
});
