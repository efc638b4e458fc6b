import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { countHeldIn } from './held.js';
import { linuxHost } from './linux-host.js';
import { SharedState } from './shared-state.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-held-'));
after(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);
const { files, calls } = linuxHost();

let state: SharedState;
let told: string[];
beforeEach(() => {
  state = new SharedState();
  told = [];
  countHeldIn(state, (path, held) => told.push(`${held ? '+' : '-'}${path.slice(directory.length + 1)}`));
});

test('looking holds nothing', () => {
  files.list(directory);
  files.readText(at('none'));
  files.status(directory);
  files.canWrite(at('none'));
  assert.equal(state.holds, false);
  assert.equal(state.mayEnd(), true);
});

test('a file that is replaced, a directory and a removal are held for the time of the act', () => {
  assert.ok(files.writeFile(at('file'), 'x').ok);
  assert.ok(files.makeDirectory(at('folder')).ok);
  assert.ok(files.remove(at('folder')).ok);
  assert.ok(!files.remove(at('folder')).ok);
  assert.ok(files.createExclusive(at('record.json'), 'x').ok);
  assert.equal(state.holds, false);
  assert.deepEqual(told, []);
});

test('a journal is held until it is closed', () => {
  const journal = files.appendTo(at('journal'));
  assert.ok(journal.ok);
  assert.equal(state.holds, true);
  journal.value.close();
  assert.equal(state.holds, false);
  assert.ok(!files.appendTo(at('no/journal')).ok);
  assert.equal(state.holds, false);
});

test('a lock alone holds up nobody, but is told', () => {
  assert.ok(files.createExclusive(at('lock'), 'x').ok);
  assert.equal(state.holds, false);
  assert.deepEqual(told, ['+lock']);
  assert.ok(!files.createExclusive(at('lock'), 'x').ok, 'a second time');
  assert.deepEqual(told, ['+lock', '+lock']);
  files.remove(at('lock'));
  assert.deepEqual(told.at(-1), '-lock');
  assert.equal(state.holds, false);
});

test('a lock that somebody else has is not ours', () => {
  writeFileSync(at('damon.lock'), 'x');
  assert.ok(!files.createExclusive(at('damon.lock'), 'x').ok);
  assert.deepEqual(told, ['+damon.lock', '-damon.lock']);
});

test('what is changed under locks is held until the last of them is given up', () => {
  files.createExclusive(at('a.lock'), 'x');
  files.createExclusive(at('b.lock'), 'x');
  writeFileSync(at('knob'), '');
  assert.ok(files.writeKernelFile(at('knob'), '1').ok);
  assert.ok(files.writeKernelFile(at('knob'), '0').ok);
  assert.equal(state.holds, true);
  files.remove(at('a.lock'));
  assert.equal(state.holds, true);
  files.remove(at('b.lock'));
  assert.equal(state.holds, false);
});

test('a child is held until it has ended, and one that cannot be started is not', async () => {
  assert.ok(!calls.start('no-such-program', []).ok);
  assert.equal(state.holds, false);
  const child = calls.start('sleep', ['60']);
  assert.ok(child.ok);
  assert.equal(state.holds, true);
  child.value.signal('SIGTERM');
  assert.equal(await child.value.ended, 'SIGTERM');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(state.holds, false);
  child.value.signal('SIGTERM');
});

test('a change without a lock is held for good', () => {
  writeFileSync(at('knob'), '');
  assert.ok(files.writeKernelFile(at('knob'), '1').ok);
  assert.equal(state.holds, true);
  assert.equal(state.mayEnd(), false);
});
