/** What is kept of runs and what is learned, at its bounds; and outlines of what can be taken back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { DEFAULT_HEAT_BYTES } from '../hotness/hot-maps.js';
import type { Verdict } from '../vocabulary/plan.js';
import { MIB } from '../vocabulary/units.js';
import { keepBeliefs, readBeliefs } from './belief-file.js';
import { droppedRuns } from './dropped-runs.js';
import { journalPath, listRuns, readRun, removeRun, runName } from './journal.js';
import { DEFAULT_HALF_LIFE_MS } from './plan-turn.js';
import { keepWithin } from './retention.js';
import { columnsOf, summaryOfColumns } from './run-columns.js';
import { RunIndex } from './run-index.js';
import { summaryOf, undoneBy } from './run-summary.js';
import { undoOutline } from './undo.js';

const INDEX = '/state/runs.index';
const ALL = {
  ...{ runs: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY, age: Number.POSITIVE_INFINITY },
};

/** Runs one after the other, a minute apart, each splitting a block of its own. */
async function runs(count: number) {
  const host = new ScriptedHost(Array(count).fill(9));
  for (let block = 0; block < count; block++) {
    host.nowNs += 60e9;
    await apply(host, await planFor(host, { split: [block], id: `plan-${block}` }));
  }
  return { host, names: listRuns(place(host)) };
}

describe('the bounds of the journal', () => {
  test('an index of twice as many lines as runs and a hundred more is left, one line more is written anew', async () => {
    for (const [extra, lines] of [
      [99, 102],
      [100, 1],
    ] as const) {
      const { host, names } = await runs(3);
      host.alive = false;
      const text = host.texts.get(INDEX) ?? '';
      const [line] = text.split('\n');
      host.write(INDEX, `${`${line}\n`.repeat(extra)}${text}`);
      assert.equal(keepWithin(place(host), { ...ALL, runs: 2 }, []).runs, 2);
      assert.equal(RunIndex.read(place(host)).lineCount, lines);
      assert.deepEqual(listRuns(place(host)), names.slice(2));
    }
  });

  test('a thousand names of dropped runs are remembered, the oldest is forgotten for a new one', async () => {
    const { host, names } = await runs(2);
    const kept = Array.from({ length: 1000 }, (_, at) => ({ run: `r${at}`, atMs: at }));
    host.write('/state/dropped.json', JSON.stringify({ octavo: 'dropped', version: 1, runs: kept }));
    const { needed } = keepWithin(place(host), { ...ALL, runs: 1 }, []);
    assert.deepEqual(needed, names.slice(0, 1));
    const remembered = droppedRuns(place(host));
    assert.deepEqual([remembered.length, remembered[0].run, remembered.at(-1)?.run], [1000, 'r1', names[0]]);
    assert.equal(remembered.at(-1)?.atMs, host.clock.wallMs());
  });

  test('what could be taken back goes down to the bound and not below it', async () => {
    const { host, names } = await runs(4);
    const dropped = keepWithin(place(host), { ...ALL, runs: 3 }, []);
    assert.deepEqual([dropped.runs, listRuns(place(host))], [1, names.slice(1)]);
    const bytes = dropped.bytes;
    assert.ok(bytes > 0);
    const left = names.slice(1).reduce((sum, run) => sum + (RunIndex.read(place(host)).bytesOf(run) ?? 0), 0);
    assert.equal(keepWithin(place(host), { ...ALL, bytes: left }, []).runs, 0);
    assert.equal(keepWithin(place(host), { ...ALL, bytes: left - 1 }, []).runs, 1);
  });

  test('a run that changed nothing is not needed, one of the same boot that did is', async () => {
    const { host } = await runs(1);
    host.nowNs += 60e9;
    host.blocks[0] = { ...host.blocks[0], order: 9, stuck: 'pinned' };
    await apply(host, await planFor(host, { split: [0], id: 'in vain' }));
    const { needed, runs: gone } = keepWithin(place(host), { ...ALL, runs: 0 }, []);
    assert.deepEqual([needed.length, gone], [1, 2]);
  });

  test('a run that is removed leaves no file, and a folder that stays is told', async () => {
    const { host, names } = await runs(1);
    assert.equal(removeRun(place(host), names[0]), true);
    assert.deepEqual(
      [...host.texts.keys()].filter((path) => path.includes(names[0])),
      [],
    );
    host.dead = true;
    assert.equal(removeRun(place(host), 'x'), false);
  });
});

