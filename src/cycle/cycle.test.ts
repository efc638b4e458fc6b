import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, PROCESS } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, crashAt, forgetOwner, place, planFor } from '../../test/support/turns.js';
import { worstSecond } from '../../test/support/worst-second.js';
import { OctavoError } from '../vocabulary/errors.js';
import { lookBack } from './aftermath.js';
import { listRuns, readRun } from './journal.js';
import { lastVerdicts, recoverRuns, runState } from './recovery.js';
import { lockState } from './state-lock.js';
import { undoOutline } from './undo.js';

const outcomes = (applied: { verdicts: readonly { outcome: string; cause: string }[] }) =>
  applied.verdicts.map(({ outcome, cause }) => (cause === 'none' ? outcome : `${outcome}: ${cause}`));
const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;

test('a split cools the whole block, cuts one page, and is met by page sizes on the same frames', async () => {
  const host = new ScriptedHost([9, 9, 9]);
  const plan = await planFor(host, { split: [1] });
  const applied = await apply(host, plan);
  assert.deepEqual(
    host.log.filter((line) => line.startsWith('MADV')),
    ['MADV_COLD 512+512', 'MADV_COLD 512+1'],
  );
  assert.deepEqual(outcomes(applied), ['met']);
  assert.deepEqual(
    host.blocks.map(({ order }) => order),
    [9, 0, 9],
  );
  const { before, after } = applied.verdicts[0];
  assert.equal(before.firstFrame, after.firstFrame);
  assert.equal(after.pagesByOrder[0], 512);
});

test('folios of intermediate order are cut one by one', async () => {
  const host = new ScriptedHost([4]);
  await apply(host, await planFor(host, { split: [0] }));
  const cut = host.log.findLast((line) => line.startsWith('MADV_COLD'))!;
  assert.equal(cut.split(' ').length - 1, 32);
});

test('what the kernel leaves alone is not met, with its cause, and tried once', async () => {
  const cases = [
    [{ stuck: 'pinned' as const }, 'not-met: pinned'],
    [{ stuck: 'shared' as const }, 'not-met: shared'],
  ] as const;
  for (const [block, expected] of cases) {
    const host = new ScriptedHost([block]);
    host.debugfs = 'EPERM';
    assert.deepEqual(outcomes(await apply(host, await planFor(host, { split: [0] }))), [expected]);
    assert.equal(host.log.filter((line) => line === 'MADV_COLD 0+1').length, 1);
  }
});

test('a block that the process replaced during the step is told so', async () => {
  const host = new ScriptedHost([{ stuck: 'pinned' }]);
  host.debugfs = 'EPERM';
  const plan = await planFor(host, { split: [0] });
  host.failAdvice = () => {
    host.blocks[0].frame += 512;
  };
  const { verdicts } = await apply(host, plan);
  assert.deepEqual([outcomes({ verdicts }), verdicts[0].by], [['not-met: remapped'], { who: 'process' }]);
});

test('memory that is mlocked after planning is told as mlocked', async () => {
  const host = new ScriptedHost([9]);
  const plan = await planFor(host, { split: [0] });
  host.vmFlags = 'rd wr lo hg';
  assert.deepEqual(outcomes(await apply(host, plan)), ['not-met: mlocked']);
});

test('memory that is mlocked between two steps of a run is told so of the second alone', async () => {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0, 1] });
  host.failAdvice = () => {
    if (host.blocks[0].order < 9) host.vmFlags = 'rd wr lo hg';
  };
  assert.deepEqual(outcomes(await apply(host, plan)), ['met', 'not-met: mlocked']);
});

test('a collapse that fails in the middle of a batch does not hold up the others', async () => {
  const host = new ScriptedHost([
    0,
    { order: 0, collapseFails: 'EAGAIN' },
    0,
    { order: 0, collapseFails: 'ENOMEM' },
    0,
  ]);
  const applied = await apply(host, await planFor(host, { collapse: [0, 1, 2, 3, 4] }));
  assert.deepEqual(outcomes(applied), ['met', 'not-met: pinned', 'met', 'not-met: no-free-block', 'met']);
});

