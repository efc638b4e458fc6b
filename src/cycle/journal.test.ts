import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, crashAt, forgetOwner, place, planFor } from '../../test/support/turns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { lookBack } from './aftermath.js';
import { listRuns, openJournal, parsePlan, readRun, tryReadRun } from './journal.js';
import { bodyOf, lineOf, packed, plain, soundLines, unpacked } from './journal-lines.js';
import { asIfRecovered, lastVerdicts, recoverRuns, runState } from './recovery.js';
import { lockState } from './state-lock.js';

/** Whole batches in one go, so that a run can be cut off in the middle of one. */
const UNPACED = { lockUsPerSecond: 0 };

const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;
const path = (run: string) => `/state/runs/${run}/journal.jsonl`;

async function oneRun(blocks = [9]) {
  const host = new ScriptedHost(blocks);
  const { run } = await apply(
    host,
    await planFor(host, { split: blocks.map((_, block) => block), budgets: UNPACED }),
  );
  return { host, run, text: host.texts.get(path(run)) ?? '' };
}

describe('lines', () => {
  test('a record comes back as it was, packed or plain, and packing is shorter for what is long', () => {
    const long = {
      n: 3,
      kind: 'verdicts',
      verdicts: Array(16).fill({ step: 1, outcome: 'met', why: 'größer' }),
    };
    for (const body of [packed(long), plain(long)])
      assert.deepEqual(unpacked(bodyOf(lineOf(body).slice(0, -1)) ?? ''), long);
    assert.ok(packed(long).length * 3 < plain(long).length);
    assert.equal(packed({ n: 1 }), '{"n":1}', 'what is short stays readable');
  });

  test('torn is a line without its end, or one with a hole of zero bytes; all else is damage', () => {
    const whole = lineOf('{"n":0}') + lineOf('{"n":1}');
    assert.deepEqual(soundLines(whole), { bodies: ['{"n":0}', '{"n":1}'], whole, torn: false });
    assert.deepEqual(soundLines(''), { bodies: [], whole: '', torn: false });
    const torn = { bodies: ['{"n":0}', '{"n":1}'], whole, torn: true };
    assert.deepEqual(soundLines(`${whole}1234`), torn);
    assert.deepEqual(soundLines(`${whole}\0\0\0\0\n`), torn);
    assert.deepEqual(soundLines(`${whole}x\n`), { line: 3, problem: 'the checksum does not match' });
    assert.deepEqual(soundLines(`\0\0\n${whole}`), { line: 1, problem: 'the checksum does not match' });
    assert.deepEqual(soundLines(`${whole}\0\0\ntail`), { line: 3, problem: 'the checksum does not match' });
    assert.deepEqual(soundLines(`${whole.slice(0, -1)}*`), {
      line: 2,
      problem: 'its end of line is damaged',
    });
  });
});

