/** Lines on the disk are for ever: what they look like, and what is read of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, lineOf, packed, plain, soundLines, unpacked } from './journal-lines.js';

test('a line is the CRC-32 of its body in eight digits, a space and the body', () => {
  assert.equal(lineOf('{"n":0}'), 'cd500a3f {"n":0}\n');
  assert.equal(lineOf('11'), 'd65a1577 11\n');
  const small = Array.from({ length: 4000 }, (_, at) => `${at}`).find((body) => lineOf(body).startsWith('0'));
  assert.ok(small !== undefined);
  assert.match(lineOf(small), /^0[0-9a-f]{7} /);
  assert.equal(bodyOf(lineOf(small).trimEnd()), small);
  for (const line of ['', 'cd500a3f', 'cd500a3f-{"n":0}', 'cd500a3e {"n":0}', 'CD500A3F {"n":0}'])
    assert.equal(bodyOf(line), undefined, line);
});

const RECORD = {
  n: 1,
  kind: 'receipts',
  receipts: [{ step: 0, actuator: 'madvise', tried: true, answer: 'ok' }],
};

/** As it stands in journals; the deflated bytes differ between versions of zlib. */
const PACKED = 'zQ8u+VE6EtbG1AA==';

test('a body of earlier is read as it was written: another dictionary would make it unreadable', () => {
  assert.ok(packed(RECORD).length < 30, packed(RECORD));
  assert.deepEqual(unpacked(packed(RECORD)), RECORD);
  assert.deepEqual(unpacked(PACKED), RECORD);
  assert.equal(packed({ n: 7 }), '{"n":7}', 'the shorter way');
  assert.equal(plain(RECORD), JSON.stringify(RECORD));
  assert.deepEqual(unpacked(plain(RECORD)), RECORD);
});

test('whole lines are sound up to a torn one; damage anywhere else has its line', () => {
  const [one, two] = [lineOf('1'), lineOf('2')];
  const hole = `${two.slice(0, 4)}\0\0${two.slice(6)}`;
  const rows: readonly (readonly [string, unknown])[] = [
    ['', { bodies: [], whole: '', torn: false }],
    [one, { bodies: ['1'], whole: one, torn: false }],
    [one + two, { bodies: ['1', '2'], whole: one + two, torn: false }],
    [`${one}x`, { bodies: ['1'], whole: one, torn: true }],
    ['x', { bodies: [], whole: '', torn: true }],
    [one + hole, { bodies: ['1'], whole: one, torn: true }],
    [`${one}${two.trimEnd()}x`, { line: 2, problem: 'its end of line is damaged' }],
    [`x\n${one}`, { line: 1, problem: 'the checksum does not match' }],
    [`${one}x\n`, { line: 2, problem: 'the checksum does not match' }],
    [`${hole}${one}`, { line: 1, problem: 'the checksum does not match' }],
    [`${one}${hole}x`, { line: 2, problem: 'the checksum does not match' }],
  ];
  for (const [text, sound] of rows) assert.deepEqual(soundLines(text), sound, JSON.stringify(text));
});
