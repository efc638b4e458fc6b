import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMirror } from './apt.js';
import { cpioArchive, deviceEntry, ENTRY_MODE } from './cpio.js';

test('an archive holds every parent before its children and is aligned for a second archive behind it', () => {
  const content = Buffer.from('hello');
  const archive = cpioArchive([
    { path: 'a/b/file', mode: ENTRY_MODE.program, content },
    deviceEntry('dev/console', 5, 1),
  ]);
  assert.equal(archive.length % 4, 0);
  const names: string[] = [];
  for (let at = 0; at < archive.length; ) {
    assert.equal(archive.toString('latin1', at, at + 6), '070701');
    const field = (index: number) =>
      Number.parseInt(archive.toString('latin1', at + 6 + index * 8, at + 14 + index * 8), 16);
    const name = archive.toString('latin1', at + 110, at + 110 + field(11) - 1);
    names.push(name);
    const data = at + Math.ceil((110 + field(11)) / 4) * 4;
    if (name === 'a/b/file') assert.equal(archive.toString('latin1', data, data + field(6)), 'hello');
    if (name === 'dev/console') assert.deepEqual([field(9), field(10)], [5, 1]);
    at = data + Math.ceil(field(6) / 4) * 4;
  }
  assert.deepEqual(names, ['a', 'dev', 'a/b', 'a/b/file', 'dev/console', 'TRAILER!!!']);
});

test('the mirror and its keyring come from either format of apt sources, and never from the security archive', () => {
  const modern = `Types: deb
# http://commented.example/debian
URIs: http://security.example/debian-security
Suites: x-security

Types: deb
URIs: http://mirror.example/debian
Suites: x x-updates
Signed-By: /usr/share/keyrings/k.gpg
`;
  assert.deepEqual(findMirror([modern]), {
    uri: 'http://mirror.example/debian',
    keyring: '/usr/share/keyrings/k.gpg',
  });
  const old =
    '# deb http://no.example/debian x main\ndeb [signed-by=/k.gpg arch=amd64] http://old.example/debian/ x main\n';
  assert.deepEqual(findMirror([old]), { uri: 'http://old.example/debian/', keyring: '/k.gpg' });
  assert.equal(findMirror(['deb http://other.example/ubuntu x main']), undefined);
});
