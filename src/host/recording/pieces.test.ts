import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { Pieces } from './pieces.js';

const read = fc.record({
  position: fc.nat(200),
  length: fc.integer({ min: 1, max: 40 }),
  value: fc.nat(255),
});

describe('pieces of a file', () => {
  test('any reads in any order give back the last byte read at every position, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(read, { maxLength: 30 }), (reads) => {
        const pieces = new Pieces();
        const expected = new Map<number, number>();
        for (const { position, length, value } of reads) {
          pieces.add(position, new Uint8Array(length).fill(value), length);
          for (let at = 0; at < length; at++) expected.set(position + at, value);
        }
        for (const known of [pieces, Pieces.from(pieces.record())]) assertHolds(known, expected);
      }),
    );
  });

  test('pieces on record ascend and never touch', () => {
    fc.assert(
      fc.property(fc.array(read, { maxLength: 30 }), (reads) => {
        const pieces = new Pieces();
        for (const { position, length } of reads) pieces.add(position, new Uint8Array(length), length);
        const { pieces: listed, bytes } = pieces.record();
        let end = -1;
        let total = 0;
        for (let index = 0; index < listed.length; index += 2) {
          assert.ok(listed[index] > end, `${listed}`);
          end = listed[index] + listed[index + 1];
          total += listed[index + 1];
        }
        assert.equal(total, bytes.length);
      }),
    );
  });

  test('a short read marks the end there: later reads end at it instead of being unknown', () => {
    const pieces = new Pieces();
    pieces.add(8, Uint8Array.of(1, 2, 3), 16);
    const into = new Uint8Array(16);
    assert.deepEqual(pieces.read(into, 8), { kind: 'bytes', length: 3 });
    assert.deepEqual(pieces.read(into, 11), { kind: 'bytes', length: 0 });
    assert.deepEqual(pieces.read(into, 12), { kind: 'unknown' });
    assert.deepEqual(Pieces.from(pieces.record()).read(into, 11), { kind: 'bytes', length: 0 });
  });

  test('a file is known whole when it was read from its start to its end, and only then', () => {
    const pieces = new Pieces();
    pieces.add(4, Uint8Array.of(5, 6), 8);
    assert.equal(pieces.whole(), undefined);
    pieces.add(0, Uint8Array.of(1, 2, 3, 4), 4);
    assert.deepEqual(pieces.whole(), Uint8Array.of(1, 2, 3, 4, 5, 6));
    pieces.add(100, Uint8Array.of(9), 1);
    assert.deepEqual(pieces.whole(), Uint8Array.of(1, 2, 3, 4, 5, 6), 'bytes beyond a hole are not of it');
    const empty = new Pieces();
    empty.add(0, new Uint8Array(0), 1);
    assert.equal(empty.whole()?.length, 0);
  });

  test('a refused read is refused again', () => {
    const pieces = new Pieces();
    pieces.refuse(4096, 'EIO');
    assert.deepEqual(Pieces.from(pieces.record()).read(new Uint8Array(8), 4096), {
      kind: 'refused',
      errno: 'EIO',
    });
  });
});

function assertHolds(pieces: Pieces, expected: ReadonlyMap<number, number>): void {
  const one = new Uint8Array(1);
  for (let position = 0; position < 250; position++) {
    const found = pieces.read(one, position);
    const value = expected.get(position);
    if (value === undefined) assert.equal(found.kind, 'unknown', `byte ${position}`);
    else assert.deepEqual([found, one[0]], [{ kind: 'bytes', length: 1 }, value], `byte ${position}`);
  }
  const all = new Uint8Array(250);
  const start = Math.min(...expected.keys());
  if (!Number.isFinite(start)) return;
  let end = start;
  while (expected.has(end)) end++;
  assert.deepEqual(pieces.read(all, start), { kind: 'bytes', length: end - start });
  for (let at = start; at < end; at++) assert.equal(all[at - start], expected.get(at));
}
