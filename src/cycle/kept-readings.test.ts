import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { applyAny, place as placeOf, planFor } from '../../test/support/turns.js';
import { journalPath, listRuns, type ReadRun, readRun } from './journal.js';
import { KeptReadings } from './kept-readings.js';

test('a run is read once, as long as its journal stays as it is', async () => {
  const host = new ScriptedHost([9, 9]);
  const place = { ...placeOf(host), kept: new KeptReadings<ReadRun>() };
  await applyAny(host, await planFor(host, { split: [0] }));
  const [name] = listRuns(place);
  const first = readRun(place, name);
  assert.ok(first);
  assert.equal(readRun(place, name), first, 'the very same');
  assert.notEqual(readRun({ ...place, kept: new KeptReadings<ReadRun>() }, name), first);
  const path = journalPath(place, name);
  const text = host.texts.get(path) ?? '';
  host.texts.set(path, `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`);
  const shorter = readRun(place, name);
  assert.notEqual(shorter, first);
  assert.equal(shorter?.lines, first.lines - 1);
});

test('what is kept is bounded by its text and what was read of it', () => {
  const kept = new KeptReadings<ReadRun>();
  const run = { run: 'x' } as unknown as ReadRun;
  const most = 'a'.repeat(2_400_000);
  kept.keep('one', most, run);
  kept.keep('two', most, run);
  assert.deepEqual([kept.of('one', most), kept.of('two', most)], [undefined, run]);
  const huge = 'b'.repeat(5_000_000);
  kept.keep('huge', huge, run);
  assert.equal(kept.of('huge', huge), undefined);
  assert.equal(kept.of('two', most), run);
  kept.keep('two', 'short', run);
  assert.equal(kept.bytes, 'short'.length + JSON.stringify(run).length);
});

test('journals are kept by what they unpack to, however many runs an agent makes', async () => {
  const blocks = 64;
  const host = new ScriptedHost(Array.from({ length: blocks }, () => 9));
  const kept = new KeptReadings<ReadRun>();
  const place = { ...placeOf(host), kept };
  const split = Array.from({ length: blocks }, (_, index) => index);
  for (let turn = 0; turn < 24; turn++) {
    const plan = await planFor(host, { split, id: `plan-${turn}`, budgets: { lockUsPerSecond: 0 } });
    await applyAny(host, plan);
    for (const block of host.blocks) block.order = 9;
    host.nowNs += 1e9;
  }
  const names = listRuns(place);
  const runs = names.map((name) => readRun(place, name));
  const all = runs.reduce((sum, run) => sum + JSON.stringify(run).length, 0);
  const text = names.reduce((sum, name) => sum + (host.texts.get(journalPath(place, name))?.length ?? 0), 0);
  assert.ok(text < 2 ** 20 && all > 2 ** 22, `${text} of text, ${all} of what it says`);
  const held = names.flatMap((name) => {
    const found = kept.of(journalPath(place, name), host.texts.get(journalPath(place, name)) ?? '');
    return found === undefined ? [] : [found];
  });
  const bytes = held.reduce((sum, run) => sum + JSON.stringify(run).length, 0);
  assert.ok(held.length > 4 && bytes <= 2 ** 22, `${held.length} runs of ${bytes} bytes`);
});
