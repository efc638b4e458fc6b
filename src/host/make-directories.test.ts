import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectories } from './make-directories.js';

test('makes what is missing above, and is content with what is there', (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-directories-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const deep = join(folder, 'a/b/c');
  makeDirectories(`${deep}/`, 0o700);
  makeDirectories(deep, 0o700);
  for (const path of ['a', 'a/b', 'a/b/c']) assert.equal(statSync(join(folder, path)).mode & 0o777, 0o700);
  writeFileSync(join(folder, 'file'), '');
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling'));
  assert.throws(() => makeDirectories(join(folder, 'file')), { code: 'EEXIST' });
  assert.throws(() => makeDirectories(join(folder, 'file/x')), { code: 'ENOTDIR' });
  assert.throws(() => makeDirectories(join(folder, 'dangling/x')), { code: 'EEXIST' });
  assert.throws(() => makeDirectories(''), { code: 'ENOENT' });
});

test('a directory that takes none is an answer, not a loop without end', () => {
  const asked = `
    const { LinuxFiles } = await import(${JSON.stringify(import.meta.resolve('./linux/files.js'))});
    console.log(JSON.stringify(new LinuxFiles().makeDirectory('/proc/octavo-no-such/x')));`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', asked], {
    encoding: 'utf8',
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  assert.deepEqual(JSON.parse(stdout || 'null'), {
    ok: false,
    error: { errno: 'ENOENT', call: 'mkdir /proc/octavo-no-such/x' },
  });
});
