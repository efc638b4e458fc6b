import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, applyAny, place, planFor } from '../../test/support/turns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { droppedRuns } from './dropped-runs.js';
import { listRuns, readRun } from './journal.js';
import { lineOf } from './journal-lines.js';
import { namedRun } from './named-run.js';
import { recoverRuns } from './recovery.js';
import { DEFAULT_RETENTION, keepWithin } from './retention.js';
import { lookUp, RunIndex } from './run-index.js';
import { summaryOf } from './run-summary.js';

const INDEX = '/state/runs.index';
const journal = (run: string) => `/state/runs/${run}/journal.jsonl`;
const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;

/** Runs one after the other, a minute apart, each splitting a block of its own. */
async function runs(count: number, gapMs = 60_000) {
  const host = new ScriptedHost(Array(count).fill(9));
  const names: string[] = [];
  for (let block = 0; block < count; block++) {
    host.nowNs += gapMs * 1e6;
    names.push((await apply(host, await planFor(host, { split: [block], id: `plan-${block}` }))).run);
  }
  return { host, names };
}

const summary = (host: ScriptedHost, run: string) => {
  const read = readRun(place(host), run);
  return read && summaryOf(read);
};

describe('the index', () => {
  test('has a row for every ended run, which says what the journal says', async () => {
    const { host, names } = await runs(3);
    const index = RunIndex.read(place(host));
    for (const run of names) assert.deepEqual(index.freshRow(run), summary(host, run));
    assert.equal(index.lineCount, 3);
    assert.deepEqual(index.ofPlan('plan-1'), [names[1]]);
    assert.deepEqual(index.damaged(), []);
    assert.equal(index.bytesOf(names[0]), Buffer.byteLength(host.texts.get(journal(names[0])) ?? ''));
    assert.deepEqual(
      [index.bytesOf('other'), index.row('other'), index.freshRow('other')],
      [undefined, undefined, undefined],
    );
    assert.deepEqual(
      [index.mayConcern(names[0], 100), index.mayConcern(names[0], 10), index.mayConcern('other', 1)],
      [true, false, true],
    );
  });

  test('cut or flipped anywhere, or missing, changes no answer, and the next start mends it', async () => {
    const { host, names } = await runs(2);
    const whole = host.texts.get(INDEX) ?? '';
    const expected = names.map((run) => summary(host, run));
    const spoilt = [
      '',
      ...Array.from({ length: whole.length }, (_, at) => whole.slice(0, at)),
      ...Array.from(
        { length: whole.length },
        (_, at) => `${whole.slice(0, at)}${whole[at] === '7' ? '6' : '7'}${whole.slice(at + 1)}`,
      ),
    ];
    for (const text of spoilt) {
      host.write(INDEX, text);
      const index = RunIndex.read(place(host));
      assert.deepEqual(
        names.map((run) => lookUp(place(host), index, run)),
        expected,
        text,
      );
      assert.equal(host.texts.get(INDEX), text, 'a reader writes nothing');
    }
    for (const text of [undefined, whole.slice(0, 40), `${whole.split('\n')[1]}\n`]) {
      if (text === undefined) host.texts.delete(INDEX);
      else host.write(INDEX, text);
      recoverRuns(place(host));
      recoverRuns(place(host));
      const index = RunIndex.read(place(host));
      assert.deepEqual(
        names.map((run) => index.freshRow(run)),
        expected,
        text,
      );
    }
  });

  test('a row is passed over once its journal has changed, by size or by time', async () => {
    const { host, names } = await runs(1);
    const text = host.texts.get(journal(names[0])) ?? '';
    host.write(journal(names[0]), text);
    assert.equal(RunIndex.read(place(host)).freshRow(names[0]), undefined);
    assert.ok(RunIndex.read(place(host)).row(names[0]));
    host.write(journal(names[0]), text.replace('complete', 'Complete'));
    const row = lookUp(place(host), RunIndex.read(place(host)), names[0]);
    assert.ok(row && 'damaged' in row);
    assert.match(row.damaged, /is damaged at line .*mv \/state\/runs/);
  });

  test('an absent run has no row', () => {
    const host = new ScriptedHost([9]);
    assert.equal(lookUp(place(host), RunIndex.read(place(host)), '20260101T000000000Z-0001'), undefined);
  });

  test('a disk without room for it is no failure', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    host.beforeWrite = (file) => {
      host.full = file === INDEX;
    };
    const { run, how } = await apply(host, plan);
    host.beforeWrite = () => undefined;
    host.full = false;
    assert.deepEqual([how, RunIndex.read(place(host)).has(run)], ['complete', false]);
    recoverRuns(place(host));
    assert.ok(RunIndex.read(place(host)).freshRow(run));
  });

  test('runs of an earlier start are known to belong to a plan also without a row', async () => {
    const { host } = await runs(1);
    host.texts.delete(INDEX);
    const again = await applyAny(host, await planFor(host, { split: [0], id: 'plan-0' }));
    assert.deepEqual([again.doneBefore.length, again.run], [1, '']);
  });
});