describe('the index', () => {
  test('of a run whose row is no number of bytes says that it does not know', () => {
    const host = new ScriptedHost([9]);
    host.write(INDEX, '00000000 run x 1 {}\n00000000 other\n');
    const index = RunIndex.read(place(host));
    assert.deepEqual(
      [index.bytesOf('run'), index.bytesOf('none'), index.lineCount],
      [undefined, undefined, 2],
    );
    assert.deepEqual([index.has('run'), index.row('run'), index.isFresh('run')], [true, undefined, false]);
  });

  test('takes a note of a run that is there, and none of one that is not', async () => {
    const { host, names } = await runs(1);
    host.texts.delete(INDEX);
    const index = RunIndex.read(place(host));
    index.note('20260101T000000000Z-0001');
    assert.equal(host.texts.has(INDEX), false);
    index.note(names[0]);
    assert.equal(index.lineCount, 1);
    assert.ok(RunIndex.read(place(host)).freshRow(names[0]));
    assert.equal(host.openFiles, 0);
  });

  test('gives a torn line an end of its own, once', async () => {
    const { host, names } = await runs(2);
    const text = host.texts.get(INDEX) ?? '';
    host.write(INDEX, text.slice(0, -9));
    const index = RunIndex.read(place(host));
    assert.equal(index.lineCount, 1);
    index.note(names[1]);
    index.note(names[1]);
    const lines = (host.texts.get(INDEX) ?? '').split('\n');
    assert.deepEqual([lines.length, lines.at(-1)], [5, '']);
    assert.ok(RunIndex.read(place(host)).freshRow(names[1]));
  });
});

describe('a summary', () => {
  const verdict = (given: Partial<Verdict>) => ({ outcome: 'undone-since', ...given }) as Verdict;

  test('counts who undid what, of old verdicts nobody that is known', () => {
    const counts = undoneBy([
      ...[verdict({ by: { who: 'kernel' } }), verdict({ by: { who: 'octavo' } }), verdict({})],
      ...[verdict({ by: { who: 'process' } }), verdict({ outcome: 'met', by: { who: 'kernel' } })],
    ]);
    assert.deepEqual(counts, { octavo: 1, kernel: 1, process: 1, unknown: 1 });
  });

  test('comes back from its columns, and says what a run was', async () => {
    const host = new ScriptedHost([9, 0, 9]);
    const { run } = await apply(host, await planFor(host, { split: [0], collapse: [1] }));
    const read = readRun(place(host), run);
    assert.ok(read);
    const summary = summaryOf(read);
    assert.deepEqual(summaryOfColumns(run, columnsOf(summary)), summary);
    assert.deepEqual(
      [summary.state, summary.steps, summary.met, summary.collapses, summary.undoes],
      ['complete', 2, 2, 1, null],
    );
    assert.deepEqual(summary.processes, [[PID, 5000]]);
    const open = summaryOf({ ...read, records: read.records.filter(({ kind }) => kind !== 'end') });
    assert.equal(open.state, 'unfinished');
  });
});

