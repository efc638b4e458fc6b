/** Runs on a target, a disk or a kernel that lets them down at any moment: an outcome or a coded error, never a loss. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, crashAt, forgetOwner, place, planFor } from '../../test/support/turns.js';
import { failure, success } from '../base/result.js';
import { OctavoError } from '../vocabulary/errors.js';
import { listRuns, readRun } from './journal.js';
import { lastVerdicts, recoverRuns, runState } from './recovery.js';
import { undoOutline } from './undo.js';

const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;
const outcomes = (applied: { verdicts: readonly { outcome: string; cause: string }[] }) =>
  applied.verdicts.map(({ outcome, cause }) => (cause === 'none' ? outcome : `${outcome}: ${cause}`));

/** Has `strike` called before the n-th time that something is asked of the target; returns how often it was asked. */
function before(host: ScriptedHost, n: number, strike: () => void): () => number {
  let asked = 0;
  const count = () => {
    if (++asked === n) strike();
  };
  const { readText, open } = host.files;
  const { scanPagemap, processMadvise, openProcess } = host.calls;
  const ofTarget = (path: string) => path.startsWith(`/proc/${PID}/`);
  host.files.readText = (path) => {
    if (ofTarget(path)) count();
    return readText(path);
  };
  host.files.open = (path) => {
    if (ofTarget(path)) count();
    return open(path);
  };
  host.calls.scanPagemap = (pid, scan) => {
    count();
    return scanPagemap(pid, scan);
  };
  host.calls.processMadvise = (...given) => {
    count();
    return processMadvise(...given);
  };
  host.calls.openProcess = (pid) => {
    count();
    return openProcess(pid);
  };
  return () => asked;
}

const ended = (host: ScriptedHost) => [host.openHandles, host.openFiles, host.texts.has('/state/lock')];

describe('a target', () => {
  test('that ends at any moment of a run leaves a verdict on every step, and nothing open', async () => {
    let moments = 0;
    for (let n = 1; n < 200; n++) {
      const host = new ScriptedHost([9, 9, 0]);
      const plan = await planFor(host, { split: [0, 1], collapse: [2] });
      const asked = before(host, n, () => {
        host.alive = false;
      });
      const applied = await apply(host, plan);
      if (asked() < n) break;
      moments++;
      assert.deepEqual([applied.how, applied.closed, applied.verdicts.length], ['complete', true, 3], `${n}`);
      assert.deepEqual(ended(host), [0, 0, false], `ended at ${n}`);
      for (const verdict of outcomes(applied)) assert.match(verdict, /^(met|not-met: target-gone)$/);
      assert.deepEqual(
        [...lastVerdicts(readRun(place(host), applied.run)!).values()],
        applied.verdicts,
        'the journal has them all',
      );
    }
    assert.ok(moments > 20, `${moments} moments`);
  });

  test('whose pid another process gets between two looks is gone, and the run goes on', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    const { openProcess } = host.calls;
    let opened = 0;
    host.calls.openProcess = (pid) => {
      if (++opened === 2) host.startTicks++;
      return openProcess(pid);
    };
    const applied = await apply(host, plan);
    assert.deepEqual([outcomes(applied), applied.how], [['not-met: target-gone'], 'complete']);
    assert.deepEqual(ended(host), [0, 0, false]);
    assert.equal(applied.verdicts[0].after.level, 'none');
  });

  test('that may not be opened any more ends the run before its first act, without a trace', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    const { openProcess } = host.calls;
    let opened = 0;
    host.calls.openProcess = (pid) =>
      ++opened === 2 ? failure({ errno: 'EPERM', call: 'pidfd_open 100' }) : openProcess(pid);
    await assert.rejects(apply(host, plan), code('PERMISSION'));
    assert.deepEqual([listRuns(place(host)), ...ended(host)], [[], 0, 0, false]);
  });
});

test('steps whose actuator failed were tried, with its code as their answer; page sizes say what was done', async () => {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0, 1] });
  host.failAdvice = (call) => {
    if (call === 3) throw new OctavoError('TARGET_GONE', { pid: PID });
  };
  const applied = await apply(host, plan);
  assert.deepEqual([applied.how, applied.failure?.code, applied.closed], ['stopped', 'TARGET_GONE', true]);
  assert.deepEqual(
    applied.receipts.map(({ tried, answer, durationUs }) => [tried, answer, durationUs > 0]),
    [
      [true, 'ok', true],
      [true, 'TARGET_GONE', false],
    ],
  );
  assert.deepEqual(
    applied.verdicts.map(({ outcome }) => outcome),
    ['met', 'not-met'],
  );
});