describe('retention', () => {
  const all = {
    runs: Number.POSITIVE_INFINITY,
    bytes: Number.POSITIVE_INFINITY,
    age: Number.POSITIVE_INFINITY,
  };
  const bytesOf = (host: ScriptedHost, names: readonly string[]) =>
    names.reduce((sum, run) => sum + (RunIndex.read(place(host)).bytesOf(run) ?? 0), 0);

  test('within its bounds nothing is dropped, at the bound neither', async () => {
    const { host, names } = await runs(4);
    host.alive = false;
    for (const bounds of [
      all,
      DEFAULT_RETENTION,
      { ...all, runs: 4 },
      { ...all, bytes: bytesOf(host, names) },
    ])
      assert.deepEqual(keepWithin(place(host), bounds, []), { runs: 0, bytes: 0, needed: [] });
    host.texts.delete(INDEX);
    assert.equal(keepWithin(place(host), DEFAULT_RETENTION, []).runs, 0, 'nor where the index is missing');
    assert.deepEqual(listRuns(place(host)), names);
  });

  test('by number: the oldest go, a twentieth more than must', async () => {
    const { host, names } = await runs(4);
    host.alive = false;
    const dropped = keepWithin(place(host), { ...all, runs: 3 }, []);
    assert.deepEqual([dropped.runs, dropped.needed, listRuns(place(host))], [2, [], names.slice(2)]);
    assert.equal(dropped.bytes, bytesOf(host, names.slice(0, 2)));
    assert.throws(() => namedRun(place(host), names[0]), code('RUN_NOT_FOUND'));
  });

  test('by bytes', async () => {
    const { host, names } = await runs(4);
    host.alive = false;
    const dropped = keepWithin(place(host), { ...all, bytes: bytesOf(host, names) - 1 }, []);
    assert.deepEqual([dropped.runs, listRuns(place(host))], [1, names.slice(1)]);
  });

  test('by age: only what undo does not need', async () => {
    const { host, names } = await runs(3, 86_400_000);
    host.nowNs += 3_600_000 * 1e6;
    const bounds = { ...all, age: 1.5 * 86_400_000 };
    assert.equal(keepWithin(place(host), bounds, []).runs, 0, 'its process lives: it can be taken back');
    host.startTicks++;
    assert.deepEqual([keepWithin(place(host), bounds, []).runs, listRuns(place(host))], [1, names.slice(1)]);
  });

  test('of another boot, or undone since, a run is not needed', async () => {
    const { host, names } = await runs(2);
    Object.assign(host.identity, { bootId: 'boot-2' });
    host.nowNs += 1e9;
    assert.deepEqual(keepWithin(place(host), { ...all, age: 0 }, []).runs, 2);
    assert.equal(listRuns(place(host)).length + names.length, 2);
  });

  test('a run that changed its blocks only in part can be taken back as well', async () => {
    const host = new ScriptedHost([9]);
    const { processMadvise } = host.calls;
    host.calls.processMadvise = async (...given) => {
      const done = await processMadvise(...given);
      host.blocks[0] = { ...host.blocks[0], order: 4 };
      return done;
    };
    const { verdicts } = await apply(host, await planFor(host, { split: [0] }));
    assert.deepEqual(
      verdicts.map(({ outcome }) => outcome),
      ['partly'],
    );
    host.nowNs += 1e9;
    assert.equal(keepWithin(place(host), { ...all, age: 0 }, []).runs, 0);
    host.startTicks++;
    assert.equal(keepWithin(place(host), { ...all, age: 0 }, []).runs, 1);
  });

  test('what undo needs goes last, is named, and is told as dropped ever after', async () => {
    const { host, names } = await runs(3);
    host.blocks[0] = { ...host.blocks[0], order: 9, stuck: 'pinned' };
    const plan = await planFor(host, { split: [0], id: 'in vain' });
    const idle = (await apply(host, plan)).run;
    const dropped = keepWithin(place(host), { ...all, runs: 2 }, []);
    assert.deepEqual([dropped.runs, dropped.needed], [2, [names[0]]]);
    assert.ok(!listRuns(place(host)).includes(idle), 'the newest run changed nothing and went before');
    assert.throws(() => namedRun(place(host), names[0]), code('RUN_DROPPED'));
    assert.throws(() => namedRun(place(host), idle), code('RUN_NOT_FOUND'));
    host.write('/state/dropped.json', '{');
    assert.deepEqual(droppedRuns(place(host)), []);
    host.write('/state/dropped.json', '{"octavo":"dropped"}');
    assert.deepEqual(droppedRuns(place(host)), []);
  });

  test('what undo needs stays when its name cannot be kept', async () => {
    const { host, names } = await runs(2);
    host.full = true;
    assert.deepEqual(keepWithin(place(host), { ...all, runs: 1 }, []), { runs: 0, bytes: 0, needed: [] });
    assert.deepEqual(listRuns(place(host)), names);
  });

  test('a run that is going on, that is damaged, or that is taken back right now stays', async () => {
    const { host, names } = await runs(3);
    host.alive = false;
    const text = host.texts.get(journal(names[0])) ?? '';
    host.write(journal(names[0]), text.replace('complete', 'Complete'));
    host.texts.delete(INDEX);
    const second = host.texts.get(journal(names[1])) ?? '';
    host.write(journal(names[1]), second.slice(0, second.lastIndexOf('\n', second.length - 2) + 1));
    // Its process is another one, which lives.
    Object.assign(host.identity, { pid: PID });
    host.alive = true;
    recoverRuns(place(host));
    Object.assign(host.identity, { pid: 1 });
    host.alive = false;
    assert.equal(keepWithin(place(host), { runs: 0, bytes: 0, age: 0 }, [names[2]]).runs, 0);
    assert.deepEqual(listRuns(place(host)), names);
  });

  test('without an index, what the journals say decides, and a bound that is met exactly drops no more', async () => {
    const { host, names } = await runs(3, 86_400_000);
    host.alive = false;
    const bounds = { ...all, bytes: bytesOf(host, names.slice(1)), age: 1.5 * 86_400_000 };
    host.nowNs += 3_600_000 * 1e6;
    const exact = keepWithin(place(host), bounds, []);
    assert.deepEqual([exact.runs, listRuns(place(host))], [1, names.slice(1)], 'by age alone');
    host.texts.delete(INDEX);
    const dropped = keepWithin(place(host), { ...all, runs: 1 }, []);
    assert.deepEqual([dropped, listRuns(place(host))], [{ runs: 2, bytes: 0, needed: [] }, []]);
    assert.deepEqual(keepWithin(place(host), { ...all, age: 0 }, []).runs, 0, 'of none, none');
  });

  test('a single run goes by age as well, and the time is that of its name', async () => {
    const { host } = await runs(1);
    host.startTicks++;
    const [name] = listRuns(place(host));
    const began = Date.parse(name.replace(/^(....)(..)(..)T(..)(..)(..)(...)Z.*/, '$1-$2-$3T$4:$5:$6.$7Z'));
    host.clock.wallMs = () => began + 5000;
    assert.equal(keepWithin(place(host), { ...all, age: 5000 }, []).runs, 0, 'as old as is allowed');
    assert.equal(keepWithin(place(host), { ...all, age: 4999 }, []).runs, 1);
  });

  test('a clock set a year ahead ages runs by a week, and one set back by nothing', async () => {
    const day = 86_400_000;
    const { host, names } = await runs(3, 5 * day);
    host.startTicks++;
    const { wallMs } = host.clock;
    const setBy = (days: number) => {
      host.clock.wallMs = () => wallMs() + days * day;
    };
    const dropped = (days: number) => keepWithin(place(host), { ...all, age: days * day }, []).runs;
    setBy(365);
    assert.equal(dropped(17), 0, 'ages of 7, 12 and 17 days');
    setBy(-365);
    assert.equal(dropped(0), 0, 'what is later than now is new');
    setBy(365);
    assert.deepEqual([dropped(16.99), listRuns(place(host))], [1, names.slice(1)]);
    setBy(0);
    assert.equal(dropped(4), 1, 'where nothing was set, time is what the clock says');
  });

  test('what is kept by default: 10,000 runs, 256 MiB, 90 days', () => {
    assert.deepEqual(DEFAULT_RETENTION, { runs: 10_000, bytes: 268_435_456, age: 7_776_000_000 });
  });

  test('an index that is mostly of dropped runs is written anew', async () => {
    const { host, names } = await runs(3);
    host.alive = false;
    const [line] = (host.texts.get(INDEX) ?? '').split('\n');
    host.write(INDEX, `${`${line}\n`.repeat(200)}${host.texts.get(INDEX)}`);
    keepWithin(place(host), { ...all, runs: 2 }, []);
    const index = RunIndex.read(place(host));
    assert.deepEqual([index.lineCount, index.freshRow(names[2])], [1, summary(host, names[2])]);
  });

  test('apply keeps to the bounds it is given, and never drops itself', async () => {
    const { host } = await runs(3);
    host.blocks[0].order = 9;
    const applied = await apply(host, await planFor(host, { split: [0], id: 'plan-9' }), undefined, {
      ...all,
      runs: 1,
    });
    assert.deepEqual([applied.dropped.runs, listRuns(place(host))], [3, [applied.run]]);
  });
});