test('a collapse of a mapping marked NOHUGEPAGE since is told so', async () => {
  const host = new ScriptedHost([{ order: 0, collapseFails: 'EINVAL' }]);
  const plan = await planFor(host, { collapse: [0] });
  host.vmFlags = 'rd wr nh';
  assert.deepEqual(outcomes(await apply(host, plan)), ['not-met: nohugepage']);
});

test('a target that ends before or during a run is a normal outcome', async () => {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0, 1] });
  host.alive = false;
  assert.deepEqual(outcomes(await apply(host, plan)), ['not-met: target-gone', 'not-met: target-gone']);
});

test('calls that cannot be made are told as that, and not as the kernel’s answer', async () => {
  const host = new ScriptedHost([9]);
  const plan = await planFor(host, { split: [0] });
  const error = { errno: 'ENOSYS' as const, call: 'pidfd_open pid 100', unasked: 'koffi cannot be loaded' };
  host.calls.openProcess = () => ({ ok: false, error });
  await assert.rejects(apply(host, plan), code('CALLS_MISSING'));
  host.calls.openProcess = () => ({ ok: false, error: { errno: 'ENOSYS', call: 'pidfd_open pid 100' } });
  await assert.rejects(apply(host, plan), code('PERMISSION'));
});

test('a plan for a process that has been restarted, or for another boot, is stale and touches nothing', async () => {
  const host = new ScriptedHost([9]);
  const plan = await planFor(host, { split: [0] });
  host.startTicks = 6000;
  await assert.rejects(apply(host, plan), code('PLAN_STALE'));
  await assert.rejects(apply(host, { ...plan, bootId: 'other' }), code('PLAN_OTHER_HOST'));
  assert.deepEqual(
    host.log.filter((line) => line.startsWith('MADV')),
    [],
  );
});

test('applying a plan twice does its steps once', async () => {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0, 1] });
  await apply(host, plan);
  const calls = host.log.length;
  const again = await apply(host, plan);
  assert.equal(again.doneBefore.length, 2);
  assert.equal(host.log.slice(calls).filter((line) => line.startsWith('MADV')).length, 0);
});

test('pace: the target’s lock is held for no larger share of any second than the budget, whatever a step takes', async () => {
  for (const [action, share] of [
    ['split', 0.1],
    ['collapse', 0.1],
    ['collapse', 0.02],
  ] as const) {
    const host = new ScriptedHost(Array(120).fill(action === 'split' ? 9 : 0));
    host.advising = [5_700_000, 2_000_000, 7_000_000];
    const budgets = { lockUsPerSecond: share * 1e6 };
    await apply(host, await planFor(host, { [action]: [...Array(120).keys()], budgets }));
    const worst = worstSecond(host.held);
    assert.ok(worst <= share && worst > share / 4, `${action}: ${worst} of ${share}`);
  }
});

test('pace: what a waiter loses beside each collapse counts as held, for every block of a call', async () => {
  for (const eachNs of [3_000_000, 500_000]) {
    const host = new ScriptedHost(Array(120).fill(0));
    host.advising = [eachNs];
    await apply(host, await planFor(host, { collapse: [...Array(120).keys()] }));
    const felt = host.held.map(({ beganNs, endedNs }) => {
      const blocks = Math.round((endedNs - beganNs) / eachNs);
      return { beganNs, endedNs: endedNs + 4_000_000 * blocks };
    });
    assert.equal(felt.length < 120, eachNs < 1_000_000, 'short ones go several to a call');
    assert.ok(worstSecond(felt) <= 0.1, `${eachNs} ns: ${worstSecond(felt)}`);
  }
});

