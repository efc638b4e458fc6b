/** Structs of Thrift's compact protocol byte by byte: what they claim has to fit into what is there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isBoundedThrift } from './thrift-bounds.js';

const nested = (depth: number) => [...Array(depth).fill(0x1c), ...Array(depth + 1).fill(0)];
/** Lists of one list each, the innermost of no numbers; its struct ends after it. */
const lists = (depth: number) => [0x19, ...Array(depth).fill(0x19), 0x05];

const ROWS: readonly (readonly [what: string, fits: boolean, bytes: readonly number[]])[] = [
  ['nothing at all', false, []],
  ['an empty struct', true, [0]],
  ['a struct without its end', false, [0x15, 2]],
  ['true and false, which have no bytes of their own', true, [0x11, 0x12, 0]],
  ['a byte', true, [0x13, 9, 0]],
  ['a byte that is not there', false, [0x13]],
  ['whole numbers of 16, 32 and 64 bits', true, [0x14, 1, 0x15, 0x81, 1, 0x16, 2, 0]],
  ['a number that does not end', false, [0x15, 0x81]],
  ['a number of ten groups', true, [0x16, ...Array(9).fill(0x80), 1, 0]],
  ['a number of eleven groups', false, [0x16, ...Array(10).fill(0x80), 1, 0]],
  ['a double', true, [0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0]],
  ['a double of seven bytes', false, [0x17, 1, 2, 3, 4, 5, 6, 7]],
  ['bytes', true, [0x18, 2, 9, 9, 0]],
  ['no bytes', true, [0x18, 0, 0]],
  ['more bytes than there are', false, [0x18, 3, 9, 9]],
  ['bytes up to the end, which lacks', false, [0x18, 2, 9, 9]],
  ['bytes whose length does not end', false, [0x18, 0xff]],
  ['a list of numbers', true, [0x19, 0x25, 1, 2, 0]],
  ['a set of bytes', true, [0x1a, 0x23, 1, 2, 0]],
  ['an empty list', true, [0x19, 0x05, 0]],
  ['a list of as many as there are bytes', false, [0x19, 0x35, 1, 2]],
  ['a list whose elements take no bytes', true, [0x19, 0x21, 1, 1, 0]],
  ['a long list', true, [0x19, 0xf5, 15, ...Array(15).fill(1), 0]],
  ['a long list that claims more than bytes are left', false, [0x19, 0xf1, 0xff, 0xff, 0xff, 0x7f, 0]],
  ['a long list without a length', false, [0x19, 0xf5]],
  ['a list without a header', false, [0x19]],
  ['a list with a broken element', false, [0x19, 0x28, 1, 9, 5]],
  ['a list of structs', true, [0x19, 0x2c, 0, 0x13, 1, 0, 0]],
  ['a struct in a struct', true, [0x1c, 0x13, 1, 0, 0]],
  ['a struct in a struct without its end', false, [0x1c, 0x13, 1]],
  ['a map, which Parquet has none of', false, [0x1b, 0, 0]],
  ['a type that there is not', false, [0x1d, 0, 0]],
  ['a field whose number follows', true, [0x05, 40, 2, 0]],
  ['a field whose number does not end', false, [0x05, 0x80]],
  ['structs 16 deep', true, nested(16)],
  ['structs 17 deep', false, nested(17)],
  ['lists of lists to the depth of structs', true, [...lists(15), 0]],
  ['lists of lists beyond it', false, [...lists(16), 0]],
];

test('a struct is bounded when all that it claims lies in its bytes', () => {
  for (const [what, fits, bytes] of ROWS)
    assert.equal(isBoundedThrift(Uint8Array.from(bytes), 0, bytes.length), fits, what);
});

test('the end is that of the struct’s part, and of the bytes', () => {
  const bytes = Uint8Array.of(9, 0x13, 1, 0, 0x13, 1);
  assert.equal(isBoundedThrift(bytes, 1, 4), true);
  assert.equal(isBoundedThrift(bytes, 1, 3), false);
  assert.equal(isBoundedThrift(bytes, 1, 99), true);
  assert.equal(isBoundedThrift(bytes, 4, 99), false);
});
