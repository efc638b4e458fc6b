import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { fromNote, ignores, takeInherited } from './inherited.js';

test('the launcher’s note is read: two masks, the limit, and the files that are still open', () => {
  const open = openSync('/dev/null', 'r');
  const noted = fromNote(`0000000000000005:00000000ffff0000:1024: 0 ${open} 12345`);
  closeSync(open);
  assert.deepEqual(noted, { ignored: 5n, blocked: 0xffff0000n, openFiles: 1024n, files: [0, open] });
});

test('no limit is the largest', () => {
  assert.equal(fromNote('0:0:unlimited:')?.openFiles, 2n ** 64n - 1n);
});

test('anything else is no note', () => {
  for (const text of [
    '',
    '0',
    '0:0',
    '0:0:1024',
    'x:0:1024:',
    '0:0:-1:',
    '0:0:1:a',
    '00000000000000000:0:1:',
  ])
    assert.equal(fromNote(text), undefined, text);
});

test('a signal is ignored by its bit', () => {
  const { ignored } = fromNote('0000000000004001:0:1:') ?? assert.fail();
  const given = { ignored, blocked: 0n, openFiles: undefined, files: [] };
  assert.deepEqual(
    [1, 2, 14, 15, 16].map((signal) => ignores(given, signal)),
    [true, false, false, true, false],
  );
});

test('the note is taken out of the environment', () => {
  process.env.OCTAVO_INHERITED = '1:0:77:0';
  assert.deepEqual(takeInherited(), { ignored: 1n, blocked: 0n, openFiles: 77n, files: [0] });
  assert.equal(process.env.OCTAVO_INHERITED, undefined);
});

test('without a note, nohup as the last command of the shell is a sign', () => {
  const before = process.env._;
  process.env._ = '/usr/bin/nohup';
  assert.equal(takeInherited().ignored, 1n);
  process.env._ = '/usr/bin/not-nohup';
  assert.equal(takeInherited().ignored & ~1n, 0n);
  delete process.env._;
  assert.equal(takeInherited().ignored & ~1n, 0n);
  if (before === undefined) delete process.env._;
  else process.env._ = before;
});

test('without a note, Node’s own files are told from inherited ones', () => {
  const own = openSync('/dev/null', 'r');
  const { files } = takeInherited();
  closeSync(own);
  assert.ok(files.includes(0) && files.includes(1) && files.includes(2) && files.includes(own));
  assert.equal(new Set(files).size, files.length);
});

test('a damaged note counts as none', () => {
  process.env.OCTAVO_INHERITED = 'nonsense';
  const { files } = takeInherited();
  assert.ok(files.includes(1));
});