describe('reading', () => {
  test('any flipped bit in any byte of a journal is damage, told with its line and how to set the run aside', async () => {
    const { host, run, text } = await oneRun();
    const bytes = Buffer.from(text);
    let flips = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] ^= 1 << bit;
        host.write(path(run), flipped.toString('utf8'));
        const reading = tryReadRun(place(host), run);
        assert.equal(reading.kind, 'damaged', `byte ${at}, bit ${bit}`);
        assert.ok(reading.kind === 'damaged' && reading.problem.code === 'JOURNAL_DAMAGED');
        assert.match(reading.problem.message, /checksum|end of line/, `byte ${at}, bit ${bit}`);
        flips++;
      }
    }
    assert.ok(flips > 4000);
    assert.throws(
      () => readRun(place(host), run),
      (problem) =>
        code('JOURNAL_DAMAGED')(problem) &&
        (problem as OctavoError).advice.includes(`mv /state/runs/${run} /state/${run}.damaged`),
    );
  });

  test('a journal torn at any byte of its last line is read up to there, and nothing is written', async () => {
    const { host, run, text } = await oneRun();
    const lines = text.trimEnd().split('\n').length;
    const lastStart = text.lastIndexOf('\n', text.length - 2) + 1;
    for (let cut = lastStart + 1; cut < text.length; cut++) {
      host.write(path(run), text.slice(0, cut));
      const read = readRun(place(host), run);
      assert.equal(read?.lines, lines - 1, `cut at ${cut}`);
      assert.equal(read?.sound, text.slice(0, lastStart));
      assert.equal(host.texts.get(path(run)), text.slice(0, cut), 'a reader mends nothing');
    }
    host.write(path(run), text.slice(0, lastStart));
    assert.deepEqual(
      [readRun(place(host), run)?.lines, readRun(place(host), run)?.sound],
      [lines - 1, undefined],
    );
  });

  test('its first and last line are for people to read, the plan between them is packed', async () => {
    const { text } = await oneRun();
    const bodies = text
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(9));
    assert.match(bodies[0], /^\{"n":0,"kind":"begin","version":2,/);
    assert.match(bodies[1], /^z/);
    assert.match(bodies.at(-1) ?? '', /^\{"n":\d+,"kind":"end","how":"complete",/);
  });

  test('a torn line is mended by who adds to the journal, and what follows is whole', async () => {
    const { host, run, text } = await oneRun();
    host.write(path(run), text.slice(0, -5));
    const read = readRun(place(host), run);
    assert.ok(read);
    const writer = openJournal(place(host), read);
    writer.write({ kind: 'end', how: 'stopped', why: 'added', atMs: 1 });
    writer.close();
    const records = readRun(place(host), run)?.records ?? [];
    const end = records.at(-1);
    assert.ok(end?.kind === 'end');
    assert.deepEqual([end.how, end.why, end.atMs], ['stopped', 'added', 1]);
  });

  test('a lost, doubled or foreign line is damage although its checksum is right', async () => {
    const { host, run, text } = await oneRun();
    const lines = text.split('\n').slice(0, -1);
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [lines.toSpliced(2, 1), /line 3: it is number 3 where 2 is due/],
      [[...lines.slice(0, 3), lines[2], ...lines.slice(3)], /line 4: it is number 2 where 3 is due/],
      [lines.with(2, lineOf('{"n":2,"kind":"intent"}').trim()), /line 3: /],
      [lines.with(2, lineOf('{"n":2').trim()), /line 3: /],
      [lines.with(2, lineOf('zAAAA').trim()), /line 3: /],
      [
        lines.with(0, lineOf('{"n":0,"kind":"begin","version":3}').trim()),
        /line 1: it is of version 3, and this Octavo reads versions up to 2/,
      ],
      [
        lines.with(0, lineOf('{"n":0,"kind":"end","how":"complete","why":"","atMs":1}').trim()),
        /line 1: a record `end` cannot stand here/,
      ],
      [
        lines.with(1, lineOf('{"n":1,"kind":"end","how":"complete","why":"","atMs":1}').trim()),
        /the plan is missing/,
      ],
      [lines.with(2, lineOf('null').trim()), /line 3: it is number undefined/],
    ];
    for (const [changed, problem] of cases) {
      host.write(path(run), changed.map((line) => `${line}\n`).join(''));
      const reading = tryReadRun(place(host), run);
      assert.ok(reading.kind === 'damaged', String(problem));
      assert.match(reading.problem.message, problem);
    }
  });

  test('a run without a whole beginning did nothing; one that cannot be read is told', async () => {
    const { host, run, text } = await oneRun();
    const [begin] = text.split('\n');
    for (const start of ['', begin.slice(0, 30), `${begin}\n`, `${begin}\n12`]) {
      host.write(path(run), start);
      assert.deepEqual(tryReadRun(place(host), run), { kind: 'absent' });
    }
    assert.equal(readRun(place(host), '20260101T000000000Z-0000'), undefined);
    host.unreadable.set(path(run), 'EIO');
    const reading = tryReadRun(place(host), run);
    assert.ok(reading.kind === 'damaged' && reading.problem.code === 'FILE_UNREADABLE');
    host.unreadable.set('/state/runs', 'EACCES');
    assert.throws(() => listRuns(place(host)), code('FILE_UNREADABLE'));
    host.unreadable.set('/state/runs', 'ENOTDIR');
    assert.deepEqual(listRuns(place(host)), []);
  });

  test('only names of runs are runs, and they sort by time', () => {
    const host = new ScriptedHost([9]);
    for (const name of ['20260102T000000000Z-0001', '20260101T000000000Z-0002', 'notes', 'x.damaged', '.new'])
      host.write(`/state/runs/${name}/journal.jsonl`, '');
    assert.deepEqual(listRuns(place(host)), ['20260101T000000000Z-0002', '20260102T000000000Z-0001']);
  });
});