test('a bug at any moment of a run is thrown, and lets go of everything', async () => {
  let moments = 0;
  for (let n = 1; n < 200; n++) {
    const host = new ScriptedHost([9, 0]);
    const plan = await planFor(host, { split: [0], collapse: [1] });
    const asked = before(host, n, () => {
      throw new TypeError('a bug');
    });
    const thrown = await apply(host, plan).then(
      () => undefined,
      (problem: unknown) => problem,
    );
    if (asked() < n) break;
    moments++;
    assert.ok(thrown instanceof TypeError, `at ${n}: ${String(thrown)}`);
    assert.deepEqual(ended(host), [0, 0, false], `at ${n}`);
  }
  assert.ok(moments > 20, `${moments} moments`);
});

test('a run of another process that started at the very same time is not this one’s to settle', async () => {
  const host = new ScriptedHost([9]);
  const plan = await planFor(host, { split: [0] });
  await crashAt(host, 4, () => apply(host, plan));
  host.texts.delete('/state/lock');
  host.startTicks = 1;
  Object.assign(host.identity, { pid: PID });
  assert.deepEqual(recoverRuns(place(host)).recovered, []);
  Object.assign(host.identity, { pid: 1 });
  assert.equal(recoverRuns(place(host)).recovered.length, 1);
});

describe('a disk', () => {
  /** Calls `strike` before the journal's second write after the blocks were split: the end. */
  function beforeTheEnd(host: ScriptedHost, strike: () => void) {
    let writes = 0;
    host.beforeWrite = (path) => {
      if (path.endsWith('journal.jsonl') && host.blocks.every(({ order }) => order === 0) && ++writes === 2)
        strike();
    };
  }

  test('that is full when a run ends: all is told, and the next start settles it', async () => {
    const host = new ScriptedHost([9, 9]);
    beforeTheEnd(host, () => {
      host.full = true;
    });
    const applied = await apply(host, await planFor(host, { split: [0, 1] }));
    assert.deepEqual([applied.closed, applied.how, outcomes(applied)], [false, 'complete', ['met', 'met']]);
    host.full = false;
    assert.equal(runState(host, readRun(place(host), applied.run)!), 'active');
    const { recovered } = recoverRuns(place(host));
    assert.deepEqual(
      recovered.map(({ run, verdicts }) => [run, verdicts]),
      [[applied.run, []]],
    );
    assert.equal(runState(host, readRun(place(host), applied.run)!), 'recovered');
  });

  test('a bug when a run ends is thrown', async () => {
    const host = new ScriptedHost([9, 9]);
    beforeTheEnd(host, () => {
      throw new TypeError('a bug');
    });
    await assert.rejects(apply(host, await planFor(host, { split: [0, 1] })), TypeError);
    assert.deepEqual(ended(host), [0, 0, false]);
  });

  test('without a folder for a run, nothing is done', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    host.files.makeDirectory = (path) =>
      path.includes('/runs/') ? failure({ errno: 'EROFS', call: 'mkdir' }) : success(undefined);
    await assert.rejects(apply(host, plan), /EROFS/);
    host.files.makeDirectory = () => failure({ errno: 'EACCES', call: 'mkdir' });
    await assert.rejects(apply(host, plan), code('FILE_UNWRITABLE'));
    host.files.makeDirectory = () => success(undefined);
    host.files.createExclusive = () => failure({ errno: 'EROFS', call: 'open' });
    await assert.rejects(apply(host, plan), code('FILE_UNWRITABLE'));
    assert.deepEqual([host.blocks[0].order, listRuns(place(host))], [9, []]);
  });

  test('where an undone run cannot be told so is no failure of the undo; a bug there is', async () => {
    for (const strike of ['full', 'bug'] as const) {
      const host = new ScriptedHost([9]);
      const first = await apply(host, await planFor(host, { split: [0] }));
      const back = { ...(await planFor(host, { collapse: [0], id: 'plan-2' })), undoes: first.run };
      host.beforeWrite = (path) => {
        host.full = path.includes(first.run);
        if (host.full && strike === 'bug') throw new TypeError('a bug');
      };
      if (strike === 'bug') await assert.rejects(apply(host, back), TypeError);
      else assert.deepEqual(outcomes(await apply(host, back)), ['met']);
      assert.deepEqual(ended(host), [0, 0, false]);
    }
  });
});

