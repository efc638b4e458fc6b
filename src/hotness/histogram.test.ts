import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import fc from '../../test/support/properties.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { heatHistogram } from './histogram.js';
import { HotMapBuilder } from './hot-map-builder.js';

const PROCESS = { pid: 1, startTicks: 0, command: 'drawn', cgroup: '/' };

/** A map of blocks with `touched` sub-pages, each sampled `times` times. */
function drawn(blocks: readonly { touched: number; times: number }[]) {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  blocks.forEach(({ touched, times }, block) => {
    for (let page = 0; page < touched; page++) builder.addCount(block * 512 + page, times, times);
  });
  return builder.build([SUB_PAGE_ORIGIN]);
}

test('well sampled blocks are certain, few samples are unknown and in every bin they could be in', () => {
  const histogram = heatHistogram([
    drawn([
      { touched: 20, times: 60 },
      { touched: 512, times: 9 },
      { touched: 4, times: 1 },
    ]),
  ]);
  assert.deepEqual([histogram.blocks, histogram.unknown], [3, 1]);
  assert.deepEqual(
    histogram.bins.map((bin) => [bin.least, bin.most, bin.seen]),
    [[1, 2, 2], ...Array.from({ length: 8 }, () => [0, 1, 0]), [1, 2, 1]],
  );
});

test('least and unknown make up all blocks, and bounds always hold the count of seen pages', () => {
  const block = fc.record({
    touched: fc.integer({ min: 1, max: 512 }),
    times: fc.integer({ min: 1, max: 40 }),
  });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), fc.integer({ min: 1, max: 20 }), (blocks, bins) => {
      const histogram = heatHistogram([drawn(blocks)], bins);
      const certain = histogram.bins.reduce((sum, bin) => sum + bin.least, 0);
      assert.equal(certain + histogram.unknown, blocks.length);
      for (const bin of histogram.bins) assert.ok(bin.least <= bin.most && bin.seen <= bin.most);
    }),
    { numRuns: 60 },
  );
  const half = heatHistogram([drawn([{ touched: 200, times: 50 }])], 2);
  assert.deepEqual([half.bins[0].least, half.bins[1].most], [1, 0]);
});

test('a bin holds its upper bound: half of the sub-pages is still the lower half', () => {
  const seen = (touched: number) =>
    heatHistogram([drawn([{ touched, times: 1 }])], 2).bins.map((bin) => bin.seen);
  assert.deepEqual([seen(256), seen(257), seen(512)], [[1, 0], [0, 1], [0, 1]]); // biome-ignore format: bins
});