describe('version 1', () => {
  const RUN = '20260101T000000000Z-0001';

  async function ofVersion1(host: ScriptedHost) {
    const plan = await planFor(host, { split: [0] });
    const { run } = await apply(host, plan);
    const records = readRun(place(host), run)?.records ?? [];
    host.texts.delete(path(run));
    const lines = records
      .filter(({ kind }) => kind !== 'marks')
      .map((record, n) =>
        lineOf(plain({ n, ...record, ...(record.kind === 'begin' ? { version: 1 } : {}) })),
      );
    host.write(path(RUN), lines.join(''));
    const { minFreeBytes, ...budgets } = plan.budgets;
    const older = { ...plan, budgets: { ...budgets, minFreeBlocks: minFreeBytes / (2 << 20) } };
    host.write(`/state/runs/${RUN}/plan.json`, JSON.stringify(older));
    return plan;
  }

  test('is read, with the plan from its own file, and undone like any other', async () => {
    const host = new ScriptedHost([9]);
    const plan = await ofVersion1(host);
    const read = readRun(place(host), RUN);
    assert.deepEqual(read?.plan, plan);
    assert.deepEqual(
      read?.records.map(({ kind }) => kind),
      ['begin', 'intent', 'receipts', 'verdicts', 'end'],
    );
    assert.equal((await apply(host, plan)).doneBefore.length, 1, 'its steps are known as done');
  });

  test('whose plan is missing or no plan is damaged, at its line', async () => {
    const host = new ScriptedHost([9]);
    await ofVersion1(host);
    for (const text of ['{', '{}', undefined]) {
      if (text === undefined) host.texts.delete(`/state/runs/${RUN}/plan.json`);
      else host.write(`/state/runs/${RUN}/plan.json`, text);
      const reading = tryReadRun(place(host), RUN);
      assert.ok(reading.kind === 'damaged');
      assert.deepEqual([reading.problem.code, reading.problem.facts.line], ['JOURNAL_DAMAGED', 1]);
      assert.match(reading.problem.message, /plan\.json is damaged at line 1/);
    }
  });

  test('and version 2 as it was first written are read with guards in blocks', async () => {
    const host = new ScriptedHost([9]);
    const { run } = await apply(host, await planFor(host, { split: [0] }));
    const read = readRun(place(host), run);
    const { minFreeBytes, ...budgets } = read?.plan.budgets ?? { minFreeBytes: 0 };
    const older = { ...read?.plan, budgets: { ...budgets, minFreeBlocks: minFreeBytes / (2 << 20) } };
    const [begin, , ...lines] = (host.texts.get(path(run)) ?? '').split('\n');
    const plan = lineOf(plain({ n: 1, kind: 'plan', plan: older })).trim();
    host.write(path(run), [begin, plan, ...lines].join('\n'));
    assert.deepEqual(readRun(place(host), run), read);
  });

  test('without its plan, or with a damaged one, is damage', async () => {
    const host = new ScriptedHost([9]);
    await ofVersion1(host);
    host.write(`/state/runs/${RUN}/plan.json`, '{"octavo"');
    assert.throws(() => readRun(place(host), RUN), code('JOURNAL_DAMAGED'));
    host.texts.delete(`/state/runs/${RUN}/plan.json`);
    assert.throws(() => readRun(place(host), RUN), /the plan is missing/);
  });
});

