import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { OctavoError } from '../vocabulary/errors.js';
import { compressionOf, decompressed } from './compressed.js';

const PLAIN = new TextEncoder().encode('samples of memory '.repeat(20_000));

async function* pieces(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function unpacked(bytes: Uint8Array, size: number): Promise<Buffer> {
  const kind = compressionOf(bytes);
  assert.ok(kind !== undefined);
  const parts: Uint8Array[] = [];
  for await (const part of decompressed(kind, 'x', pieces(bytes, size))) parts.push(part.slice());
  return Buffer.concat(parts);
}

const by = (program: string) => spawnSync(program, ['-c'], { input: PLAIN, maxBuffer: 1 << 24 });

for (const [name, packed] of [
  ['gzip', gzipSync(PLAIN)],
  ['two members of gzip', Buffer.concat([gzipSync(PLAIN.subarray(0, 1000)), gzipSync(PLAIN.subarray(1000))])],
  ['xz', by('xz').stdout],
  ['zstd', by('zstd').stdout],
] as const) {
  test(`${name} is told by its content, unpacked in pieces of any size, and a cut is told`, {
    skip: (packed?.length ?? 0) === 0 && 'the program is not installed',
  }, async () => {
    for (const size of [7, 4096, 1 << 20]) assert.ok((await unpacked(packed, size)).equals(PLAIN), `${size}`);
    await assert.rejects(unpacked(packed.subarray(0, packed.length - 20), 4096), (problem) => {
      assert.ok(problem instanceof OctavoError && problem.code === 'FILE_MALFORMED');
      return true;
    });
  });
}

test('anything else is not compressed', () => {
  assert.equal(compressionOf(new TextEncoder().encode('PERFILE2')), undefined);
  assert.equal(compressionOf(new Uint8Array(0)), undefined);
});
