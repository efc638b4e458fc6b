/** `Key: value` lines, odd ones among them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kilobytes, parseKeyed } from './process-files.js';

test('lines have a key of one letter at least, and a value that may be empty or hold colons', () => {
  const text = 'a:1\nName:\tdb: main\n:none\nno colon\nEmpty:\n';
  assert.deepEqual([...parseKeyed(text)], [['a', '1'], ['Name', 'db: main'], ['Empty', '']]); // biome-ignore format: one list
});

test('kilobytes are what /proc calls kB, and nothing else', () => {
  assert.equal(kilobytes('16 kB'), 16_384);
  for (const value of ['16', '16 MB', 'x kB', undefined]) assert.equal(kilobytes(value), undefined);
});