describe('a full disk', () => {
  test('before the journal: nothing is done and no run is left behind', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    const lock = lockState(place(host));
    lock.release();
    host.beforeWrite = (file) => {
      host.full = file.endsWith('journal.jsonl');
    };
    await assert.rejects(apply(host, plan), code('FILE_UNWRITABLE'));
    assert.deepEqual([listRuns(place(host)), host.blocks[0].order, host.openFiles], [[], 9, 0]);
    assert.equal(host.texts.has('/state/lock'), false, 'the lock is free again');
  });

  test('in mid-run: what was done is told, recorded or settled, and can be taken back', async () => {
    const cases = [2, 3, 4, 5, 6].flatMap((write) => [
      [write, write],
      [write, Number.POSITIVE_INFINITY],
    ]);
    for (const [write, until] of cases) {
      const host = new ScriptedHost(Array(40).fill(9));
      const plan = await planFor(host, { split: [...Array(40).keys()] });
      let writes = 0;
      host.beforeWrite = (file) => {
        if (file.endsWith('journal.jsonl')) host.full = ++writes >= write && writes <= until;
      };
      const applied = await apply(host, plan).catch((problem) => problem);
      const split = host.blocks.filter(({ order }) => order === 0).length;
      host.beforeWrite = () => undefined;
      host.full = false;
      if (write === 2) {
        assert.ok(code('FILE_UNWRITABLE')(applied));
        assert.deepEqual([split, listRuns(place(host))], [0, []]);
        continue;
      }
      assert.deepEqual(
        [applied.how, applied.failure?.code, applied.closed],
        ['stopped', 'FILE_UNWRITABLE', false],
      );
      assert.equal(applied.verdicts.length, split, `all that was done is told, full at write ${write}`);
      // The same process settles it, or another after its end.
      if (write % 2 === 0) forgetOwner(host);
      recoverRuns(place(host));
      const run = readRun(place(host), applied.run);
      assert.ok(run);
      assert.equal(runState(host, run), 'recovered');
      const met = run.records.flatMap((record) =>
        record.kind === 'verdicts' || record.kind === 'recovered' ? record.verdicts : [],
      );
      assert.equal(met.filter(({ outcome }) => outcome === 'met').length, split);
    }
  });
});

describe('no run is left behind', () => {
  test('by a plan for a process that was restarted, or for an actuator that is not there', async () => {
    const host = new ScriptedHost([9]);
    const plan = await planFor(host, { split: [0] });
    const foreign = { ...plan, steps: plan.steps.map((step) => ({ ...step, actuator: 'wand' })) };
    await assert.rejects(apply(host, foreign), code('ABILITY_MISSING'));
    host.startTicks = 6000;
    await assert.rejects(apply(host, plan), code('PLAN_STALE'));
    assert.equal(host.openHandles, 0);
    assert.deepEqual(listRuns(place(host)), []);
    assert.deepEqual(
      [...host.texts.keys()].filter((name) => name.startsWith('/state/')),
      [],
    );
  });

  test('but a failure after the first act is an outcome, and the run stays', async () => {
    const host = new ScriptedHost(Array(20).fill(9));
    const plan = await planFor(host, { split: [...Array(20).keys()], budgets: UNPACED });
    host.failAdvice = (call) => {
      if (call > 2)
        throw new OctavoError('PERMISSION', { call: 'process_madvise', errno: 'EPERM', needs: 'CAP' });
    };
    const applied = await apply(host, plan);
    assert.deepEqual([applied.how, applied.failure?.code, applied.closed], ['stopped', 'PERMISSION', true]);
    const run = readRun(place(host), applied.run);
    assert.ok(run);
    assert.deepEqual([runState(host, run), listRuns(place(host)).length], ['stopped', 1]);
    assert.equal(host.openHandles, 0, 'no process stays open');
    const split = host.blocks.filter(({ order }) => order === 0).length;
    assert.deepEqual([split, applied.verdicts.length], [16, 20], 'what the actuator left is judged as well');
    const journalled = [...lastVerdicts(run).values()].filter(({ outcome }) => outcome === 'met');
    assert.equal(journalled.length, split);
  });

  test('and a bug that shows after the first act is thrown, with the run left for the recovery', async () => {
    const host = new ScriptedHost(Array(20).fill(9));
    const plan = await planFor(host, { split: [...Array(20).keys()], budgets: UNPACED });
    host.failAdvice = (call) => {
      if (call > 2) throw new TypeError('a bug');
    };
    await assert.rejects(apply(host, plan), /a bug/);
    assert.equal(host.texts.has('/state/lock'), false);
    const [{ verdicts }] = recoverRuns(place(host)).recovered;
    assert.deepEqual(
      verdicts.map(({ outcome }) => outcome),
      Array(4).fill('not-met'),
    );
  });
});

