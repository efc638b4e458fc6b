/** A run at its edges: what it keeps, refuses and says where little or nothing was done. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, applyAny, crashAt, forgetOwner, place, planFor } from '../../test/support/turns.js';
import { actuatorsOf } from '../config/assemble.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Plan } from '../vocabulary/plan.js';
import { applyPlan } from './apply-plan.js';
import { memoryState } from './carry-out.js';
import { journalPath, listRuns, readRun } from './journal.js';
import { recoverRuns } from './recovery.js';
import { RunIndex } from './run-index.js';

const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;
const NOTHING_KEPT = { runs: 0, bytes: Number.POSITIVE_INFINITY, age: Number.POSITIVE_INFINITY };
const marks = (host: ScriptedHost) => host.log.filter((line) => line.startsWith('MADV'));

describe('a plan', () => {
  test('of a host with other pages or other huge pages is refused, whatever its boot', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    for (const geometry of [
      { ...plan.geometry, pageBytes: 16_384 },
      { ...plan.geometry, blockBytes: 32 * 2 ** 20 },
    ])
      await assert.rejects(apply(host, { ...plan, geometry }), code('PLAN_OTHER_HOST'));
    assert.deepEqual([marks(host), listRuns(place(host))], [[], []]);
  });

  test('that takes back a run keeps that run, whatever the bounds', async () => {
    const host = new ScriptedHost([9, 9, 9]);
    const first = await apply(host, await planFor(host, { split: [0], id: 'a' }));
    host.nowNs += 60e9;
    await apply(host, await planFor(host, { split: [1], id: 'b' }));
    host.nowNs += 60e9;
    const plan = await planFor(host, { collapse: [0], id: 'c' });
    const undo = await apply(host, { ...plan, undoes: first.run }, undefined, NOTHING_KEPT);
    assert.deepEqual(listRuns(place(host)), [first.run, undo.run]);
    host.nowNs += 60e9;
    const other = await apply(host, await planFor(host, { split: [2], id: 'd' }), undefined, NOTHING_KEPT);
    assert.deepEqual(listRuns(place(host)), [other.run]);
  });

  test('that took nothing back leaves the journal of the other run as it is', async () => {
    const host = new ScriptedHost([9, 9]);
    const { run } = await apply(host, await planFor(host, { split: [0], id: 'a' }));
    const before = host.texts.get(journalPath(place(host), run));
    const plan = await planFor(host, { split: [1], id: 'b' });
    await apply(host, { ...plan, undoes: run });
    assert.equal(host.texts.get(journalPath(place(host), run)), before);
    host.blocks[0].order = 9;
    await apply(host, { ...(await planFor(host, { split: [0], id: 'c' })), undoes: 'no such run' });
  });

  test('tells its progress in blocks, done of all', async () => {
    const host = new ScriptedHost([9, 9, 0]);
    const plan = await planFor(host, { split: [0, 1], collapse: [2], budgets: { lockUsPerSecond: 0 } });
    const told: unknown[] = [];
    await applyPlan({
      ...{ place: place(host), plan, actuators: actuatorsOf(host), signal: new AbortController().signal },
      progress: (...given) => void told.push(given),
    });
    assert.deepEqual(told, [
      [2, 3, 'blocks'],
      [3, 3, 'blocks'],
    ]);
  });

  test('that is stopped when its last step is done is complete', async () => {
    const host = new ScriptedHost([9]);
    const stop = new AbortController();
    host.beforeWrite = (path) => {
      if (path.endsWith('journal.jsonl') && host.blocks[0].order === 0) stop.abort('SIGINT');
    };
    const applied = await apply(host, await planFor(host, { split: [0] }), stop.signal);
    assert.deepEqual([applied.how, applied.why, applied.verdicts.length], ['complete', '', 1]);
  });

  test('says nothing of processes that it has no steps for', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    const idle = { pid: 7, startTicks: 1, command: 'idle', cgroup: '/' };
    const { run } = await apply(host, { ...plan, processes: [idle, ...plan.processes] });
    const verdicts = readRun(place(host), run)?.records.flatMap((record) =>
      record.kind === 'verdicts' ? [record.verdicts.length] : [],
    );
    assert.deepEqual(verdicts, [1]);
  });

  test('of more blocks than go into a call takes several, each as large as may be', async () => {
    const host = new ScriptedHost(Array(33).fill(0));
    const collapse = [...host.blocks.keys()];
    await apply(host, await planFor(host, { collapse, budgets: { lockUsPerSecond: 0, minFreeBytes: 0 } }));
    assert.deepEqual(
      marks(host).map((line) => line.split(' ').length - 1),
      [16, 16, 1],
    );
  });
});

describe('a step', () => {
  test('whose process is gone left nothing, and changed nothing of what is resident', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    host.alive = false;
    const [verdict] = (await apply(host, plan)).verdicts;
    assert.deepEqual(
      [verdict.cause, verdict.residentDelta, verdict.after.present, verdict.before.present],
      ['target-gone', 0, 0, 512],
    );
  });

  test('that was done already is not tried, takes no time and is told so', async () => {
    const host = new ScriptedHost([9, 9]);
    const plan = await planFor(host, { split: [0, 1], budgets: { lockUsPerSecond: 0 } });
    host.blocks[0].order = 0;
    const { receipts, verdicts } = await apply(host, plan);
    assert.deepEqual(
      receipts.map(({ step }) => step),
      [1],
    );
    assert.deepEqual(
      verdicts.map(({ outcome, why }) => [outcome, why === 'it was so already']),
      [
        ['met', true],
        ['met', false],
      ],
    );
  });

  test('around one page of a block that is small already is done all the same', async () => {
    const host = new ScriptedHost([0]);
    const plan = await planFor(new ScriptedHost([9]), { split: [0], order: 2 });
    const [step] = plan.steps;
    const around: Plan = {
      ...plan,
      steps: [{ ...step, proposal: { ...step.proposal, aroundPage: 5 } }],
    };
    const { receipts } = await apply(host, around);
    assert.deepEqual([receipts.length, receipts[0].tried], [1, true]);
  });
});

describe('the memory of the host', () => {
  test('is free huge blocks in bytes and the pressure, each where it is told', () => {
    const host = new ScriptedHost([9]);
    host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}3 0\n`);
    assert.deepEqual(memoryState(host), { freeHugeBytes: 3 * 2 ** 21, blockBytes: 2 ** 21, pressure: 0 });
    host.texts.set('/proc/pressure/memory', 'some avg10=1.25 avg60=0.00 avg300=0.00 total=0\n');
    assert.equal(memoryState(host).pressure, 1.25);
    host.texts.delete('/proc/pressure/memory');
    host.texts.delete('/proc/buddyinfo');
    assert.deepEqual(memoryState(host), {
      ...{ freeHugeBytes: undefined, blockBytes: 2 ** 21, pressure: undefined },
    });
  });

  test('that stays free is counted for all collapses of a call together', async () => {
    const tried = async (free: number) => {
      const host = new ScriptedHost([0, 0, 0]);
      const budgets = { lockUsPerSecond: 0, minFreeBytes: 2 * 2 ** 21 };
      const plan = await planFor(host, { collapse: [0, 1, 2], budgets });
      host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}${free} 0\n`);
      const { how, receipts } = await apply(host, plan);
      return [how, receipts.length];
    };
    assert.deepEqual(await tried(5), ['complete', 3]);
    assert.deepEqual(await tried(4), ['stopped', 0]);
  });
});

test('a run whose end could not be written has no row in the index', async () => {
  const host = new ScriptedHost([9]);
  let writes = 0;
  host.beforeWrite = (path) => {
    if (path.endsWith('journal.jsonl') && host.blocks[0].order === 0) host.full = ++writes >= 2;
  };
  const { run, closed } = await apply(host, await planFor(host, { split: [0] }));
  host.beforeWrite = () => undefined;
  host.full = false;
  assert.deepEqual([closed, RunIndex.read(place(host)).has(run)], [false, false]);
});

describe('a recovery', () => {
  async function killed(blocks: ConstructorParameters<typeof ScriptedHost>[0]) {
    const host = new ScriptedHost(blocks);
    const plan = await planFor(host, { split: [0, 1], budgets: { lockUsPerSecond: 0 } });
    assert.ok(await crashAt(host, 4, () => apply(host, plan)));
    host.texts.delete('/state/lock');
    forgetOwner(host);
    return host;
  }

  test('says of what was done by how much it grew, and of what was not that it was not tried', async () => {
    const host = await killed([{ zeroes: 500 }, 9]);
    host.blocks[1].order = 9;
    const [{ verdicts }] = recoverRuns(place(host)).recovered;
    assert.deepEqual(
      verdicts.map(({ outcome, cause, residentDelta }) => [outcome, cause, residentDelta]),
      [
        ['met', 'none', -500 * 4096],
        ['not-met', 'not-tried', 0],
      ],
    );
    assert.match(verdicts[0].why, /done before the run was killed/);
    assert.match(verdicts[1].why, /killed before it was done/);
    const read = readRun(place(host), listRuns(place(host))[0]);
    const end = read?.records.at(-1);
    assert.match(end?.kind === 'end' ? end.why : '', /; 2 steps were looked at again$/);
  });

  test('says of a process that ended that its memory went with it', async () => {
    const host = await killed([9, 9]);
    host.alive = false;
    const [{ verdicts }] = recoverRuns(place(host)).recovered;
    for (const { cause, residentDelta, after, before } of verdicts)
      assert.deepEqual([cause, residentDelta, after.present, before.present], ['target-gone', 0, 0, 512]);
    assert.equal(verdicts.length, 2);
    assert.equal(verdicts[0].before.block - verdicts[1].before.block, -1);
  });
});

describe('a plan without a step', () => {
  test('leaves no run', async () => {
    const host = new ScriptedHost([9, 9]);
    const plan = await planFor(host, { split: [0] });
    const empty = await applyAny(host, { ...plan, steps: [] });
    assert.deepEqual(
      [empty.run, empty.how, empty.why, empty.closed],
      ['', 'complete', 'nothing to do', true],
    );
    assert.deepEqual([empty.verdicts, empty.receipts, empty.doneBefore], [[], [], []]);
    assert.deepEqual(listRuns(place(host)), []);
    assert.deepEqual(
      [...host.texts.keys()].filter((path) => path.startsWith('/state')),
      [],
      'nor a lock',
    );
  });

  test('settles what was cut off all the same', async () => {
    const host = new ScriptedHost([9, 9]);
    const plan = await planFor(host, { split: [0] });
    assert.ok(await crashAt(host, 4, () => apply(host, plan)));
    forgetOwner(host);
    const { recovered } = await applyAny(host, { ...plan, id: 'other', steps: [] });
    assert.equal(recovered.length, 1);
  });
});