describe('a kernel', () => {
  test('without the counter of failed splits, or without vmstat, gives no evidence of a pin', async () => {
    for (const text of [undefined, 'nr_free_pages 17\n']) {
      const host = new ScriptedHost([{ stuck: 'pinned' }]);
      host.debugfs = 'EPERM';
      const plan = await planFor(host, { split: [0] });
      const { readText } = host.files;
      host.files.readText = (path) => {
        if (path !== '/proc/vmstat') return readText(path);
        return text === undefined ? failure({ errno: 'ENOENT', call: 'read' }) : success(text);
      };
      const [verdict] = outcomes(await apply(host, plan));
      assert.match(verdict, /^not-met: (?!pinned)/);
    }
  });

  test('without buddyinfo and PSI is asked to collapse all the same', async () => {
    const host = new ScriptedHost([0]);
    host.texts.delete('/proc/buddyinfo');
    host.texts.delete('/proc/pressure/memory');
    assert.deepEqual(outcomes(await apply(host, await planFor(host, { collapse: [0] }))), ['met']);
  });
});

test('blocks are taken back by a collapse no further than the free memory that must stay', async () => {
  const host = new ScriptedHost([0, 0, 0, 0]);
  const plan = await planFor(host, { collapse: [0, 1, 2, 3], budgets: { minFreeBytes: 2 ** 21 } });
  const free = (blocks: number) =>
    host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}${blocks} 0\n`);
  free(2);
  const first = await apply(host, plan);
  assert.deepEqual([first.how, outcomes(first)], ['stopped', ['met']], 'one fits, a burst of three does not');
  const none = new ScriptedHost([0, 0]);
  const scarce = await planFor(none, { collapse: [0, 1], budgets: { minFreeBytes: 2 ** 21 } });
  none.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(9)}1 0\n`);
  const stopped = await apply(none, scarce);
  assert.deepEqual([stopped.how, stopped.verdicts.length, none.blocks[0].order], ['stopped', 0, 0]);
  assert.match(stopped.why, /--min-free/);
  assert.equal(runState(none, readRun(place(none), stopped.run)!), 'stopped');
});

test('scarcity and pressure that come after planning never stop a split', async () => {
  const host = new ScriptedHost([9, 9, 0]);
  const plan = await planFor(host, { split: [0, 1], collapse: [2] });
  host.texts.set('/proc/pressure/memory', 'some avg10=99.00 avg60=0.00 avg300=0.00 total=0\n');
  host.texts.set('/proc/buddyinfo', `Node 0, zone   Normal ${'0 '.repeat(11)}\n`);
  const applied = await apply(host, plan);
  assert.deepEqual([applied.how, outcomes(applied)], ['stopped', ['met', 'met']]);
  assert.match(applied.why, /--max-pressure/);
  assert.equal(host.blocks[2].order, 0);
});

test('a buddy split is written also where the block has small folios, one page long with its offset', async () => {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0, 1], order: 2 });
  const around = plan.steps.map((step) => ({ ...step, proposal: { ...step.proposal, aroundPage: 7 } }));
  host.blocks[1].order = 2;
  await apply(host, { ...plan, steps: around });
  assert.deepEqual(
    host.log.filter((line) => line.startsWith('write')),
    [
      'write /sys/kernel/debug/split_huge_pages 100,0x7d000000,0x7d001000,2,7',
      'write /sys/kernel/debug/split_huge_pages 100,0x7d200000,0x7d201000,2,7',
    ],
  );
});

test('what a killed run did can be undone once it was settled', async () => {
  const plan = await planFor(new ScriptedHost([9, 9, 9]), { split: [0, 1, 2] });
  for (let n = 1; ; n++) {
    const one = new ScriptedHost([9, 9, 9]);
    const crashed = await crashAt(one, n, () => apply(one, plan));
    assert.ok(crashed, 'no crash between the acts and their verdicts');
    if (one.blocks.every(({ order }) => order === 9)) continue;
    one.texts.delete('/state/lock');
    forgetOwner(one);
    const [{ run }] = recoverRuns(place(one)).recovered;
    const outline = undoOutline(readRun(place(one), run)!);
    const split = one.blocks.flatMap(({ order }, block) => (order === 0 ? [FIRST_BLOCK + block] : []));
    assert.deepEqual(outline.parts[0].named.collapse, split);
    break;
  }
});

test('what cannot be put back is said once, with the number of blocks', async () => {
  const host = new ScriptedHost([9, 9, 9, 0]);
  const applied = await apply(host, await planFor(host, { split: [0, 1, 2], collapse: [3] }));
  const { irreversible } = undoOutline(readRun(place(host), applied.run)!);
  assert.equal(irreversible.length, 2);
  assert.match(irreversible[0], /\(3 blocks\)$/);
  assert.doesNotMatch(irreversible[1], /blocks\)$/);
});