describe('damage in one run', () => {
  test('stops neither apply, recovery, a look back nor an index, and is named each time', async () => {
    const host = new ScriptedHost([9, 9, 9]);
    const { run } = await apply(host, await planFor(host, { split: [0], id: 'plan-1' }));
    host.write(path(run), (host.texts.get(path(run)) ?? '').replace('intent', 'intenT').replace('z', 'y'));
    for (const block of [1, 2]) {
      const applied = await apply(host, await planFor(host, { split: [block], id: `plan-${block + 1}` }));
      assert.equal(applied.how, 'complete');
      assert.deepEqual(
        applied.damaged.map((one) => one.run),
        [run],
      );
    }
    host.texts.delete('/state/runs.index');
    const process = { pid: 100, startTicks: 5000, command: 'db', cgroup: '/' };
    assert.deepEqual(
      lookBack(place(host), [process]).damaged.map((one) => one.run),
      [run],
    );
    host.texts.delete(path(run));
    assert.deepEqual(recoverRuns(place(host)).damaged, [], 'set aside, it is not named any more');
  });

  test('in an unfinished run settles nothing of it and everything else', async () => {
    const host = new ScriptedHost([9, 9]);
    await crashAt(host, 4, async () => apply(host, await planFor(host, { split: [0], id: 'plan-1' })));
    const [first] = listRuns(place(host));
    host.texts.delete('/state/lock');
    host.write(path(first), `x${host.texts.get(path(first))}`);
    host.nowNs += 5e9;
    await crashAt(host, 4, async () => apply(host, await planFor(host, { split: [1], id: 'plan-2' })));
    host.texts.delete('/state/lock');
    forgetOwner(host);
    const { recovered, damaged } = recoverRuns(place(host));
    assert.deepEqual(
      [recovered.map(({ run }) => run), damaged.map(({ run }) => run)],
      [[listRuns(place(host))[1]], [first]],
    );
  });
});

