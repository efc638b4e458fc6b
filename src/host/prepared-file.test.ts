import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { preparedFile, writeOut } from './prepared-file.js';
import { isNoTerminal } from './terminals.js';

function inFolder(act: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-prepared-'));
  try {
    act(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('what was prepared is read beside the program, and a damaged or absent file is none', () => {
  inFolder((folder) => {
    const beside = pathToFileURL(join(folder, 'program.js')).href;
    assert.equal(preparedFile(beside), undefined);
    writeFileSync(join(folder, 'prepared.json.gz'), gzipSync('{"a": [1]}'));
    assert.deepEqual(preparedFile(beside), { a: [1] });
    writeFileSync(join(folder, 'prepared.json.gz'), gzipSync('{"a": [1'));
    assert.equal(preparedFile(beside), undefined);
    writeFileSync(join(folder, 'prepared.json.gz'), 'no gzip');
    assert.equal(preparedFile(beside), undefined);
  });
});

test('files, pipes and devices of memory are no terminal; other devices and closed files may be one', () => {
  const of = (path: string) => {
    const descriptor = openSync(path, 'r');
    const answer = isNoTerminal(descriptor);
    closeSync(descriptor);
    return answer;
  };
  assert.deepEqual(
    [of('/dev/null'), of('/dev/full'), of('/proc/self/status'), of('/')],
    [true, true, true, true],
  );
  assert.equal(of('/dev/ptmx'), false);
  assert.equal(isNoTerminal(1_000_000), false);
});

test('a text is written whole, and the name of an error says why it was not', () => {
  inFolder((folder) => {
    const path = join(folder, 'out');
    const descriptor = openSync(path, 'w');
    assert.equal(writeOut(descriptor, 'käse'.repeat(100_000)), undefined);
    assert.equal(writeOut(descriptor, ''), undefined);
    closeSync(descriptor);
    assert.equal(readFileSync(path, 'utf8'), 'käse'.repeat(100_000));
  });
  const full = openSync('/dev/full', 'w');
  assert.equal(writeOut(full, 'x'), 'ENOSPC');
  closeSync(full);
  assert.equal(writeOut(1_000_000, 'x'), 'EBADF');
});

test('a full pipe that does not block is waited for', { timeout: 20_000 }, async () => {
  const module = new URL('./prepared-file.js', import.meta.url).href;
  // Node sets pipes of its streams to non-blocking: the first write to process.stdout does so here.
  const text = `
    const { writeOut } = await import(${JSON.stringify(module)});
    process.stdout._handle.setBlocking(false);
    process.exitCode = writeOut(1, 'x'.repeat(1 << 20)) === undefined ? 0 : 1;`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', text], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => setTimeout(resolve, 300));
  let bytes = 0;
  child.stdout.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length;
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.deepEqual([code, bytes], [0, 1 << 20]);
});
