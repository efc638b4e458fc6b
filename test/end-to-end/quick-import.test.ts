/** A short import runs on the main thread: what it tells, writes and ends with is what the other thread's would be. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { MAIN } from './octavo.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-quick-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

function recording(name: string, threads: number, samples = 9000): string {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, size: 112 });
  builder.comm(7, 7, 'db').mmap2(7, 0x7f00_0000_0000n, 0x800000n, '//anon');
  for (let number = 0; number < samples; number++) {
    const addr = 0x7f00_0000_0000n + BigInt((number * 7919) % 2048) * 4096n;
    builder.sample({ pid: 7, tid: 7 + (number % threads), time: BigInt(1000 * number), addr });
  }
  writeFileSync(at(name), builder.file());
  return at(name);
}

const file = recording('a.data', 3);
/** An option that a plain import has not, and that changes nothing. */
const BY_THREAD = ['--max-memory', '512MiB'];

function run(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

test('it tells and writes the same as on a thread of its own', () => {
  for (const more of [[], ['--json']]) {
    const quick = run('import', file, ...more);
    assert.equal(quick.status, 0, quick.stderr);
    assert.deepEqual(quick, run('import', file, ...more, ...BY_THREAD));
  }
  assert.equal(run('import', file, '--out', at('heat')).status, 0);
  const quick = readFileSync(at('heat'));
  assert.equal(run('import', file, '--out', at('heat'), ...BY_THREAD).status, 0);
  assert.ok(quick.equals(readFileSync(at('heat'))));
});

test('it fails as the other one does, with --json as well', () => {
  const broken = readFileSync(file);
  broken.writeBigUInt64LE(3n, 16);
  writeFileSync(at('broken.data'), broken);
  for (const more of [[], ['--json']])
    for (const paths of [[at('broken.data')], [file, file], [file, '--out', at('none/heat')]]) {
      const quick = run('import', ...paths, ...more);
      assert.notEqual(quick.status, 0);
      assert.deepEqual(quick, run('import', ...paths, ...more, ...BY_THREAD));
    }
});

test('nobody who reads its output is no failure', async () => {
  const child = spawn(process.execPath, [MAIN, 'import', recording('closed.data', 9000), '--json'], { stdio: ['ignore', 'pipe', 'pipe'] }); // biome-ignore format: one call
  child.stdout.destroy();
  const [code] = await new Promise<[number | null]>((resolve) =>
    child.once('close', (...all) => resolve([all[0]])),
  );
  assert.equal(code, 0);
});

test('a signal ends it with 130 while it waits for somebody to read its output', async () => {
  const child = spawn(process.execPath, [MAIN, 'import', recording('many.data', 60_000, 60_000), '--json'], { stdio: ['ignore', 'pipe', 'pipe'] }); // biome-ignore format: one call
  const ended = new Promise<[number | null, string | null]>((resolve) =>
    child.once('exit', (code, signal) => resolve([code, signal])),
  );
  let told = '';
  child.stderr.on('data', (piece) => {
    told += piece;
  });
  // A megabyte does not fit between them: it waits once the first piece is there.
  await new Promise((resolve) => child.stdout.once('readable', resolve));
  await sleep(300);
  child.kill('SIGTERM');
  assert.deepEqual(await ended, [130, null]);
  assert.match(told, /STOPPED_MIDWAY/);
});
