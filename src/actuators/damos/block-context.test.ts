import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { unmappedRanges } from '../../damon/unmapped.js';
import { NO_WATERMARKS } from '../../vocabulary/damon.js';
import { GEOMETRY_4K, pageGeometry } from '../../vocabulary/units.js';
import { blockContext, NO_PACING, padsNeeded } from './block-context.js';

const MAPS = `55d000000000-55d000200000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0010000000 rw-p 00000000 00:00 0
7ffc00000000-7ffc00021000 rw-p 00000000 00:00 0 [stack]
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
`;

const block = fc.integer({ min: 0x7f0000000000 / 0x200000, max: 0x7f0010000000 / 0x200000 - 1 });

test('for any blocks: one region each, sorted, no room for the kernel to cut, merge or split', () => {
  fc.assert(
    fc.property(fc.array(block, { minLength: 1, maxLength: 60 }), fc.boolean(), (blocks, snapshotLimit) => {
      const distinct = new Set(blocks).size;
      const pads = unmappedRanges(MAPS, padsNeeded(distinct), GEOMETRY_4K);
      const order = { pid: 1, action: 'collapse', targetOrder: undefined, blocks, snapshotLimit };
      const context = blockContext(order, pads, NO_PACING, GEOMETRY_4K);
      const [{ regions }] = context.targets;
      const count = BigInt(regions.length);
      assert.equal(regions.length, Math.max(3, distinct));
      assert.equal(context.regions.min, count);
      assert.equal(context.regions.max, count);
      let total = 0n;
      regions.forEach(({ start, end }, index) => {
        assert.equal(end - start, 0x200000n);
        assert.equal(start % 0x200000n, 0n);
        if (index > 0) assert.ok(start >= regions[index - 1].end);
        total += end - start;
      });
      // damon_region_sz_limit(): no region is larger, and no two of them fit into one.
      const limit = total / context.regions.min;
      assert.ok(regions.every(({ start, end }) => end - start <= limit && 2n * (end - start) > limit));
      const wanted = regions.filter(({ start }) => blocks.includes(Number(start / 0x200000n)));
      assert.equal(wanted.length, distinct);
      assert.equal(context.schemes[0].maxSnapshots, snapshotLimit ? 1n : 0n);
    }),
  );
});

test('where the kernel ends a scheme by itself its passes are short, else one takes a second', () => {
  const timesOf = (snapshotLimit: boolean) => {
    const order = { pid: 1, action: 'collapse', targetOrder: undefined, blocks: [5, 6, 7], snapshotLimit };
    const { intervals } = blockContext(order, [], NO_PACING, GEOMETRY_4K);
    return [intervals.sampleUs, intervals.aggregationUs];
  };
  assert.deepEqual(
    [timesOf(true), timesOf(false)],
    [
      [50_000n, 50_000n],
      [50_000n, 1_000_000n],
    ],
  );
});

test('a pace is whole blocks of a tenth of a second, one at least, over the time that they take', () => {
  const paceOf = (blocksPerSecond: number, minFreePermil = 0) => {
    const blocks = Array.from({ length: 40 }, (_, at) => at);
    const order = { pid: 1, action: 'collapse', targetOrder: undefined, blocks, snapshotLimit: true };
    const [{ quotas, watermarks }] = blockContext(
      order,
      [],
      { blocksPerSecond, minFreePermil },
      GEOMETRY_4K,
    ).schemes;
    return { blocks: Number(quotas.bytes) / 2 ** 21, resetMs: quotas.resetMs, low: watermarks.low };
  };
  const never = 86_400_000n;
  assert.deepEqual(
    [0, 4, 27, 39.9, 40, 1000].map((pace) => [paceOf(pace).blocks, paceOf(pace).resetMs]),
    [
      [40, never],
      [1, 250n],
      [2, 75n],
      [3, 76n],
      [40, never],
      [40, never],
    ],
  );
  assert.deepEqual([paceOf(0, 0.5).low, paceOf(0, 12).low, paceOf(0, 5000).low], [1n, 12n, 999n]);
  assert.equal(paceOf(0).low, NO_WATERMARKS.low);
});