describe('an outline of what can be taken back', () => {
  test('tells alike what cannot be put back of several blocks, with their number', async () => {
    const host = new ScriptedHost([9, 9, { zeroes: 500 }]);
    const { run } = await apply(host, await planFor(host, { split: [0, 1, 2] }));
    const read = readRun(place(host), run);
    assert.ok(read);
    const { irreversible } = undoOutline(read);
    assert.equal(
      irreversible.some((what) => what.endsWith('(3 blocks)')),
      true,
      irreversible.join(),
    );
    const one = new ScriptedHost([9]);
    const single = readRun(place(one), (await apply(one, await planFor(one, { split: [0] }))).run);
    assert.ok(single);
    assert.doesNotMatch(undoOutline(single).irreversible[0], /blocks\)$/);
  });

  test('leaves out splits that nothing can put back', async () => {
    const host = new ScriptedHost([9]);
    const { run } = await apply(host, await planFor(host, { split: [0] }));
    const read = readRun(place(host), run);
    assert.ok(read);
    const steps = read.plan.steps.map((step) => ({
      ...step,
      forecast: { ...step.forecast, reversible: 'no' as const },
    }));
    const [{ named }] = undoOutline({ ...read, plan: { ...read.plan, steps } }).parts;
    assert.deepEqual(named, { pid: PID, split: [], collapse: [] });
  });
});

describe('beliefs', () => {
  test('that are not there count as none, damaged ones as well, with a word', () => {
    const host = new ScriptedHost([9]);
    assert.deepEqual(readBeliefs(place(host)).notes, []);
    host.files.readBytes = () => ({ ok: true, value: new Uint8Array([1, 2, 3]) });
    const [note] = readBeliefs(place(host)).notes;
    assert.match(note, /^\/state\/beliefs .*; what was learned before is forgotten$/);
  });

  test('come back of processes that live, and not at all after another boot', () => {
    const host = new ScriptedHost([9]);
    let kept = new Uint8Array();
    host.files.writeFile = (_, bytes) => {
      kept = bytes as Uint8Array<ArrayBuffer>;
      return { ok: true, value: undefined };
    };
    host.files.readBytes = () => ({ ok: true, value: kept });
    const { beliefs } = readBeliefs(place(host));
    const me = { pid: PID, startTicks: 5000, command: 'db', cgroup: '/' };
    for (const process of [me, { ...me, pid: 7 }]) beliefs.begin(process);
    assert.deepEqual(keepBeliefs(place(host), beliefs), []);
    const pids = () => readBeliefs(place(host)).beliefs.processes.map(({ process }) => process.pid);
    assert.deepEqual([pids(), readBeliefs(place(host)).notes], [[PID], []]);
    host.startTicks = 6000;
    assert.deepEqual(pids(), [], 'another process has the pid');
    host.startTicks = 5000;
    Object.assign(host.identity, { bootId: 'boot-2' });
    assert.deepEqual([pids(), readBeliefs(place(host)).notes.length], [[], 1]);
    Object.assign(host.identity, { bootId: 'boot-1' });
    host.files.readText = () => {
      throw new TypeError('a bug');
    };
    assert.throws(() => readBeliefs(place(host)), TypeError);
  });

  test('that cannot be written are told, and no failure', () => {
    const host = new ScriptedHost([9]);
    const { beliefs } = readBeliefs(place(host));
    assert.deepEqual(keepBeliefs(place(host), beliefs), []);
    assert.ok(host.texts.has('/state/beliefs'));
    host.full = true;
    const [note] = keepBeliefs(place(host), beliefs);
    assert.match(note, /cannot be written \(ENOSPC\): a restart will forget/);
  });
});

test('names of runs tell the millisecond, and 16 bits of chance in four digits', () => {
  const host = new ScriptedHost([9]);
  host.clock.wallMs = () => Date.UTC(2026, 10, 30, 14, 5, 6, 78);
  host.random.uint32 = () => 0xabcd_000f;
  assert.equal(runName(host), '20261130T140506078Z-000f');
  assert.equal(journalPath(place(host), 'r'), '/state/runs/r/journal.jsonl');
});

test('the defaults: 192 MiB of heat, and a half-life of an hour', () => {
  assert.deepEqual([DEFAULT_HEAT_BYTES, DEFAULT_HALF_LIFE_MS], [192 * MIB, 3_600_000]);
});
