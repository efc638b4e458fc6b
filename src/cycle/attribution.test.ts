import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_BLOCK, PROCESS } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import type { Feuds } from '../planning/guard.js';
import { lookBack } from './aftermath.js';
import { attribute, type Evidence } from './attribution.js';
import { readFeuds, readWatches } from './feuds.js';
import { readRun } from './journal.js';
import { lookUp, RunIndex } from './run-index.js';
import { lastVerdicts } from './run-summary.js';
import { undoOutline } from './undo.js';

const processes = [{ ...PROCESS, cgroup: '/db.service' }];
const NEVER = new Map() as Feuds;

const seen = (given: Partial<Evidence>): Evidence => ({
  ...{ found: 10, faults: 500, hugeFaults: 500, khugepaged: 0, asked: 0, controls: { seen: 0, replaced: 0 } },
  ...given,
});
const who = (given: Partial<Evidence>) => {
  const { by, cause } = attribute(seen(given));
  return `${by.who}: ${cause}`;
};

describe('what was counted decides who did it', () => {
  test('only one can have done it', () => {
    assert.equal(who({}), 'process: remapped');
    assert.equal(who({ khugepaged: 10, faults: 0 }), 'kernel: recollapsed');
    assert.equal(who({ khugepaged: 10, hugeFaults: 0 }), 'kernel: recollapsed');
    assert.equal(who({ khugepaged: undefined, faults: 0 }), 'kernel: recollapsed');
    assert.equal(who({ asked: 10, faults: 0 }), 'unknown: recollapsed');
    assert.match(attribute(seen({ asked: 10, faults: 0 })).why, /asked the kernel/);
  });

  test('where several can have, nobody is blamed, unless the others are too few', () => {
    assert.equal(who({ khugepaged: 10 }), 'unknown: recollapsed');
    assert.equal(who({ khugepaged: 2 }), 'unknown: recollapsed');
    assert.equal(who({ khugepaged: 1 }), 'process: remapped');
    assert.equal(who({ asked: 10 }), 'process: remapped');
    assert.equal(who({ asked: 10, hugeFaults: 1 }), 'unknown: recollapsed');
    assert.equal(who({ asked: 10, khugepaged: 10, hugeFaults: 1 }), 'unknown: recollapsed');
    assert.equal(who({ khugepaged: 10, hugeFaults: 1 }), 'kernel: recollapsed');
    assert.equal(who({ khugepaged: 10, faults: 1 }), 'kernel: recollapsed');
    assert.equal(
      who({ faults: undefined, hugeFaults: undefined, khugepaged: undefined, asked: undefined }),
      'unknown: recollapsed',
    );
    assert.equal(who({ faults: 0 }), 'unknown: recollapsed');
  });

  test('huge pages left alone tell a process that maps its memory anew from one that stays', () => {
    const controls = (replaced: number, of = 8) => ({ seen: of, replaced });
    assert.equal(who({ khugepaged: 10, controls: controls(4) }), 'process: remapped');
    assert.equal(who({ khugepaged: 10, controls: controls(3) }), 'unknown: recollapsed');
    assert.equal(who({ khugepaged: 10, controls: controls(0) }), 'kernel: recollapsed');
    assert.equal(
      who({ khugepaged: 9, controls: controls(0) }),
      'unknown: recollapsed',
      'khugepaged did not make as many',
    );
    assert.equal(
      who({ khugepaged: 10, controls: controls(0, 3) }),
      'unknown: recollapsed',
      'too few to tell',
    );
    assert.equal(who({ khugepaged: 10, controls: controls(3, 3) }), 'unknown: recollapsed');
    assert.match(
      attribute(seen({ khugepaged: 10, controls: controls(5) })).why,
      /5 of 8 of its other huge pages/,
    );
  });
});

const HUGEPAGED = '/sys/kernel/mm/transparent_hugepage/khugepaged/pages_collapsed';

/** A run that split blocks, with counters in place. */
async function split(blocks: readonly number[], of = 12) {
  const host = new ScriptedHost(Array(of).fill(9));
  host.write(HUGEPAGED, '100\n');
  Object.assign(host.counters, { thp_fault_alloc: 50, thp_collapse_alloc: 70, thp_file_alloc: 5 });
  host.minorFaults = 1000;
  const { run } = await apply(host, await planFor(host, { split: blocks }));
  return { host, run };
}

function hugeAgain(host: ScriptedHost, blocks: readonly number[]): void {
  for (const block of blocks) {
    host.blocks[block].order = 9;
    host.blocks[block].frame = host.nextFrame += 512;
  }
}

const told = (host: ScriptedHost) => {
  const { undone, feuds } = lookBack(place(host), processes);
  assert.equal(host.openFiles, 0, 'journals and index are closed again');
  return { by: undone.map(({ by, cause }) => `${by?.who}: ${cause}`), feuds: feuds.size };
};

