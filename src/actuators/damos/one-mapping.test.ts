import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { placeBlocks } from './one-mapping.js';

const BLOCK = 0x200000;
/** `2-4`: a mapping from block 2 up to block 4; halves allowed. */
function mapsOf(...spans: readonly [number, number][]): string {
  const hex = (at: number) => (at * BLOCK).toString(16);
  const lines = spans.map(([start, end]) => `${hex(start)}-${hex(end)} rw-p 00000000 00:00 0 \n`);
  return `${lines.join('')}ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n`;
}

test('a block is whole in one mapping, or cut by an edge, two mappings or a hole', () => {
  const maps = mapsOf([2, 4], [4, 6.5], [6.5, 8], [9, 10]);
  const { whole, cut } = placeBlocks(maps, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], GEOMETRY_4K);
  assert.deepEqual(whole, [2, 3, 4, 5, 7, 9]);
  assert.deepEqual(cut, [1, 6, 8, 10]);
});

test('nothing mapped, nothing whole; the order given is kept', () => {
  assert.deepEqual(placeBlocks('', [5, 3], GEOMETRY_4K), { whole: [], cut: [5, 3] });
  assert.deepEqual(placeBlocks(mapsOf([0, 9]), [5, 3], GEOMETRY_4K).whole, [5, 3]);
});
