import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import { RecentSizes } from './recent-sizes.js';

const sizes = (count: number) => ({ blocks: { count } }) as unknown as PageSizes;
const ref = (pid: number, startTicks = 1) => ({ pid, startTicks });

function recent() {
  const clock = { nowNs: 0, monotonicNs: () => clock.nowNs, wallMs: () => 0, sleep: async () => undefined };
  return { clock, kept: new RecentSizes(clock) };
}

test('sizes are there once, for the very process, for half a minute', () => {
  const { clock, kept } = recent();
  const [one, two] = [sizes(1), sizes(2)];
  kept.keep(ref(5), one);
  assert.equal(kept.take(ref(5, 2)), undefined);
  assert.equal(kept.take(ref(5)), one);
  assert.equal(kept.take(ref(5)), undefined);
  kept.keep(ref(5), one);
  kept.keep(ref(5), two);
  clock.nowNs = 30e9 - 1;
  assert.equal(kept.take(ref(5)), two);
  kept.keep(ref(5), one);
  clock.nowNs += 30e9;
  assert.equal(kept.take(ref(5)), undefined);
});

test('the oldest go when there are too many rows', () => {
  const { kept } = recent();
  kept.keep(ref(1), sizes(600_000));
  kept.keep(ref(2), sizes(400_000));
  kept.keep(ref(3), sizes(1));
  kept.keep(ref(4), sizes(1_000_001));
  assert.deepEqual(
    [1, 2, 3, 4].map((pid) => kept.take(ref(pid))?.blocks.count),
    [undefined, 400_000, 1, undefined],
  );
});
