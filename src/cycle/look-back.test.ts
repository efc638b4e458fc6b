/** A look back at its edges: how far it looks, what it counts as Octavo's own, what it keeps, what it lets through. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PROCESS } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Plan } from '../vocabulary/plan.js';
import { actsOn, takenBack } from './acts.js';
import { lookBack } from './aftermath.js';
import { UNKNOWN } from './attribution.js';
import { readFeuds, readWatches } from './feuds.js';
import { journalPath, type ReadRun, readRun } from './journal.js';
import { RunIndex } from './run-index.js';

const DB = { ...PROCESS, cgroup: '/db.service' };
const OTHER = { ...DB, pid: 7 };
const KHUGEPAGED = '/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed';

function counted(blocks: ConstructorParameters<typeof ScriptedHost>[0]): ScriptedHost {
  const host = new ScriptedHost(blocks);
  host.write(KHUGEPAGED, '100\n');
  Object.assign(host.counters, { thp_fault_alloc: 50, thp_collapse_alloc: 70 });
  return host;
}

let plans = 0;
const splitOf = async (host: ScriptedHost, ...split: readonly number[]) =>
  apply(host, await planFor(host, { split, id: `plan-${++plans}` }));
const collapseOf = async (host: ScriptedHost, ...collapse: readonly number[]) => {
  const applied = await apply(host, await planFor(host, { collapse, id: `plan-${++plans}` }));
  host.counters.thp_collapse_alloc += collapse.length;
  return applied;
};

function hugeAgain(host: ScriptedHost, ...blocks: readonly number[]): void {
  for (const block of blocks) {
    host.blocks[block].order = 9;
    host.blocks[block].frame = host.nextFrame += 512;
    host.blocks[block].present = 512;
  }
}

const reasons = (host: ScriptedHost) => lookBack(place(host), [DB]).undone.map(({ why }) => why);
const ASKED = /asked the kernel to collapse it again/;

describe('of its runs', () => {
  test('the last twenty on a process are looked at', async () => {
    const host = counted(Array(21).fill(9));
    for (let block = 0; block < 21; block++) await splitOf(host, block);
    hugeAgain(host, ...host.blocks.keys());
    assert.equal(lookBack(place(host), [DB]).undone.length, 20);
  });

  test('those of other processes are not read, and do not stand in the way', async () => {
    const host = counted([9]);
    const { run } = await splitOf(host, 0);
    hugeAgain(host, 0);
    const path = journalPath(place(host), run);
    host.unreadable.set(path, 'EACCES');
    assert.deepEqual(lookBack(place(host), [OTHER]).damaged, []);
    host.unreadable.clear();
    assert.deepEqual([...readWatches(place(host))], [], 'nothing was looked at');
    for (const processes of [
      [OTHER, DB],
      [DB, OTHER],
    ])
      assert.equal(lookBack(place(host), processes).damaged.length, 0);
    assert.equal(readFeuds(place(host)).size, 1);
  });

  test('are read before a process is looked at: what is timed as a look has none of that', async () => {
    const host = counted([9]);
    const { run } = await splitOf(host, 0);
    hugeAgain(host, 0);
    const timed: number[] = [];
    const back = lookBack(place(host), [DB], (process, look) => {
      host.unreadable.set(journalPath(place(host), run), 'EACCES');
      timed.push(process.pid);
      return look();
    });
    host.unreadable.clear();
    assert.deepEqual([timed, back.undone.length], [[DB.pid], 1]);
  });

  test('one on several processes concerns each of them', async () => {
    const host = counted([9]);
    const plan = await planFor(host, { split: [0], id: 'both' });
    const both: Plan = { ...plan, processes: [...plan.processes, OTHER] };
    await apply(host, both);
    hugeAgain(host, 0);
    assert.equal(lookBack(place(host), [DB]).undone.length, 1);
  });

  test('one that is in progress elsewhere is left to itself', async () => {
    const host = counted([9]);
    const { run } = await splitOf(host, 0);
    const read = readRun(place(host), run);
    assert.ok(read);
    const text = host.texts.get(journalPath(place(host), run)) ?? '';
    host.write(
      journalPath(place(host), run),
      text.trimEnd().split('\n').slice(0, -1).join('\n').concat('\n'),
    );
    hugeAgain(host, 0);
    assert.deepEqual(lookBack(place(host), [DB]).undone, []);
  });
});

describe('collapses', () => {
  test('of later runs are Octavo’s own; one more was asked for by somebody else', async () => {
    const host = counted(Array(6).fill(9));
    await splitOf(host, 0, 1, 2, 3);
    await collapseOf(host, 1, 2);
    hugeAgain(host, 0);
    assert.deepEqual(
      reasons(host).filter((why) => !why.startsWith('Octavo')),
      [UNKNOWN.why],
    );
    const more = counted(Array(6).fill(9));
    await splitOf(more, 0, 1, 2, 3);
    await collapseOf(more, 1, 2);
    more.counters.thp_collapse_alloc += 1;
    hugeAgain(more, 0);
    assert.match(reasons(more).find((why) => !why.startsWith('Octavo')) ?? '', ASKED);
  });

  test('of runs before the split do not count for it', async () => {
    const host = counted([9, 0]);
    await collapseOf(host, 1);
    host.nowNs += 60e9;
    await splitOf(host, 0);
    host.counters.thp_collapse_alloc += 1;
    hugeAgain(host, 0);
    assert.match(reasons(host)[0], ASKED);
  });

  test('of the run that split are its own, where that run’s marks are the last', async () => {
    const host = counted([9, 0]);
    await apply(host, await planFor(host, { split: [0], collapse: [1], id: 'both ways' }));
    host.counters.thp_collapse_alloc += 1;
    hugeAgain(host, 0);
    assert.deepEqual(reasons(host), [UNKNOWN.why]);
  });

  test('before the last look do not count after it', async () => {
    const host = counted([9, 0]);
    await splitOf(host, 0);
    host.nowNs += 60e9;
    await collapseOf(host, 1);
    host.nowNs += 60e9;
    assert.deepEqual(reasons(host), []);
    host.nowNs += 60e9;
    host.counters.thp_collapse_alloc += 1;
    hugeAgain(host, 0);
    assert.match(reasons(host)[0], ASKED);
  });

  test('of a run that is damaged or still going on are not known', async () => {
    const host = counted([9, 0]);
    await splitOf(host, 0);
    host.nowNs += 60e9;
    const { run } = await collapseOf(host, 1);
    host.write(journalPath(place(host), run), 'x\n');
    host.write('/state/runs/20991231T235959999Z-ffff/journal.jsonl', '');
    const index = RunIndex.read(place(host));
    index.note(run);
    hugeAgain(host, 0);
    assert.match(reasons(host)[0], ASKED, 'a collapse that no run is known to have made');
  });
});

describe('what is kept', () => {
  test('is nothing where nothing was undone and nothing is looked after', async () => {
    const host = counted([9]);
    await splitOf(host, 0);
    assert.deepEqual(lookBack(place(host), [DB]).undone, []);
    assert.equal(host.texts.has('/state/feuds.json'), false);
    assert.deepEqual([...readWatches(place(host)).keys()], [PID]);
  });

  test('is the row of a run that was undone, at once', async () => {
    const host = counted([9]);
    const { run } = await splitOf(host, 0);
    hugeAgain(host, 0);
    lookBack(place(host), [DB]);
    const index = RunIndex.read(place(host));
    const row = index.row(run);
    assert.ok(row && !('damaged' in row));
    assert.deepEqual([row.met, row.undone.unknown, index.isFresh(run)], [0, 1, true]);
  });

  test('tells by how many bytes a block has grown since the split', async () => {
    const host = counted([{ zeroes: 500 }]);
    await splitOf(host, 0);
    hugeAgain(host, 0);
    const [verdict] = lookBack(place(host), [DB]).undone;
    assert.deepEqual([verdict.residentDelta, verdict.before.present], [500 * 4096, 12]);
  });
});

describe('a failure', () => {
  const failing = async (problem: Error) => {
    const host = counted([9]);
    await splitOf(host, 0);
    const { readText } = host.files;
    host.files.readText = (path) => {
      if (path === `/proc/${PID}/smaps` || path === `/proc/${PID}/maps`) throw problem;
      return readText(path);
    };
    return () => lookBack(place(host), [DB]);
  };

  test('of a process that ended, or that may not be looked into, is no failure of the look', async () => {
    for (const code of ['TARGET_GONE', 'PERMISSION'] as const) {
      const problem = new OctavoError(code, {
        pid: PID,
        call: 'read',
        errno: 'EACCES',
        needs: 'root',
      } as never);
      assert.deepEqual((await failing(problem))().undone, [], code);
    }
  });

  test('of any other kind is told', async () => {
    const unreadable = new OctavoError('FILE_UNREADABLE', { path: '/proc', errno: 'EIO' });
    assert.throws(await failing(unreadable), unreadable);
    const bug = new TypeError('a bug');
    assert.throws(await failing(bug), bug);
  });
});

test('a step without a verdict is no act, and what is taken back weighs nothing', async () => {
  const host = counted([9, 9]);
  const { run } = await splitOf(host, 0, 1);
  const read = readRun(place(host), run);
  assert.ok(read);
  const silent: ReadRun = {
    ...read,
    records: read.records.map((record) =>
      record.kind === 'verdicts'
        ? { ...record, verdicts: record.verdicts.filter(({ step }) => step === 0) }
        : record,
    ),
  };
  const { standing } = actsOn([silent], read.plan.processes[0]);
  assert.equal(standing.length, 1);
  const [{ step, verdict }] = standing;
  assert.equal(takenBack(step, verdict, verdict.before, 'run-2').residentDelta, 0);
});
