import assert from 'node:assert/strict';
import { test } from 'node:test';
import { swap32, viewOf } from './record-view.js';

test('a word of the other byte order is its bytes the other way round', () => {
  for (const [word, swapped] of [
    [0x01020304, 0x04030201],
    [0x80000001, 0x01000080],
    [0xff, 0xff000000],
    [0, 0],
  ] as const) {
    assert.equal(swap32(word), swapped);
    assert.equal(swap32(swapped), word);
  }
});

test('fields are read in the byte order of the file', () => {
  const bytes = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 0x41, 0x42, 0, 0]);
  for (const [isBig, u16, u32, big, i32] of [
    [false, 0x0201, 0x04030201, 0x0807060504030201n, 0x08070605],
    [true, 0x0102, 0x01020304, 0x0102030405060708n, 0x05060708],
  ] as const) {
    const view = viewOf(bytes, isBig);
    assert.deepEqual(
      [view.u8(3), view.u16(0), view.u32(0), view.big(0), view.i32(4)],
      [4, u16, u32, big, i32],
    );
    assert.equal(view.u64(0), Number(big));
    assert.equal(view.high(0) * 2 ** 32 + view.low(0), Number(big));
    assert.equal(view.text(8, 12), 'AB');
    assert.deepEqual([...view.slice(1, 3)], [2, 3]);
  }
});