describe('a look back', () => {
  test('blames the kernel for what khugepaged did, and starts a feud', async () => {
    const { host, run } = await split([0, 1]);
    hugeAgain(host, [0, 1]);
    host.write(HUGEPAGED, '102\n');
    host.counters.thp_collapse_alloc += 2;
    assert.deepEqual(told(host), { by: ['kernel: recollapsed', 'kernel: recollapsed'], feuds: 2 });
    const row = lookUp(place(host), RunIndex.read(place(host)), run);
    assert.ok(row && !('damaged' in row));
    assert.deepEqual([row.met, row.undone], [0, { octavo: 0, kernel: 2, process: 0, unknown: 0 }]);
    assert.deepEqual(told(host), { by: [], feuds: 2 }, 'it is told once');
  });

  test('of memory that the process mapped anew says so, and starts none', async () => {
    const { host } = await split([0]);
    hugeAgain(host, [0]);
    host.minorFaults += 9;
    host.counters.thp_fault_alloc += 1;
    assert.deepEqual(told(host), { by: ['process: remapped'], feuds: 0 });
    const plan = await planFor(host, {
      split: [0],
      feuds: readFeuds(place(host)),
      insist: false,
      id: 'plan-2',
    });
    assert.deepEqual([plan.steps.length, plan.refused.length], [1, 0]);
  });

  test('of huge pages of files counts their faults as well', async () => {
    const { host } = await split([0]);
    hugeAgain(host, [0]);
    host.minorFaults += 9;
    host.counters.thp_file_alloc += 1;
    assert.deepEqual(told(host).by, ['process: remapped']);
  });

  test('sees by the huge pages left alone that the process replaces them', async () => {
    const { host, run } = await split([4]);
    const marks = readRun(place(host), run)?.records.find((record) => record.kind === 'marks');
    assert.deepEqual(
      marks?.kind === 'marks' &&
        marks.marks.controls.map(([block]) => block - FIRST_BLOCK).sort((left, right) => left - right),
      [0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11],
    );
    hugeAgain(host, [1, 2, 3, 4, 5, 6, 7]);
    host.minorFaults += 9;
    host.counters.thp_fault_alloc += 5;
    host.write(HUGEPAGED, '900\n');
    assert.deepEqual(told(host), { by: ['process: remapped'], feuds: 0 });
  });

  test('leaves out of these what the run acts on', async () => {
    const { host, run } = await split([3, 4, 5]);
    const marks = readRun(place(host), run)?.records.find((record) => record.kind === 'marks');
    assert.deepEqual(
      marks?.kind === 'marks' &&
        marks.marks.controls.map(([block]) => block - FIRST_BLOCK).sort((a, b) => a - b),
      [0, 1, 2, 6, 7, 8, 9, 10, 11],
    );
  });

  test('looks for them up to 16 blocks away, around every split block, 32 of them', async () => {
    const controls = async (count: number, huge: (block: number) => boolean, blocks: readonly number[]) => {
      const host = new ScriptedHost(
        Array.from({ length: count }, (_, block) => (blocks.includes(block) || huge(block) ? 9 : 0)),
      );
      await apply(host, await planFor(host, { split: blocks }));
      lookBack(place(host), processes);
      const marks = [...readWatches(place(host)).values()][0].controls;
      return marks.map(([block]) => block - FIRST_BLOCK).sort((left, right) => left - right);
    };
    assert.deepEqual(await controls(60, (block) => block === 14 || block === 46, [30]), [14, 46]);
    assert.deepEqual(await controls(60, (block) => block === 13 || block === 47, [30]), []);
    const far = await controls(80, (block) => block > 55, [20, 60]);
    assert.deepEqual([far.length, far[0]], [20, 56]);
    assert.equal((await controls(90, () => true, [20, 60])).length, 32);
  });

  test('takes what was counted at the last look, not at the split', async () => {
    const { host } = await split([0]);
    host.write(HUGEPAGED, '500\n');
    host.counters.thp_fault_alloc += 100;
    host.minorFaults += 100;
    assert.deepEqual(told(host).by, []);
    assert.equal(readWatches(place(host)).get(PID)?.khugepaged, 500);
    hugeAgain(host, [0]);
    host.minorFaults += 1;
    host.counters.thp_fault_alloc += 1;
    assert.deepEqual(told(host), { by: ['process: remapped'], feuds: 0 });
  });

  test('without any counts blames nobody, and leaves the block alone for a while', async () => {
    const { host } = await split([0]);
    host.texts.delete(HUGEPAGED);
    host.unreadable.set('/proc/vmstat', 'EACCES');
    host.unreadable.set('/state/watches.json', 'EACCES');
    hugeAgain(host, [0]);
    host.minorFaults += 9;
    assert.deepEqual(told(host), { by: ['unknown: recollapsed'], feuds: 1 });
    const plan = await planFor(host, {
      split: [0],
      feuds: readFeuds(place(host)),
      insist: false,
      id: 'plan-2',
    });
    assert.match(plan.refused[0].why, /by whom cannot be told, once after a split/);
  });

  test('of a process that has ended, or that has its pid only, finds nothing', async () => {
    const { host } = await split([0]);
    hugeAgain(host, [0]);
    assert.deepEqual(lookBack(place(host), [{ ...processes[0], startTicks: 1 }]).undone, []);
    Object.assign(host.identity, { bootId: 'boot-2' });
    assert.deepEqual(told(host).by, []);
    Object.assign(host.identity, { bootId: 'boot-1' });
    host.unreadable.set(`/proc/${PID}/smaps`, 'EACCES');
    assert.deepEqual(told(host), { by: [], feuds: 0 }, 'may not be looked into');
    host.unreadable.clear();
    host.alive = false;
    assert.deepEqual(told(host), { by: [], feuds: 0 });
  });

  test('with damaged notes of its own starts anew', async () => {
    const { host } = await split([0]);
    for (const name of ['feuds.json', 'watches.json'])
      for (const text of ['{', '[]', '{"octavo":"feuds","version":9}']) host.write(`/state/${name}`, text);
    hugeAgain(host, [0]);
    assert.equal(told(host).feuds, 1);
    host.write(
      '/state/feuds.json',
      '{"octavo":"feuds","version":1,"feuds":[{"pid":1,"startTicks":1,"block":1,"recollapses":1,"until":1}]}',
    );
    assert.equal([...readFeuds(place(host)).values()][0].by, 'unknown', 'of before it was told apart');
  });
});

