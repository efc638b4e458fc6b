/** Memory that splits returned and the process took again: found by a later look, kept, and left alone for a while. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROCESS, state } from '../../test/support/drawing.js';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { FIRST_PAUSE_MS } from '../planning/guard.js';
import { type Regret, regretKey } from '../planning/regret.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Act } from './acts.js';
import { lookBack, lookBackUnderLock } from './aftermath.js';
import { cameBack, type LookedAt } from './came-back.js';
import { keepRegrets, readRegrets } from './feuds.js';

const PAGE = 4096;
const DB = { ...PROCESS, cgroup: '/db.service' };

/** A block that had `before` pages, has `after` by the split, and `now` pages at the look. */
function looked(before: number, after: number, now: number, run = 'run-2', beganMs = 1000): LookedAt {
  const with_ = (present: number): BlockState => ({ ...state('4'), present });
  const verdict = { before: with_(before), after: with_(after) };
  return { act: { run: { run, begin: { atMs: beganMs } }, verdict } as unknown as Act, now: with_(now) };
}

describe('of what splits returned, in bytes', () => {
  test('so much is there again, by block never more than it gave', () => {
    const seen = [looked(512, 12, 112), looked(512, 500, 512, 'run-1'), looked(512, 412, 300)];
    assert.deepEqual(cameBack(seen, PAGE, 31_000), {
      returnedBytes: (500 + 12 + 100) * PAGE,
      cameBackBytes: (100 + 12) * PAGE,
      run: 'run-2',
      afterMs: 30_000,
    });
    assert.equal(cameBack([looked(100, 60, 400)], PAGE, 0)?.cameBackBytes, 40 * PAGE);
  });

  test('a split that returned nothing is not looked at, and none says nothing', () => {
    assert.equal(cameBack([looked(512, 512, 512), looked(8, 512, 512)], PAGE, 0), undefined);
    const newest = cameBack([looked(512, 512, 512, 'none'), looked(512, 511, 511, 'one')], PAGE, 0);
    assert.deepEqual([newest?.run, newest?.returnedBytes, newest?.cameBackBytes], ['one', PAGE, 0]);
  });
});

/** Two blocks of which a split returns 500 pages each. */
async function returned() {
  const host = new ScriptedHost([{ zeroes: 500 }, { zeroes: 500 }, 9]);
  const { run } = await apply(host, await planFor(host, { split: [0, 1] }));
  assert.deepEqual(
    host.blocks.map(({ present }) => present),
    [12, 12, undefined],
  );
  host.nowNs += 5000 * 1e6;
  return { host, run };
}

describe('a look back', () => {
  test('tells what came back, keeps it, and the next plan leaves the process alone', async () => {
    const { host, run } = await returned();
    host.blocks[0].present = 512;
    host.blocks[1].present = 262;
    const { regrets, cameBack: found, undone } = lookBackUnderLock(place(host), [DB]);
    assert.deepEqual(undone, []);
    assert.equal(host.texts.has('/state/lock'), false);
    const [regret] = found;
    assert.deepEqual(
      [found.length, regret.run, regret.returnedBytes, regret.cameBackBytes, regret.times],
      [1, run, 1000 * PAGE, 750 * PAGE, 1],
    );
    assert.ok(regret.afterMs >= 5000 && regret.afterMs < 5100, String(regret.afterMs));
    assert.equal(regret.until, host.clock.wallMs() + FIRST_PAUSE_MS);
    assert.deepEqual(regrets.get(regretKey(DB)), regret);
    assert.deepEqual(readRegrets(place(host)), regrets);
  });

  test('that finds it bearable says so and pauses nothing', async () => {
    const { host } = await returned();
    const { cameBack: found } = lookBack(place(host), [DB]);
    assert.deepEqual(
      found.map(({ cameBackBytes, times, until }) => [cameBackBytes, times, until]),
      [[0, 0, 0]],
    );
  });

  test('without anything returned keeps nothing', async () => {
    const host = new ScriptedHost([9]);
    await apply(host, await planFor(host, { split: [0] }));
    assert.deepEqual(lookBack(place(host), [DB]).cameBack, []);
    assert.equal(host.texts.has('/state/regrets.json'), false);
  });

  test('lets go of the lock also where it fails', async () => {
    const { host } = await returned();
    host.beforeWrite = (path) => {
      if (path.endsWith('watches.json')) throw new Error('the disk is gone');
    };
    assert.throws(() => lookBackUnderLock(place(host), [DB]), /the disk is gone/);
    assert.equal(host.texts.has('/state/lock'), false);
  });
});

describe('what is kept', () => {
  const regret: Regret = {
    ...{ pid: DB.pid, startTicks: DB.startTicks, returnedBytes: 8, cameBackBytes: 4, run: 'r', afterMs: 1 },
    ...{ times: 1, until: 9 },
  };
  const regrets = (...list: readonly Regret[]) => new Map(list.map((one) => [regretKey(one), one]));

  test('is of processes that live', () => {
    const host = new ScriptedHost([9]);
    keepRegrets(place(host), regrets(regret, { ...regret, startTicks: 1 }, { ...regret, pid: 7 }));
    assert.deepEqual(readRegrets(place(host)), regrets(regret));
    host.alive = false;
    keepRegrets(place(host), regrets(regret));
    assert.deepEqual(readRegrets(place(host)), new Map());
  });

  test('is a failure where it cannot be written, and none where it cannot be read', () => {
    const host = new ScriptedHost([9]);
    host.full = true;
    assert.throws(
      () => keepRegrets(place(host), regrets(regret)),
      (problem) => problem instanceof OctavoError && problem.code === 'FILE_UNWRITABLE',
    );
    for (const text of ['{', '{}', '{"octavo":"regrets","version":2,"regrets":[]}']) {
      host.write('/state/regrets.json', text);
      assert.deepEqual(readRegrets(place(host)), new Map());
    }
    host.unreadable.set('/state/regrets.json', 'EACCES');
    assert.deepEqual(readRegrets(place(host)), new Map());
  });

  test('a bug while somebody is looked for is not swallowed', () => {
    const host = new ScriptedHost([9]);
    host.files.readText = () => {
      throw new TypeError('a bug');
    };
    assert.throws(() => keepRegrets(place(host), regrets(regret)), TypeError);
  });
});
