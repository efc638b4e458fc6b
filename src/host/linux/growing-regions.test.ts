/** Regions of several scans, more than there was room for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GrowingRegions } from './growing-regions.js';

test('regions of every call are kept in order, however many there are', () => {
  const found = new GrowingRegions();
  const words = (first: number, count: number) =>
    BigUint64Array.from(
      [7n, ...Array.from({ length: count }, (_, row) => [first + row, first + row + 1].map((page) => BigInt(page * 4096)).concat(BigInt(row % 3))).flat()], // biome-ignore format: one list
    );
  found.add(words(10, 1000), 1, 1000, 4096);
  found.add(words(5000, 24), 1, 24, 4096);
  found.add(words(9000, 3000), 1, 3000, 4096);
  found.add(words(0, 0), 1, 0, 4096);
  const { count, starts, ends, categories } = found.columns();
  assert.equal(count, 4024);
  const rowAt = (row: number) => [starts[row], ends[row], categories[row]];
  assert.deepEqual([0, 999, 1000, 1023, 1024, 4023].map(rowAt), [
    [10, 11, 0],
    [1009, 1010, 0],
    [5000, 5001, 0],
    [5023, 5024, 2],
    [9000, 9001, 0],
    [11_999, 12_000, 2],
  ]);
});
