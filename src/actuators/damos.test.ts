import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ModelRelease, modelStage } from '../../test/conformance/model-stage.js';
import { blocksOf, stepsFor, upTo } from '../../test/conformance/steps.js';
import { QUIET, withThp } from '../../test/conformance/thp-stage.js';
import { btfOf, statLine, writtenHost } from '../../test/support/written-host.js';
import { assembleTurn, type TurnRequest } from '../config/assemble.js';
import { planTurn } from '../cycle/plan-turn.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import { DamonSlot } from '../damon/slot.js';
import type { Plan, Step } from '../vocabulary/plan.js';
import { MIB } from '../vocabulary/units.js';
import { DAMOS_DEFAULTS, damosActuator } from './damos.js';
import { damos } from './kinds/damos.js';

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
  const budgets = { lockUsPerSecond: 1000, minFreeBytes: 128 * MIB };
  const lines = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true, budgets }).describe(steps, workload.pid);
  const said = (end: string) => lines.find((line) => line.endsWith(end));
  assert.ok(said('quotas/bytes = 2097152'), lines.join('\n'));
  // 400 µs of lock and 4000 that a waiter loses beside them, at 1000 a second.
  assert.ok(said('quotas/reset_interval_ms = 4400'));
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

test('orders are those that the kernel takes; the kind asks DAMON only where it is told to', async () => {
  const ordersOn = (release: ModelRelease) => {
    const { host } = modelStage(release, () => undefined);
    return damosActuator(host, { ...DAMOS_DEFAULTS, ask: true }).abilities.map(({ orders }) => orders);
  };
  const smaller = [2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual(ordersOn('octavo'), [
    [...smaller, 9],
    [0, ...smaller],
  ]);
  assert.deepEqual(ordersOn('7.3')[0], [9]);
  const { host } = await prepared(0);
  const made = (setting: object) =>
    damos.make({ allowSticky: false, shareDamon: false }, { host, ...setting }).abilities[0].missing;
  assert.match(made({}), /no action collapse/);
  assert.equal(made({ askDamon: true }), '');
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

test('a block that no longer lies in one mapping is left out, and the others are done', async () => {
  const { host, workload, steps } = await prepared(0);
  const actuator = damosActuator(host, { ...DAMOS_DEFAULTS, ask: true });
  const target = host.calls.openProcess(workload.pid);
  assert.ok(target.ok);
  const beyond = { ...steps[0].proposal, block: steps[0].proposal.block + 8 };
  const mixed = [{ ...steps[0], id: 100, proposal: beyond }, steps[0], steps[1]];
  const receipts = await actuator.apply(mixed, { host, target: target.value });
  assert.deepEqual(
    receipts.map(({ step, tried }) => [step, tried]),
    [
      [100, false],
      [1, true],
      [2, true],
    ],
  );
  assert.match(receipts[0].answer, /^EINVAL: the block no longer lies whole in one mapping/);
  assert.match(receipts[1].answer, /tried 2 of 2 blocks .* applied to 2 \(4194304 bytes\)/);
  assert.ok(receipts[1].calls.length > 20 && receipts[2].calls[0].startsWith('as with step 1'));
  const alone = await actuator.apply(mixed.slice(0, 1), { host, target: target.value });
  assert.deepEqual([alone[0].tried, alone[0].calls.length], [false, 0]);
});

test('ENOMEM is told as what it means: a bad filter or goal', async () => {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/77/maps': '1400000-1800000 rw-p\n',
    '/proc/77/stat': statLine(77, 5),
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_COLLAPSE', 'core_filters', 'max_nr_snapshots'),
  });
  world.react = (path, text) => {
    if (path.endsWith('/nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
  };
  world.refuse = (path, text) => (path.endsWith('/state') && text === 'on' ? 'ENOMEM' : undefined);
  const wanted = { action: 'collapse', targetOrder: 9, actuator: 'damos' } as const;
  const steps = stepsFor({ ...world.host, files: world.host.files }, 77, [10], wanted);
  const target = { pid: 77, isAlive: () => true, close: () => undefined };
  const [receipt] = await damosActuator(world.host).apply(steps, { host: world.host, target });
  assert.equal(receipt.tried, false);
  assert.match(receipt.answer, /^ENOMEM: .*state \(DAMON says ENOMEM for a bad filter or goal\)$/);
  assert.equal(world.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
});

async function planOn(release: ModelRelease, actuators: TurnRequest['actuators']) {
  const stage = modelStage(release, () => undefined);
  const workload = await stage.startWorkload();
  const range = await workload.map(2, 'anon');
  const middle = range.start + 512;
  await withThp(stage.host, { enabled: 'always', ...QUIET }, () =>
    workload.touch({ start: range.start, end: middle }, 1),
  );
  await withThp(stage.host, { enabled: 'never', ...QUIET }, () =>
    workload.touch({ start: middle, end: range.end }, 1),
  );
  const request = {
    ...{ target: String(workload.pid), scope: {}, policy: undefined, sources: [], actuators, budgets: {} },
    split: [`0x${(range.start * 4096).toString(16)}`],
    collapse: [`0x${(middle * 4096).toString(16)}`],
    parameters: {},
    askDamon: true,
  };
  const planned = async (order: number) => {
    const assembled = await assembleTurn(stage.host, { ...request, order });
    const signal = new AbortController().signal;
    const plain = { host: stage.host, id: 'plan', feuds: new Map(), signal, progress: () => undefined };
    return (await planTurn({ ...assembled, ...plain })).plan;
  };
  const split = await planned(2);
  const collapse = await planned(9);
  const by = (plan: Plan, action: string) =>
    plan.steps.find(({ proposal }) => proposal.action === action)?.actuator ??
    plan.refused.find(({ proposal }) => proposal.action === action)?.why;
  return { split: by(split, 'split') ?? '', collapse: by(collapse, 'collapse') ?? '' };
}

test('a kernel with split and target_order: DAMOS takes both actions, at the order asked for', async () => {
  assert.deepEqual(await planOn('octavo', ['damos']), { split: 'damos', collapse: 'damos' });
});

for (const [release, collapse] of [
  ['7.3', /^damos$/],
  ['6.12', /no action collapse \(since 7\.2\)/],
] as const) {
  test(`${release}: what DAMOS lacks is said, and another mechanism is taken where one may be`, async () => {
    const alone = await planOn(release, ['damos']);
    assert.match(alone.split, /no action split with a target_order/);
    assert.match(alone.collapse, collapse);
    assert.deepEqual(await planOn(release, []), { split: 'debugfs-split', collapse: 'madvise' });
  });
}

test('a budget that is off, or a step that costs nothing, is no quota; without meminfo there is no watermark', async () => {
  const wanted = async (
    lockUs: number,
    lockUsPerSecond: number,
    action: 'collapse' | 'split' = 'collapse',
  ) => {
    const { host, workload, steps } = await prepared(lockUs);
    const budgets = { lockUsPerSecond, minFreeBytes: 128 * MIB };
    const options = { ...DAMOS_DEFAULTS, ask: true, budgets };
    const own = steps.map((step): Step => ({ ...step, proposal: { ...step.proposal, action } }));
    const lines = damosActuator(host, options).describe(own, workload.pid);
    const of = (end: string) => lines.find((line) => line.includes(end))?.split(' = ')[1];
    return [of('quotas/bytes'), of('watermarks/metric')];
  };
  const all = String(6 * 2 * MIB);
  assert.deepEqual(await wanted(0, 1000), [all, 'free_mem_rate']);
  assert.deepEqual(await wanted(400, 0), [all, 'free_mem_rate']);
  assert.deepEqual((await wanted(400, 1000, 'split'))[1], 'none');
});

test('memory that stays scarce is no pass and nothing tried; a target that ends meanwhile is told', async () => {
  const { host, workload, steps } = await prepared(0);
  const budgets = { lockUsPerSecond: 0, minFreeBytes: 2 ** 50 };
  const target = host.calls.openProcess(workload.pid);
  assert.ok(target.ok);
  const acting = { host, target: target.value };
  const scarce = await damosActuator(host, { ...DAMOS_DEFAULTS, ask: true, budgets }).apply(steps, acting);
  for (const { tried, answer } of scarce)
    assert.deepEqual(
      [tried, /^no pass was completed in time; DAMOS tried 0 of 6/.test(answer)],
      [false, true],
    );
  const { sleep } = host.clock;
  const ending = {
    ...host,
    clock: {
      ...host.clock,
      monotonicNs: () => host.clock.monotonicNs(),
      wallMs: () => host.clock.wallMs(),
      sleep: async (ms: number) => {
        await workload.end();
        await sleep.call(host.clock, ms);
      },
    },
  };
  const gone = await damosActuator(ending, { ...DAMOS_DEFAULTS, ask: true }).apply(steps, {
    ...acting,
    host: ending,
  });
  for (const { tried, answer } of gone)
    assert.deepEqual(
      [tried, /^ECANCELED: the kdamond ended with its target; /.test(answer)],
      [false, true],
      answer,
    );
});