test('a name that is a path is no run', () => {
  const host = new ScriptedHost([9]);
  for (const name of ['../runs', '.', 'a/b', ''])
    assert.throws(() => namedRun(place(host), name), code('RUN_NOT_FOUND'), name);
});

test('rows of the index are added together, as many as are held at once', async () => {
  const { host, names } = await runs(3);
  host.texts.delete(INDEX);
  const writes: string[] = [];
  host.beforeWrite = (path) => void writes.push(path);
  recoverRuns(place(host));
  assert.deepEqual(writes, [INDEX]);
  const [row] = names.map((run) => RunIndex.read(place(host)).row(run));
  const many = new ScriptedHost([9]);
  const text = host.texts.get(journal(names[0])) ?? '';
  for (let at = 0; at < 300; at++)
    many.write(journal(`20260101T000000${String(at).padStart(3, '0')}Z-0001`), text);
  many.beforeWrite = (path) => void writes.push(path);
  recoverRuns(place(many));
  assert.equal(writes.length, 1 + 2, '256 and the rest');
  const index = RunIndex.read(place(many));
  assert.deepEqual([index.lineCount, index.has('20260101T000000299Z-0001')], [300, true]);
  assert.ok(row);
});

test('a row whose checksum is right and that is no row counts as none', async () => {
  const { host, names } = await runs(1);
  for (const row of ['[]', '{"damaged":1}', '5', 'null']) {
    host.write(INDEX, lineOf(`${names[0]} 1 1 ${row}`));
    assert.equal(RunIndex.read(place(host)).row(names[0]), undefined, row);
  }
  host.write(INDEX, lineOf(`${names[0]} 1 1 {"damaged":"so"}`));
  assert.deepEqual(RunIndex.read(place(host)).row(names[0]), { damaged: 'so' });
});
