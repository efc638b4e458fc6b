/** What journals tell of a block, of a process and of what it gained. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, PROCESS, state } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Plan, Verdict } from '../vocabulary/plan.js';
import { journalPath, listRuns } from './journal.js';
import { blockStory, cameBackOf, gainsOf, recentRuns, runsStory, type Tried } from './story.js';

const request = (host: ScriptedHost, signal = new AbortController().signal) => ({
  place: place(host),
  signal,
});
const all = () => true;

/** Three runs: two blocks split, one made huge again, one refused. */
async function history() {
  const host = new ScriptedHost([9, 9, 0]);
  const runs: string[] = [];
  const act = async (plan: Plan) => {
    host.nowNs += 60e9;
    runs.push((await apply(host, plan)).run);
  };
  await act(await planFor(host, { split: [0, 1], id: 'a' }));
  await act(await planFor(host, { collapse: [0], id: 'b' }));
  const last = await planFor(host, { split: [0], id: 'c' });
  const refused = {
    proposal: { ...last.steps[0].proposal, block: FIRST_BLOCK + 2 },
    code: 'not-able',
    why: 'no',
  } as const;
  const passed = {
    policy: 'named-blocks',
    process: last.steps[0].proposal.process,
    code: 'unknown-heat',
    why: 'why',
    blocks: 5,
    examples: [FIRST_BLOCK + 1],
  };
  const again = [refused, { ...refused, proposal: { ...refused.proposal, block: FIRST_BLOCK + 3 } }];
  await act({ ...last, refused: [...last.refused, ...again], passedOver: [passed] } as unknown as Plan);
  return { host, runs };
}

test('a block’s story is every step on it, newest first, with receipts and verdicts, and what left it alone', async () => {
  const { host, runs } = await history();
  const story = blockStory(request(host), FIRST_BLOCK, PID);
  assert.deepEqual(
    story.tried.map(({ run, step, receipt, verdicts }) => [
      run, step.proposal.action, receipt?.step === step.id && receipt.tried, verdicts.map(({ step, outcome }) => `${step} ${outcome}`),
    ]),
    [
      [runs[2], 'split', true, ['0 met']],
      [runs[1], 'collapse', true, ['0 met']],
      [runs[0], 'split', true, ['0 met']],
    ],
  ); // biome-ignore format: rows
  assert.ok(story.tried[0].atMs > story.tried[1].atMs);
  assert.deepEqual([story.leftAlone, story.damaged], [[], []]);
  const second = blockStory(request(host), FIRST_BLOCK + 1, PID);
  assert.deepEqual(
    second.tried.map(({ run, step }) => [run, step.id]),
    [[runs[0], 1]],
  );
  assert.deepEqual(
    second.tried[0].verdicts.map(({ step }) => step),
    [1],
  );
  assert.equal(second.tried[0].receipt?.step, 1);
  assert.deepEqual(
    second.leftAlone.map(({ run, code, why }) => [run, code, why]),
    [[runs[2], 'unknown-heat', 'why']],
  );
  const third = blockStory(request(host), FIRST_BLOCK + 2, PID);
  assert.deepEqual([third.tried.length, third.leftAlone.map(({ code }) => code)], [0, ['not-able']]);
});

test('of another process it is empty, and without one it is that of all', async () => {
  const { host } = await history();
  const other = blockStory(request(host), FIRST_BLOCK, PID + 1);
  assert.deepEqual([other.tried, other.leftAlone], [[], []]);
  assert.equal(blockStory(request(host), FIRST_BLOCK, undefined).tried.length, 3);
  assert.equal(blockStory(request(host), FIRST_BLOCK + 1, undefined).leftAlone.length, 1);
});