describe('recovery', () => {
  async function killed(write: number, blocks = [9, 9]) {
    const host = new ScriptedHost(blocks);
    const plan = await planFor(host, { split: blocks.map((_, block) => block), budgets: UNPACED });
    assert.ok(await crashAt(host, write, () => apply(host, plan)));
    host.texts.delete('/state/lock');
    return { host, run: listRuns(place(host))[0] };
  }

  test('cut off at any write, it is done once all the same', async () => {
    for (let write = 1; write < 9; write++) {
      const { host, run } = await killed(4);
      forgetOwner(host);
      if (!(await crashAt(host, write, async () => recoverRuns(place(host))))) break;
      recoverRuns(place(host));
      const records = readRun(place(host), run)?.records ?? [];
      const judged = records.flatMap((record) =>
        record.kind === 'recovered' ? record.verdicts.map(({ step }) => step) : [],
      );
      assert.deepEqual(judged, [0, 1], `cut at write ${write}`);
      assert.equal(records.filter(({ kind }) => kind === 'end').length, 1);
    }
  });

  test('judges a step that was announced twice once, and one with a verdict not at all', async () => {
    const { host, run } = await killed(4);
    const read = readRun(place(host), run);
    assert.ok(read);
    const intent = read.records.find((record) => record.kind === 'intent');
    assert.ok(intent?.kind === 'intent');
    const writer = openJournal(place(host), read);
    writer.write(intent);
    writer.close();
    forgetOwner(host);
    const [{ verdicts }] = recoverRuns(place(host)).recovered;
    assert.deepEqual(
      verdicts.map(({ step }) => step),
      [0, 1],
    );
    assert.deepEqual(recoverRuns(place(host)).recovered, []);
  });

  test('those who only look get the same verdicts, and nothing is written', async () => {
    const { host, run } = await killed(4);
    forgetOwner(host);
    const before = new Map(host.texts);
    const read = readRun(place(host), run);
    assert.ok(read);
    const looked = asIfRecovered(host, read);
    assert.deepEqual(host.texts, before);
    const last = looked.records.at(-1);
    assert.ok(last?.kind === 'recovered');
    const [settled] = recoverRuns(place(host)).recovered;
    assert.deepEqual(
      last.verdicts.map(({ step, outcome }) => [step, outcome]),
      settled.verdicts.map(({ step, outcome }) => [step, outcome]),
    );
    const now = readRun(place(host), run);
    assert.ok(now);
    assert.equal(asIfRecovered(host, now), now, 'an ended run is as it is');
  });

  test('of a process that may not be looked into leaves the run open and names it', async () => {
    const { host, run } = await killed(4);
    forgetOwner(host);
    host.unreadable.set('/proc/100/smaps', 'EACCES');
    const { recovered, damaged } = recoverRuns(place(host));
    assert.deepEqual(
      [recovered, damaged.map((one) => [one.run, one.problem.code])],
      [[], [[run, 'PERMISSION']]],
    );
    const read = readRun(place(host), run);
    assert.ok(read);
    assert.deepEqual(asIfRecovered(host, read).records.at(-1), {
      kind: 'recovered',
      verdicts: [],
      atMs: host.clock.wallMs(),
    });
    host.unreadable.clear();
    assert.equal(recoverRuns(place(host)).recovered.length, 1, 'once it may, it is settled');
    assert.equal(host.openFiles, 0);
  });

  test('of a process that has ended, or of another boot, says that the memory is gone', async () => {
    for (const end of ['process', 'boot', 'pid reused'] as const) {
      const { host } = await killed(4);
      forgetOwner(host);
      if (end === 'process') host.alive = false;
      if (end === 'boot') Object.assign(host.identity, { bootId: 'boot-2' });
      if (end === 'pid reused') host.startTicks++;
      const [{ verdicts }] = recoverRuns(place(host)).recovered;
      assert.deepEqual(
        verdicts.map(({ cause }) => cause),
        ['target-gone', 'target-gone'],
        end,
      );
    }
  });

  test('removes what ended before its journal began, and nothing else', async () => {
    const host = new ScriptedHost([9]);
    const names = ['20260101T000000000Z-0001', 'notes'];
    for (const name of names) host.write(`/state/runs/${name}/journal.jsonl`, '');
    recoverRuns(place(host));
    assert.deepEqual(
      [...host.texts.keys()].filter((name) => name.startsWith('/state/runs/')),
      ['/state/runs/notes/journal.jsonl'],
    );
  });

  test('leaves a run alone whose process lives, and so does a look back', async () => {
    const { host, run } = await killed(5);
    Object.assign(host.identity, { pid: PID });
    const before = host.texts.get(path(run));
    host.blocks[0].order = 9;
    host.blocks[0].frame += 512;
    assert.deepEqual(recoverRuns(place(host)).recovered, []);
    const looked = lookBack(place(host), [{ pid: 100, startTicks: 5000, command: 'db', cgroup: '/' }]);
    assert.deepEqual([looked.undone, host.texts.get(path(run))], [[], before]);
  });
});

test('a plan file that is no JSON or no plan is told with its place', () => {
  assert.throws(() => parsePlan('{', 'p.json'), /p.json is no plan: .* at line \d+, column \d+/);
  assert.throws(() => parsePlan('[]', 'p.json'), /at the top level/);
  assert.throws(() => parsePlan('{"octavo":"plan"}', 'p.json'), /at version/);
});
