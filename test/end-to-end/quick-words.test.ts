/** Which imports the main thread runs itself: plain ones of short, ordinary recordings. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { plainImport } from '../../src/quick.js';
import { PerfBuilder } from '../support/perf-builder.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-quick-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const bytes = new PerfBuilder()
  .attr({ sampleType: F.tid | F.addr })
  .sample({ pid: 7, addr: 4096n })
  .file();
writeFileSync(at('a.data'), bytes);
writeFileSync(at('b.data'), bytes);
const [a, b] = [at('a.data'), at('b.data')];

test('a plain import of ordinary recordings is one, wherever its options stand', () => {
  assert.deepEqual(plainImport(['import', a]), { recordings: [a], json: false });
  assert.deepEqual(plainImport(['import', a, b, '--json']), { recordings: [a, b], json: true });
  assert.deepEqual(plainImport(['import', '--out', at('new'), a]), {
    recordings: [a],
    json: false,
    out: at('new'),
  });
  assert.deepEqual(plainImport(['import', a, '--out', b]), { recordings: [a], json: false, out: b });
  symlinkSync(a, at('link'));
  assert.ok(plainImport(['import', at('link')]));
});

test('any other option, or none that could be one, is left to the parser', () => {
  for (const words of [
    ['plan', a],
    ['import'],
    ['import', '--out', at('new')],
    ['import', a, '--out'],
    ['import', a, '--out', '-'],
    ['import', a, '--out', '--json'],
    ['import', a, '--out', at('x'), '--out', at('y')],
    ['import', a, '--out='],
    ['import', a, '--json', '--json'],
    ['import', a, '--by', 'source'],
    ['import', a, '--', b],
    ['import', '-'],
    ['import', a, '-'],
    ['import', ''],
    [],
  ])
    assert.equal(plainImport(words), undefined, words.join(' '));
});

test('what may take long, or may never come, is left to the other thread', () => {
  const changed = (name: string, change: (copy: Uint8Array) => Uint8Array) => {
    writeFileSync(at(name), change(bytes.slice()));
    return at(name);
  };
  const compressed = changed('compressed', (copy) => {
    copy[75] |= 8;
    return copy;
  });
  const text = changed('text', () =>
    new TextEncoder().encode(`${'db 7/7 1.0: 1 page-faults: 1000\n'.repeat(20)}`),
  );
  const pipe = changed('pipe', () => new PerfBuilder().attr({ sampleType: F.addr }).pipe().subarray(0, 60));
  const long = at('long');
  writeFileSync(long, bytes);
  const descriptor = openSync(long, 'r+');
  ftruncateSync(descriptor, (128 << 20) + 1);
  closeSync(descriptor);
  mkdirSync(at('directory'));
  spawnSync('mkfifo', [at('fifo')]);
  for (const path of [compressed, text, pipe, long, at('directory'), at('fifo'), at('absent'), '/dev/zero'])
    assert.equal(plainImport(['import', path]), undefined, path);
  assert.equal(plainImport(['import', a, '--out', at('fifo')]), undefined);
  assert.equal(plainImport(['import', a, '--out', at('directory')]), undefined);
});