describe('what Octavo did itself', () => {
  const undo = async (host: ScriptedHost, run: string, id: string) => {
    const read = readRun(place(host), run);
    assert.ok(read);
    const [{ named }] = undoOutline(read).parts;
    const plan = await planFor(host, {
      split: named.split.map((block) => block - FIRST_BLOCK),
      collapse: named.collapse.map((block) => block - FIRST_BLOCK),
      id,
    });
    return apply(host, { ...plan, undoes: run });
  };

  test('an undo is noted in the run it took back, starts no feud and can itself be taken back', async () => {
    const { host, run } = await split([0, 1]);
    const undone = await undo(host, run, 'plan-2');
    const read = readRun(place(host), run);
    assert.ok(read);
    for (const verdict of lastVerdicts(read).values())
      assert.deepEqual(
        [verdict.outcome, verdict.cause, verdict.by],
        ['undone-since', 'acted-on-since', { who: 'octavo', run: undone.run }],
      );
    assert.deepEqual(undoOutline(read).parts, [], 'there is nothing left to take back');
    assert.deepEqual(told(host), { by: [], feuds: 0 });
    await undo(host, undone.run, 'plan-3');
    assert.deepEqual([host.blocks[0].order, host.blocks[1].order], [0, 0]);
  });

  test('a later collapse by name is told as such, and starts no feud', async () => {
    const { host, run } = await split([0, 1]);
    const later = await apply(host, await planFor(host, { collapse: [0], id: 'plan-2' }));
    assert.deepEqual(told(host), { by: ['octavo: acted-on-since'], feuds: 0 });
    const read = readRun(place(host), run);
    assert.ok(read);
    assert.equal(lastVerdicts(read).get(0)?.by?.run, later.run);
    assert.deepEqual(told(host).by, []);
  });

  test('a later split of the same block makes the earlier one history: what undoes it is counted once', async () => {
    const { host } = await split([0]);
    hugeAgain(host, [0]);
    host.write(HUGEPAGED, '101\n');
    await apply(host, await planFor(host, { split: [0], id: 'plan-2' }));
    hugeAgain(host, [0]);
    host.write(HUGEPAGED, '102\n');
    assert.deepEqual(told(host), { by: ['kernel: recollapsed'], feuds: 1 });
  });

  test('a collapse that found the block huge already was the kernel’s, not Octavo’s', async () => {
    const { host } = await split([0]);
    const plan = await planFor(host, { collapse: [0], id: 'plan-2' });
    hugeAgain(host, [0]);
    host.write(HUGEPAGED, '101\n');
    const { verdicts } = await apply(host, plan);
    assert.equal(verdicts[0].why, 'it was so already');
    assert.deepEqual(told(host).by, ['kernel: recollapsed']);
  });

  test('its own collapses are not counted as somebody else’s', async () => {
    const { host } = await split([0, 1, 2, 3]);
    await apply(host, await planFor(host, { collapse: [1, 2, 3], id: 'plan-2' }));
    host.counters.thp_collapse_alloc += 3;
    hugeAgain(host, [0]);
    host.minorFaults += 1;
    host.counters.thp_fault_alloc += 1;
    const { undone } = lookBack(place(host), processes);
    assert.deepEqual(undone.map(({ by }) => by?.who).sort(), ['octavo', 'octavo', 'octavo', 'process']);
  });

  test('of runs that were damaged a look back goes on with the others', async () => {
    const { host, run } = await split([0]);
    await apply(host, await planFor(host, { split: [1], feuds: NEVER, id: 'plan-2' }));
    host.write(`/state/runs/${run}/journal.jsonl`, 'x\n');
    hugeAgain(host, [0, 1]);
    const looked = lookBack(place(host), processes);
    assert.deepEqual([looked.undone.length, looked.damaged.map((one) => one.run)], [1, [run]]);
  });
});
