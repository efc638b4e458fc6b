import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markFilled } from './occupancy.js';

const PAGE = 4096;
const WORDS = PAGE / 4;

/** Pages that hold data, of memory whose words are zero but for some. */
function filled(pages: number, words: Readonly<Record<number, number>>): number[] {
  const memory = new Int32Array(pages * WORDS);
  for (const [at, value] of Object.entries(words)) memory[Number(at)] = value;
  const bits = new Uint8Array(pages / 8).fill(0xff);
  markFilled(new Uint8Array(memory.buffer), PAGE, bits);
  return set(bits, pages);
}

function set(bits: Uint8Array, pages: number): number[] {
  return Array.from({ length: pages }, (_, page) => page).filter(
    (page) => bits[page >> 3] & (1 << (page & 7)),
  );
}

test('one word anywhere in a page is data', () => {
  for (let word = 0; word < WORDS; word++) assert.deepEqual(filled(8, { [3 * WORDS + word]: 1 }), [3]);
});

test('two words of a line are data, whatever they add up to', () => {
  for (let left = 0; left < 8; left++) {
    for (let right = left + 1; right < 8; right++) {
      for (const [first, second] of [
        [1, 1],
        [7, -7],
        [-1, -1],
        [1 << 31, 1 << 31],
      ]) {
        const at = 16 * WORDS - 8;
        assert.deepEqual(filled(16, { [at + left]: first, [at + right]: second }), [15]);
      }
    }
  }
});

test('every bit of a word counts', () => {
  for (let bit = 0; bit < 32; bit++) assert.deepEqual(filled(8, { [5 * WORDS + 9]: 1 << bit }), [5]);
});

test('pages are told apart at their edges, and what was marked before is forgotten', () => {
  assert.deepEqual(filled(16, { [8 * WORDS - 1]: 1 }), [7]);
  assert.deepEqual(filled(16, { [8 * WORDS]: 1 }), [8]);
  assert.deepEqual(filled(16, {}), []);
  assert.deepEqual(
    filled(16, Object.fromEntries(Array.from({ length: 16 }, (_, page) => [page * WORDS, 9]))).length,
    16,
  );
});
