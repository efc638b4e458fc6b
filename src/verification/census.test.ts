import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapping, pageSizes, SETTINGS } from '../../test/support/drawing.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { censusByMapping, censusTotals } from './census.js';
import { notHuge } from './not-huge.js';

const PAGE = 4096;

/** Six blocks, of which the last two are of a second mapping. */
function scenery(): PageSizes {
  const sizes = pageSizes(['H', 'h', '4*100', '2*64', '4*8', 'H'], {
    unmapped: { 2: 7, 3: 'unknown' },
    shared: [1, 5],
  });
  const { blocks } = sizes;
  blocks.zeroMapped.set([3], 2);
  blocks.swapped.set([5], 3);
  blocks.mapping.set([1, 1], 4);
  blocks.flags[4] &= ~2;
  // Orders of a row could not be read.
  blocks.pagesByOrder.fill(0, 4 * blocks.orders, 5 * blocks.orders);
  blocks.flags[4] |= 1 << 5;
  return { ...sizes, mappings: [mapping(4), mapping(2, { kind: 'shmem' })] };
}

test('totals over all rows', () => {
  const totals = censusTotals(scenery());
  const bytesByOrder = Array<number>(10).fill(0);
  bytesByOrder[0] = 100 * PAGE;
  bytesByOrder[2] = 64 * PAGE;
  bytesByOrder[9] = 3 * 512 * PAGE;
  assert.deepEqual(totals, {
    residentBytes: (3 * 512 + 100 + 64 + 8) * PAGE,
    bytesByOrder,
    bytesOfUnknownOrder: 8 * PAGE,
    pmdMappedBytes: 2 * 512 * PAGE,
    pteMappedBytes: (512 + 100 + 64 + 8) * PAGE,
    zeroMappedBytes: 3 * PAGE,
    swappedBytes: 5 * PAGE,
    unmappedBytes: 7 * PAGE,
    unmappedUnknownBlocks: 2,
    bytesByKind: { anon: (1024 + 164) * PAGE, shmem: 520 * PAGE, file: 0, hugetlb: 0, special: 0 },
    hugeBlocks: 2,
    pteMappedHugeBlocks: 1,
    smallBlocks: 3,
    holeBytes: (412 + 448) * PAGE,
    sharedBlocks: 2,
  });
});

test('totals of one mapping, and of each', () => {
  const sizes = scenery();
  const second = censusTotals(sizes, 1);
  assert.deepEqual([second.residentBytes, second.hugeBlocks, second.smallBlocks], [520 * PAGE, 1, 0]);
  const each = censusByMapping(sizes);
  assert.deepEqual([...each.keys()], [0, 1]);
  assert.deepEqual(each.get(0), censusTotals(sizes, 0));
  assert.deepEqual(each.get(1), second);
});

test('what could be huge and is not, by reason, most memory first', () => {
  const sizes = pageSizes(['4*10', 'H', '4*100', '4*30', '4*20', '4*40'], { flags: ['wr', 'hg'] });
  sizes.blocks.flags[4] &= ~2;
  const holes = { ...SETTINGS, khugepaged: { ...SETTINGS.khugepaged, maxPtesNone: 450 } };
  const found = notHuge(sizes, holes);
  assert.deepEqual(
    found.map(({ code, blocks, residentBytes, holeBytes, example }) => [
      ...[code, blocks, residentBytes / PAGE, holeBytes / PAGE, example],
    ]),
    [
      ['none', 1, 100, 412, 1002],
      ['too-many-holes', 3, 80, 502 + 482 + 472, 1000],
    ],
  );
  assert.match(found[0].why, /nothing stands against it/);
  assert.match(found[1].why, /^502 sub-pages/);
});

test('only anonymous memory and shmem can be huge by khugepaged, and only where nothing huge is', () => {
  assert.deepEqual(notHuge(pageSizes(['4', 'H'], { kind: 'file' }), SETTINGS), []);
  assert.deepEqual(notHuge(pageSizes(['4'], { kind: 'special' }), SETTINGS), []);
  assert.deepEqual(
    notHuge(pageSizes(['4'], { kind: 'shmem' }), SETTINGS).map(({ blocks }) => blocks),
    [1],
  );
  const none = pageSizes(['4*0']);
  none.blocks.level[0] = 0;
  assert.deepEqual(notHuge(none, SETTINGS), []);
});