test('pace: one step goes into a call where steps are slow, and share 0 waits for nothing', async () => {
  const host = new ScriptedHost(Array(40).fill(0));
  host.advising = [5_700_000];
  const collapse = [...Array(40).keys()];
  await apply(host, await planFor(host, { collapse }));
  const calls = host.log.filter((line) => line.startsWith('MADV_COLLAPSE')).slice(1);
  assert.ok(calls.every((line) => line.split(' ').length === 2));
  const unpaced = new ScriptedHost(Array(40).fill(0));
  unpaced.advising = [5_700_000];
  await apply(unpaced, await planFor(unpaced, { collapse, budgets: { lockUsPerSecond: 0 } }));
  assert.equal(unpaced.log.filter((line) => line.startsWith('sleep')).length, 0);
});

test('pace: a stop signal during a pause ends the run before the next act', async () => {
  const host = new ScriptedHost(Array(40).fill(0));
  host.advising = [50_000_000];
  const stop = new AbortController();
  const plan = await planFor(host, { collapse: [...Array(40).keys()] });
  const { sleep } = host.clock;
  host.clock.sleep = async (duration, signal) => {
    await sleep(duration, signal);
    stop.abort('SIGTERM');
  };
  const applied = await apply(host, plan, stop.signal);
  assert.deepEqual([applied.how, host.held.length], ['interrupted', 1]);
});

test('an interrupted run stops between batches and says so in its journal', async () => {
  const host = new ScriptedHost(Array(40).fill(9));
  const stop = new AbortController();
  const plan = await planFor(host, { split: [...Array(40).keys()] });
  host.beforeWrite = (path) => {
    if (path.endsWith('journal.jsonl') && host.blocks.some(({ order }) => order === 0)) stop.abort('SIGINT');
  };
  const applied = await apply(host, plan, stop.signal);
  assert.equal(applied.how, 'interrupted');
  assert.equal(applied.verdicts.length, 1);
  assert.equal(runState(host, readRun(place(host), applied.run)!), 'interrupted');
});

test('pressure that rises after planning stops collapses before they are tried', async () => {
  const host = new ScriptedHost([0]);
  const plan = await planFor(host, { collapse: [0] });
  host.texts.set('/proc/pressure/memory', 'some avg10=55.00 avg60=0.00 avg300=0.00 total=0\n');
  const applied = await apply(host, plan);
  assert.deepEqual([applied.how, host.blocks[0].order], ['stopped', 0]);
});

test('wherever a run is cut off, the next start knows what was done, and finishes it exactly once', async () => {
  let crashes = 0;
  for (let n = 1; n < 100; n++) {
    const host = new ScriptedHost(Array(20).fill(9));
    const split = [...Array(20).keys()];
    const plan = await planFor(host, { split });
    if (!(await crashAt(host, n, () => apply(host, plan)))) break;
    crashes++;
    host.texts.delete('/state/lock');
    forgetOwner(host);
    const doneByCrashed = host.blocks.filter(({ order }) => order === 0).length;
    const again = await apply(host, plan);
    const known = again.doneBefore.length;
    assert.equal(
      known + again.verdicts.filter(({ outcome }) => outcome === 'met').length,
      20,
      `cut at write ${n}`,
    );
    assert.ok(known <= doneByCrashed, `cut at write ${n}`);
    assert.ok(host.blocks.every(({ order }) => order === 0));
    const cuts = host.log
      .filter((line) => /^MADV_COLD (\d+\+1 ?)+$/.test(line))
      .flatMap((line) => line.split(' ').slice(1));
    assert.equal(new Set(cuts).size, cuts.length, `a block was cut twice, cut at write ${n}`);
  }
  assert.ok(crashes >= 8, `${crashes} places to cut off at`);
});