test('runs are read newest first, only those in question, at most a hundred; damaged ones are named', async () => {
  const { host, runs } = await history();
  assert.deepEqual(
    recentRuns(request(host), all).runs.map(({ run }) => run),
    runs.toReversed(),
  );
  const asked: string[] = [];
  const { runs: one } = recentRuns(request(host), (_, run) => asked.push(run) === 2);
  assert.deepEqual([asked, one.map(({ run }) => run)], [runs.toReversed(), [runs[1]]]);
  const path = journalPath(place(host), runs[1]);
  const text = host.texts.get(path) ?? '';
  host.texts.set(path, text.replace(/\n/, 'x\n'));
  const read = recentRuns(request(host), all);
  assert.deepEqual(
    read.runs.map(({ run }) => run),
    [runs[2], runs[0]],
  );
  assert.deepEqual(
    read.damaged.map(({ run }) => run),
    [runs[1]],
  );
  assert.equal(blockStory(request(host), FIRST_BLOCK, PID).damaged.length, 1);
  host.texts.set(path, text);
  const names = Array.from({ length: 120 }, (_, at) => runs[0].replace(/Z-.*$/, `Z-${String(1000 + at)}`));
  for (const name of names)
    host.texts.set(journalPath(place(host), name), host.texts.get(journalPath(place(host), runs[0])) ?? '');
  assert.ok(listRuns(place(host)).length > 100);
  assert.equal(recentRuns(request(host), all).runs.length, 100);
});

test('a stop ends the reading', async () => {
  const { host } = await history();
  const stopped = (problem: unknown) => problem instanceof OctavoError && problem.code === 'STOPPED';
  assert.throws(() => recentRuns(request(host, AbortSignal.abort()), all), stopped);
});

test('the story of runs: all steps, and what the newest left alone by reason, most first', async () => {
  const { host } = await history();
  const { runs } = recentRuns(request(host), all);
  const story = runsStory(runs, all);
  assert.deepEqual([story.runs.length, story.tried.length], [3, 4]);
  assert.deepEqual(story.refusals, [
    { code: 'unknown-heat', blocks: 5, why: 'why' },
    { code: 'not-able', blocks: 2, why: 'no' },
  ]);
  const none = runsStory(runs, () => false);
  assert.deepEqual([none.tried, none.refusals], [[], []]);
});

const tried = (action: string, predicted: number | null, verdicts: readonly Partial<Verdict>[]) =>
  ({
    step: { proposal: { action, process: PROCESS, gain: { returnedBytes: predicted } } },
    verdicts,
  }) as unknown as Tried;

test('gains are those of steps that have both a prediction and a reading', () => {
  const met = (returnedBytes: number | null, outcome: Verdict['outcome'] = 'met') => ({
    outcome,
    returnedBytes,
  });
  const gains = gainsOf([
    tried('split', 100, [met(90)]),
    tried('split', 50, [met(7, 'not-met'), met(20, 'partly')]),
    tried('split', null, [met(1000)]),
    tried('split', 3, [met(null)]),
    tried('split', 5, [met(0, 'not-met')]),
    tried('split', 0, [met(0)]),
  ]);
  assert.deepEqual(gains, { predictedBytes: 150, returnedBytes: 110, steps: 3 });
});

test('what came back is what is present beyond the split, no more than was returned', () => {
  const verdict = { outcome: 'met', before: state('H'), after: state('4*12') } as const;
  const back = (now: number, list = [tried('split', 0, [verdict])]) =>
    cameBackOf(list, { ...state('4'), present: now }, 4096);
  assert.deepEqual(
    [back(12), back(5), back(20), back(512), back(600)],
    [0, 0, 8 * 4096, 500 * 4096, 500 * 4096],
  );
  const grown = { ...verdict, before: state('4*3') };
  assert.equal(back(512, [tried('split', 0, [grown])]), 0);
  assert.equal(back(20, [tried('split', 0, [{ ...verdict, outcome: 'partly' }])]), 8 * 4096);
  assert.equal(back(20, [tried('split', 0, [{ ...verdict, outcome: 'not-met' }])]), undefined);
  assert.equal(back(20, [tried('collapse', 0, [verdict])]), undefined);
  assert.equal(back(20, [tried('collapse', 0, []), tried('split', 0, [verdict])]), 8 * 4096);
  assert.equal(back(20, [tried('collapse', 0, [verdict]), tried('split', 0, [verdict])]), undefined);
  assert.equal(back(20, []), undefined);
});
