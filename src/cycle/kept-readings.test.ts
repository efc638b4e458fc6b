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

test('what is kept is bounded by its text', () => {
  const kept = new KeptReadings<ReadRun>();
  const run = { run: 'x' } as unknown as ReadRun;
  const half = 'a'.repeat(600_000);
  kept.keep('one', half, run);
  kept.keep('two', half, run);
  assert.deepEqual([kept.of('one', half), kept.of('two', half)], [undefined, run]);
  kept.keep('huge', 'b'.repeat(2_000_000), run);
  assert.equal(kept.of('huge', 'b'.repeat(2_000_000)), undefined);
  assert.equal(kept.of('two', half), run);
});
