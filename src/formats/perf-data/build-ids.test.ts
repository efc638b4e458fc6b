/** Build ids of a recording byte by byte: whole records, their sizes, and where they end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSameBuild, readBuildIds } from './build-ids.js';

const ID = Array.from({ length: 20 }, (_, at) => at + 1);
const HEX = '0102030405060708090a0b0c0d0e0f1011121314';

interface Given {
  readonly name?: string;
  readonly misc?: number;
  readonly idBytes?: number;
  readonly size?: number;
}

/** One record: type, misc, size, pid, id, how many bytes of it count, name. */
function record(isBig: boolean, { name = '/bin/db', misc = 0, idBytes = 0, size }: Given = {}): number[] {
  const text = [...new TextEncoder().encode(`${name}\0`)];
  while (text.length % 4 !== 0) text.push(0);
  const number = (value: number, bytes: number) => {
    const little = Array.from({ length: bytes }, (_, at) => (value >>> (8 * at)) & 255);
    return isBig ? little.reverse() : little;
  };
  const whole = size ?? 36 + text.length;
  return [
    ...number(67, 4),
    ...number(misc, 2),
    ...number(whole, 2),
    ...number(7, 4),
    ...ID,
    idBytes,
    0,
    0,
    0,
    ...text,
  ];
}

const read = (bytes: readonly number[], isBig = false) => [...readBuildIds(Uint8Array.from(bytes), isBig)];

test('each record names a file and its build, in either byte order', () => {
  for (const isBig of [false, true]) {
    const both = [...record(isBig), ...record(isBig, { name: '/lib/libc.so.6' })];
    assert.deepEqual(read(both, isBig), [['/bin/db', HEX], ['/lib/libc.so.6', HEX]]); // biome-ignore format: a row
  }
});

test('an id has 20 bytes, or as many as the record says where it says so', () => {
  const id = (misc: number, idBytes: number) => read(record(false, { misc, idBytes }))[0][1];
  assert.equal(id(0, 4), HEX, 'not said');
  assert.equal(id(1 << 15, 4), '01020304');
  assert.equal(id(1 << 15, 20), HEX);
  assert.equal(id(1 << 15, 99), HEX, 'never more than there are');
  assert.equal(id(1 << 14, 4), HEX, 'another bit');
});

test('what is cut, or too short to have a name, ends the list', () => {
  const one = record(false);
  assert.deepEqual(read(one.slice(0, 36)), []);
  assert.deepEqual(read([]), []);
  assert.deepEqual(read([...one, ...record(false, { size: 36 }), ...one]).length, 1);
  assert.deepEqual(read([...one, ...record(false, { size: 0 }), ...one]).length, 1, 'no endless loop');
  assert.equal(read([...one, ...one.slice(0, 36)]).length, 1);
});

test('an id that is shorter was filled up with zeros', () => {
  assert.equal(isSameBuild(HEX, HEX), true);
  assert.equal(isSameBuild('0102', `0102${'0'.repeat(36)}`), true);
  assert.equal(isSameBuild(`${HEX}ff`, HEX), true, 'what a record cannot hold');
  assert.equal(isSameBuild('0102', '0103'), false);
  assert.equal(isSameBuild('0102', '01020'.padEnd(40, '1')), false);
});
