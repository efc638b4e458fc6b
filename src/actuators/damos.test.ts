import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelStage } from '../../test/conformance/model-stage.js';
import { blocksOf, stepsFor, upTo } from '../../test/conformance/steps.js';
import { DamonSlot } from '../damon/slot.js';
import type { Step } from '../vocabulary/plan.js';
import { DAMOS_DEFAULTS, damosActuator } from './damos.js';

async function prepared(lockUs: number) {
  const stage = modelStage('7.3', () => undefined);
  const { host } = stage;
  const workload = await stage.startWorkload();
  const range = await workload.map(8, 'anon');
  await workload.touch(range, 1);
  const wanted = { action: 'collapse', targetOrder: 9, actuator: 'damos' } as const;
  const steps = stepsFor(host, workload.pid, blocksOf(host, range, upTo(0, 6)), wanted).map(
    (step): Step => ({ ...step, proposal: { ...step.proposal, cost: { ...step.proposal.cost, lockUs } } }),
  );
  return { host, workload, steps };
}

test('budgets become a quota of whole blocks and a watermark, in the dry run as in the act', async () => {
  const { host, workload, steps } = await prepared(400);
  const budgets = { lockUsPerSecond: 1000, minFreeBlocks: 64 };
  const lines = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true, budgets }).describe(steps, workload.pid);
  const said = (end: string) => lines.find((line) => line.endsWith(end));
  assert.ok(said('quotas/bytes = 4194304'), lines.join('\n'));
  assert.ok(said('quotas/reset_interval_ms = 1000'));
  assert.ok(said('watermarks/metric = free_mem_rate'));
  // 64 blocks are 128 of 2048 MiB.
  assert.match(lines.find((line) => line.includes('watermarks/low')) ?? '', /= 6[2-9]$/);
  assert.ok(lines.at(-1)?.endsWith('state = off'));
});

test('without an answer about DAMON nothing is promised, and asking leaves the tree empty', async () => {
  const { host } = await prepared(0);
  assert.match(damosActuator(host).abilities[0].missing, /no action collapse/);
  assert.equal(damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities[0].missing, '');
  const left = host.files.readText('/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds');
  assert.equal(left.ok && left.value.trim(), '0');
});

test('somebody else’s DAMON is a missing ability that names the owner, and receipts that were not tried', async () => {
  const { host, workload, steps } = await prepared(0);
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  const held = await DamonSlot.open(host, { share: false });
  assert.ok(held.ok);
  assert.match(
    damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities[0].missing,
    /another tool: kdamond 0/,
  );
  const target = host.calls.openProcess(workload.pid);
  assert.ok(target.ok);
  const receipts = await actuator.apply(steps, { host, target: target.value });
  assert.ok(
    receipts.every(
      ({ tried, answer }) => !tried && answer.startsWith('EBUSY: DAMON is used by another Octavo'),
    ),
  );
  await held.value.close();
  const done = await actuator.apply(steps, { host, target: target.value });
  assert.ok(done.every(({ tried, answer }) => tried && /applied to 6 \(12582912 bytes\)/.test(answer)));
  await workload.end();
  const gone = await actuator.apply(steps, { host, target: target.value });
  assert.deepEqual([...new Set(gone.map(({ answer }) => answer))], ['ESRCH']);
});
