import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { describeColumns, drawHeat, drawHeatRow, heatColumns, heatDigit } from './heat.js';

test('a digit is the share of samples: 0 only for nothing, 9 only for all', () => {
  const digits = [0, 1, 11, 12, 50, 88, 89, 100].map((count) => heatDigit(count, 100));
  assert.deepEqual(digits, [0, 1, 1, 2, 5, 8, 9, 9]);
});

test('blocks that lie side by side share a line, up to 64 of them', () => {
  const blocks = [...Array.from({ length: 70 }, (_, index) => 0x1000 + index), 0x2000];
  const counts = new Map([
    [0x1000, 20],
    [0x1041, 1],
    [0x2000, 10],
  ]);
  assert.deepEqual(drawHeat(blocks, { counts, samples: 20 }, GEOMETRY_4K), [
    `0x200000000  9${'0'.repeat(63)}`,
    '0x208000000  010000',
    '0x400000000  5',
  ]);
});

test('a row of time marks holes, and joins blocks when the terminal is too narrow for them', () => {
  const blocks = [1, 2, 3, 8, 9];
  const heat = {
    counts: new Map([
      [3, 20],
      [9, 4],
    ]),
    samples: 20,
  };
  const wide = heatColumns(blocks, 80);
  assert.equal(drawHeatRow(wide, heat), '009|02');
  assert.match(describeColumns(wide, GEOMETRY_4K), /^0x200000 to 0x1400000, 2 MiB a digit/);
  const narrow = heatColumns(blocks, 3);
  assert.equal(drawHeatRow(narrow, heat), '092');
  assert.equal(describeColumns(narrow, GEOMETRY_4K), '0x200000 to 0x1400000, 4 MiB a digit');
});