test('pads lie in the widest hole, apart from each other, and are fenced off', () => {
  const pads = unmappedRanges(MAPS, 2, GEOMETRY_4K);
  assert.equal(pads.length, 2);
  for (const { start, end } of pads) assert.ok(end <= 0x55d000000000n && start >= 0x200000n);
  assert.ok(pads[0].end < pads[1].start);
  const order = { pid: 1, action: 'cold', targetOrder: undefined, blocks: [0x3f800000], snapshotLimit: true };
  const [scheme] = blockContext(order, pads, NO_PACING, GEOMETRY_4K).schemes;
  assert.deepEqual(
    scheme.filters.map(({ type, matching, allow, address }) => ({ type, matching, allow, ...address })),
    pads.map((address) => ({ type: 'addr', matching: true, allow: false, ...address })),
  );
});

test('a pace becomes a quota of whole blocks, a reserve a watermark; the pattern bounds fit the kernel’s 32 bits', () => {
  const blocks = [1000, 1001, 1002, 1003, 1004];
  const order = { pid: 1, action: 'collapse', targetOrder: 4, blocks, snapshotLimit: true };
  const pacing = { blocksPerSecond: 2.7, minFreePermil: 12.2 };
  const [scheme] = blockContext(order, [], pacing, GEOMETRY_4K).schemes;
  assert.equal(scheme.quotas.bytes, 2097152n);
  assert.equal(scheme.quotas.ms, 0n);
  assert.equal(scheme.quotas.resetMs, 371n);
  const [fast] = blockContext(
    { ...order, blocks: Array.from({ length: 99 }, (_, index) => index) },
    [],
    { ...pacing, blocksPerSecond: 60 },
    GEOMETRY_4K,
  ).schemes;
  assert.deepEqual([fast.quotas.bytes, fast.quotas.resetMs], [6n * 2097152n, 100n]);
  assert.deepEqual(
    [scheme.watermarks.metric, scheme.watermarks.high, scheme.watermarks.mid, scheme.watermarks.low],
    ['free_mem_rate', 1000n, 1000n, 13n],
  );
  assert.equal(scheme.targetOrder, 4);
  assert.deepEqual(scheme.pattern.accesses, [0n, 4294967295n]);
  assert.deepEqual(scheme.pattern.age, [0n, 4294967295n]);
});

test('the shape follows the page geometry', () => {
  const arm = pageGeometry(65536, 512 * 1024 * 1024);
  const order = { pid: 1, action: 'stat', targetOrder: undefined, blocks: [8, 9, 10], snapshotLimit: true };
  const [{ regions }] = blockContext(order, [], NO_PACING, arm).targets;
  assert.deepEqual(regions[0], { start: 8n << 29n, end: 9n << 29n });
});

test('without a reserve no watermark holds the scheme back; the smallest reserve is one in a thousand', () => {
  const order = { pid: 1, action: 'stat', targetOrder: undefined, blocks: [8, 9, 10], snapshotLimit: true };
  const marks = (minFreePermil: number) =>
    blockContext(order, [], { blocksPerSecond: 0, minFreePermil }, GEOMETRY_4K).schemes[0].watermarks;
  assert.deepEqual(marks(0), NO_WATERMARKS);
  assert.equal(marks(0.1).low, 1n);
  assert.equal(marks(2000).low, 999n);
});

test('blocks come once each and ascending, as whole ranges, however they were named', () => {
  const order = {
    pid: 1,
    action: 'collapse',
    targetOrder: undefined,
    blocks: [9, 5, 7, 5, 6],
    snapshotLimit: true,
  };
  const [{ regions }] = blockContext(order, [], NO_PACING, GEOMETRY_4K).targets;
  const at = (block: bigint) => ({ start: block * 0x200000n, end: (block + 1n) * 0x200000n });
  assert.deepEqual(regions, [at(5n), at(6n), at(7n), at(9n)]);
});
