import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { type HeldSpan, worstSecond } from '../../test/support/worst-second.js';
import { BURST_US, LockPace } from './lock-pace.js';

const KIND = 'madvise collapse';

/** Acts one after the other, each as soon as the pace allows it. */
function paced(pace: LockPace, durationsUs: readonly number[]): readonly HeldSpan[] {
  let nowNs = 5e12;
  return durationsUs.map((heldUs) => {
    nowNs += 1e6 * pace.waitMs(nowNs, pace.expectedUs(KIND, heldUs));
    const span = { beganNs: nowNs, endedNs: nowNs + heldUs * 1000 };
    nowNs = span.endedNs;
    pace.add({ kind: KIND, steps: 1, heldUs, span });
    return span;
  });
}

test('steps of any usual length never take more than the share of any second', () => {
  for (const share of [0.01, 0.1, 0.5]) {
    for (const each of [20, 240, 800, 5700]) {
      const most = worstSecond(paced(new LockPace(share), Array(400).fill(each)));
      assert.ok(most <= Math.max(share, each / 1e6) + 1e-9, `${share}, ${each} µs: ${most}`);
    }
  }
});

test('most of the share is used, so that a run does not take longer than it must', () => {
  const holds = paced(new LockPace(0.1), Array(400).fill(800));
  const used = (400 * 800_000) / (holds[399].endedNs - holds[0].beganNs);
  assert.ok(used > 0.07 && used <= 0.1, `${used}`);
});

test('what waiters lose beside a hold counts as held', () => {
  const plain = new LockPace(0.1);
  const late = new LockPace(0.1);
  const span = { beganNs: 0, endedNs: 1e6 };
  plain.add({ kind: KIND, steps: 1, heldUs: 1000, span });
  late.add({ kind: KIND, steps: 1, heldUs: 1000, lateUs: 3000, span });
  assert.deepEqual(
    [plain, late].map((pace) => pace.waitMs(1e6, 1000)),
    [9, 39],
  );
  assert.equal(late.expectedUs(KIND, 0), 1000, 'the step itself takes no longer');
});

test('a hold ten times as long as the others stays within the share where it can be foreseen', () => {
  const durations = Array.from({ length: 300 }, (_, index) => (index % 20 === 19 ? 25_000 : 1000));
  assert.ok(worstSecond(paced(new LockPace(0.1), durations)) <= 0.1 + 1e-9);
});

test('the first holds take half of the share, until enough were seen to know what is long', () => {
  const usedOfFirstSecond = (holds: readonly HeldSpan[]) =>
    holds
      .filter(({ endedNs }) => endedNs < holds[0].beganNs + 1e9)
      .reduce((sum, { beganNs, endedNs }) => sum + endedNs - beganNs, 0) / 1e9;
  assert.ok(usedOfFirstSecond(paced(new LockPace(0.1), Array(31).fill(2000))) <= 0.052);
  assert.ok(usedOfFirstSecond(paced(new LockPace(0.1), Array(400).fill(800))) > 0.05);
});

test('room is kept for a hold half as long again as the longest of the last 128', () => {
  const durations = [30_000, ...Array(100).fill(1000), 45_000, ...Array(30).fill(1000)];
  assert.ok(worstSecond(paced(new LockPace(0.1), durations)) <= 0.1 + 1e-9);
});

test('a hold longer than the share does not stop the work for good', () => {
  const holds = paced(new LockPace(0.1), [500_000, ...Array(20).fill(1000)]);
  assert.ok(holds[20].endedNs - holds[1].beganNs < 21e9);
});

test('whatever was overdrawn is waited for: the average never exceeds the share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 2, maxLength: 60 }),
      (durations) => {
        const holds = paced(new LockPace(0.1), durations);
        const held = durations.slice(0, -1).reduce((sum, us) => sum + us * 1000, 0);
        assert.ok(held <= 0.1 * (holds[holds.length - 1].beganNs - holds[0].beganNs) + 1);
      },
    ),
  );
});

test('a second never holds more than its share and one hold that nobody could foresee', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 2, maxLength: 80 }),
      (durations) => {
        const most = worstSecond(paced(new LockPace(0.1), durations));
        assert.ok(most <= 0.1 + Math.max(...durations) / 1e6);
      },
    ),
  );
});

test('what spread its holds over time by itself owes nothing more', () => {
  const pace = new LockPace(0.1);
  const span = { beganNs: 1e9, endedNs: 21e9 };
  pace.add({ kind: 'damos collapse', steps: 1000, heldUs: 1e6, span });
  assert.ok(pace.waitMs(22.1e9, 800) === 0);
  const hurried = new LockPace(0.1);
  hurried.add({ kind: 'damos collapse', steps: 1000, heldUs: 1e6, span: { beganNs: 1e9, endedNs: 2e9 } });
  assert.equal(hurried.waitMs(2e9, 800), 9000);
});

test('bursts are as many steps as are short, and one where a step is long or none is known', () => {
  const pace = new LockPace(0.1);
  const measured = (kind: string, heldUs: number, steps = 1) =>
    pace.add({ kind, steps, heldUs, span: { beganNs: 0, endedNs: 3e6 } });
  assert.equal(pace.burst(KIND), 1);
  measured(KIND, 2 * 240, 2);
  assert.equal(pace.burst(KIND), Math.floor(BURST_US / 240));
  measured(KIND, 800);
  assert.equal(pace.burst(KIND), 2);
  measured(KIND, 5700);
  assert.equal(pace.burst(KIND), 1);
  assert.equal(pace.burst('another kind'), 1);
});

test('the longest of the last eight steps stands for the next; what was not tried counts for nothing', () => {
  const pace = new LockPace(0.1);
  const add = (heldUs: number, steps = 1) =>
    pace.add({ kind: KIND, steps, heldUs, span: { beganNs: 0, endedNs: 0 } });
  add(900);
  assert.equal(pace.expectedUs(KIND, 5), 900);
  for (let step = 0; step < 8; step++) add(10);
  assert.equal(pace.expectedUs(KIND, 5), 10);
  add(5000, 0);
  add(0);
  assert.equal(pace.expectedUs(KIND, 5), 10);
});

test('share 0 is no bound: nothing waits and bursts are as large as the actuator takes', () => {
  const pace = new LockPace(0);
  pace.add({ kind: KIND, steps: 1, heldUs: 1e6, span: { beganNs: 0, endedNs: 1e9 } });
  assert.equal(pace.waitMs(1e9, 1e6), 0);
  assert.equal(pace.burst(KIND), Number.POSITIVE_INFINITY);
});
