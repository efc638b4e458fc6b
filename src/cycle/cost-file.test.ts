import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, place, planFor } from '../../test/support/turns.js';
import { readCosts } from './cost-file.js';

const PATH = '/state/costs.json';

async function collapsed(host: ScriptedHost, id: string) {
  const plan = await planFor(host, { collapse: [...Array(8).keys()], id });
  await apply(host, plan);
  return plan;
}

test('a plan after a run expects what the run measured; before, it says that it assumes', async () => {
  const host = new ScriptedHost(Array(8).fill(0));
  host.advising = [5_700_000];
  const first = await collapsed(host, 'plan-1');
  assert.ok(first.steps.every(({ proposal }) => proposal.cost.measured === undefined));
  for (const block of host.blocks) block.order = 0;
  const { book, notes } = readCosts(place(host));
  assert.deepEqual(notes, []);
  const second = await planFor(host, { collapse: [0], costs: book });
  const { cost } = second.steps[0].proposal;
  assert.equal(Math.round(cost.durationUs / 100), 57);
  assert.equal(cost.measured?.steps, 8);
  assert.equal(book.runs[0].known, 0);
});

test('who only looks writes nothing, and a run that did nothing leaves the book alone', async () => {
  const host = new ScriptedHost([9]);
  let writes = 0;
  host.beforeWrite = (path) => {
    if (path === PATH) writes++;
  };
  readCosts(place(host));
  await planFor(host, { split: [0] });
  host.alive = false;
  host.texts.set(PATH, 'damaged');
  readCosts(place(host));
  assert.equal(writes, 0);
  assert.equal(host.texts.get(PATH), 'damaged');
});

test('a damaged book, or one of another version, is told and begun anew by the next run', async () => {
  for (const text of [
    '',
    '{',
    'null',
    '{"octavo":"costs","version":2,"kinds":[],"runs":[]}',
    '{"octavo":"costs"}',
  ]) {
    const host = new ScriptedHost(Array(8).fill(0));
    host.texts.set(PATH, text);
    const { book, notes } = readCosts(place(host));
    assert.deepEqual(book.document().kinds, []);
    assert.match(notes[0], /costs\.json cannot be used/);
    host.advising = [5_700_000];
    await collapsed(host, 'plan-1');
    assert.deepEqual(readCosts(place(host)).notes, []);
    assert.equal(readCosts(place(host)).book.runs.length, 1);
  }
});

test('a book that cannot be kept does not fail the run', async () => {
  const host = new ScriptedHost(Array(8).fill(0));
  const { writeFile } = host.files;
  host.files.writeFile = (path, content) =>
    path === PATH
      ? { ok: false, error: { errno: 'ENOSPC', call: `write ${path}` } }
      : writeFile(path, content);
  const plan = await planFor(host, { collapse: [0, 1, 2] });
  assert.equal((await apply(host, plan)).how, 'complete');
  assert.deepEqual(readCosts(place(host)).book.runs, []);
});
