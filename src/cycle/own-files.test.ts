/** Every file of the state directory may be something else than a file: nobody waits for it, and a turn goes on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { identityOf } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import { lookBack, readFeuds, readRegrets } from './aftermath.js';
import { keepBeliefs, readBeliefs } from './belief-file.js';
import { learnCosts, readCosts } from './cost-file.js';
import { droppedRuns, remember } from './dropped-runs.js';
import { readWatches } from './feuds.js';
import { tryReadRun } from './journal.js';
import { recoverRuns } from './recovery.js';
import { endedSummary } from './run-end.js';
import { RunIndex } from './run-index.js';

/** A host whose file is a pipe: to read, open or write it would wait for ever. */
function withPipe(name: string, host: ScriptedHost): ScriptedHost {
  const path = `/state/${name}`;
  const { files } = host;
  const { status } = files;
  files.status = (asked) =>
    asked === path
      ? { ok: true, value: { kind: 'other', mode: 0o600, bytes: 0, modifiedMs: 0 } }
      : status(asked);
  const guarded = <Given extends unknown[], Value>(call: (asked: string, ...given: Given) => Value) =>
    (asked: string, ...given: Given): Value => {
      assert.notEqual(asked, path, 'waits for ever');
      return call(asked, ...given);
    }; // biome-ignore format: one function
  for (const call of ['readText', 'readBytes', 'open', 'writeFile', 'appendTo'] as const)
    Object.assign(files, { [call]: guarded(files[call] as (asked: string) => unknown) });
  return host;
}

async function afterOneRun() {
  const host = new ScriptedHost([9, 9]);
  const plan = await planFor(host, { split: [0] });
  const applied = await apply(host, plan);
  return { host, plan, applied };
}

for (const name of [
  'beliefs',
  'costs.json',
  'feuds.json',
  'regrets.json',
  'watches.json',
  'runs.index',
  'dropped.json',
]) {
  test(`${name} that is a pipe is read as absent, and written never`, async () => {
    const { host, plan, applied } = await afterOneRun();
    const on = place(withPipe(name, host));
    const { beliefs } = readBeliefs(on);
    const notes = keepBeliefs(on, beliefs);
    assert.equal(notes.length, name === 'beliefs' ? 1 : 0, notes.join());
    readCosts(on);
    learnCosts(on, plan, applied.receipts);
    assert.deepEqual([readFeuds(on).size, readRegrets(on).size, droppedRuns(on).length], [0, 0, 0]);
    readWatches(on);
    assert.equal(remember(on, ['a']), name !== 'dropped.json');
    recoverRuns(on);
    const index = RunIndex.read(on);
    assert.equal(index.has(applied.run), name !== 'runs.index');
    index.rewrite([applied.run]);
    host.blocks[0].order = 9;
    try {
      assert.equal(lookBack(on, [identityOf(host, PID)]).undone.length, 1);
    } catch (problem) {
      assert.ok(problem instanceof OctavoError && problem.code === 'FILE_UNWRITABLE', String(problem));
    }
  });
}

test('a journal that is a pipe is damage of that run alone', async () => {
  const { host, applied } = await afterOneRun();
  const on = place(withPipe(`runs/${applied.run}/journal.jsonl`, host));
  const reading = tryReadRun(on, applied.run);
  assert.equal(reading.kind === 'damaged' && reading.problem.code, 'FILE_UNREADABLE');
  assert.equal(endedSummary(on, applied.run), undefined);
});