test('a run whose process is gone is settled; one whose process lives is left alone', async () => {
  const host = new ScriptedHost([9]);
  const plan = await planFor(host, { split: [0] });
  await crashAt(host, 4, () => apply(host, plan));
  host.texts.delete('/state/lock');
  // Somebody else looks: the run's process is alive.
  Object.assign(host.identity, { pid: PID });
  assert.deepEqual(recoverRuns(place(host)).recovered, []);
  Object.assign(host.identity, { pid: 1 });
  forgetOwner(host);
  assert.equal(recoverRuns(place(host)).recovered.length, 1);
  assert.deepEqual(recoverRuns(place(host)).recovered, []);
});

test('the state lock refuses a second Octavo and takes over from one that is gone', () => {
  const host = new ScriptedHost([9]);
  lockState(place(host));
  assert.throws(() => lockState(place(host)), code('STATE_LOCKED'));
  forgetOwner(host);
  lockState(place(host)).release();
  assert.equal(host.texts.has('/state/lock'), false);
});

test('undo takes back what the run did, and only that', async () => {
  const host = new ScriptedHost([9, { stuck: 'pinned' }, 0]);
  const { run } = await apply(host, await planFor(host, { split: [0, 1], collapse: [2] }));
  const outline = undoOutline(readRun(place(host), run)!);
  assert.deepEqual(outline.parts[0].named, { pid: PID, split: [FIRST_BLOCK + 2], collapse: [FIRST_BLOCK] });
  assert.equal(outline.irreversible.length, 2);
});

test('a block that the kernel collapsed again is reported once, and starts a feud', async () => {
  const host = new ScriptedHost([9, 9]);
  const { run } = await apply(host, await planFor(host, { split: [0, 1] }));
  host.blocks[0].order = 9;
  host.blocks[0].frame = 777 * 512;
  const processes = [{ ...PROCESS, cgroup: '/db.service' }];
  const first = lookBack(place(host), processes);
  assert.deepEqual(outcomes({ verdicts: first.undone }), ['undone-since: recollapsed']);
  assert.equal(first.feuds.size, 1);
  assert.equal(lookBack(place(host), processes).undone.length, 0);
  assert.equal(lastVerdicts(readRun(place(host), run)!).get(0)?.outcome, 'undone-since');
  const wish = { split: [0], feuds: first.feuds, id: 'plan-2' };
  assert.deepEqual(
    (await planFor(host, { ...wish, insist: false })).refused.map((refused) => refused.code),
    ['ping-pong'],
  );
  const asked = await planFor(host, wish);
  assert.deepEqual(
    [asked.refused, asked.steps[0].warnings.length],
    [[], 1],
    'what is asked for by name is done',
  );
});

test('a plan to a chosen order goes through debugfs, one write per block', async () => {
  const host = new ScriptedHost([9, 9]);
  const applied = await apply(host, await planFor(host, { split: [0, 1], order: 2 }));
  assert.deepEqual(outcomes(applied), ['met', 'met']);
  assert.deepEqual(
    host.log.filter((line) => line.startsWith('write')),
    [
      'write /sys/kernel/debug/split_huge_pages 100,0x7d000000,0x7d200000,2',
      'write /sys/kernel/debug/split_huge_pages 100,0x7d200000,0x7d400000,2',
    ],
  );
});

test('under lockdown a chosen order is refused with that reason, and a collapse to it as well', async () => {
  const host = new ScriptedHost([9, 0]);
  host.debugfs = 'EPERM';
  const plan = await planFor(host, { split: [0], collapse: [1], order: 4 });
  assert.deepEqual(
    plan.refused.map(({ code: refusal }) => refusal),
    ['not-able', 'not-able'],
  );
  assert.ok(plan.refused.every(({ why }) => why.includes('locked down')));
});

test('a collapse to an order below PMD size collapses and splits down', async () => {
  const host = new ScriptedHost([0]);
  const applied = await apply(host, await planFor(host, { collapse: [0], order: 4 }));
  assert.deepEqual(outcomes(applied), ['met']);
  assert.equal(host.blocks[0].order, 4);
  assert.equal(listRuns(place(host)).length, 1);
});
