/** What an action gains and costs, to the byte and the microsecond, and what policies set aside. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, FIRST_BLOCK, hotMap, PROCESS, pageSizes } from '../../test/support/drawing.js';
import { type GivenToPolicy, proposalsOf } from '../../test/support/proposals.js';
import { GEOMETRY_4K, MIB, pageGeometry } from '../vocabulary/units.js';
import { collapseCost, collapseGain, freedPages, splitCost, splitGain } from './estimates.js';
import { Findings } from './findings.js';
import type { PolicyName } from './kinds/catalogue.js';
import { DEFAULT_COSTS, DEFAULT_PARAMETERS } from './policy.js';
import { chooseSplitOrder, coldPagesAt } from './target-order.js';

const PAGE = 4096;
const BLOCK = GEOMETRY_4K.blockBytes;
const split = { targetOrder: 0, mappedByPmd: true, freed: 512, coldPages: 0 };

test('a split costs by its pages, and by the zeroes that it compares; one that was not read, by its pages', () => {
  const cost = (freed: number | undefined) => splitCost({ ...split, freed }, GEOMETRY_4K, DEFAULT_COSTS);
  assert.deepEqual(cost(undefined), { durationUs: 240, lockUs: 240, copiedBytes: 0, grownBytes: 0 });
  assert.equal(cost(0).durationUs, 240);
  assert.equal(cost(512).durationUs, 580);
  assert.equal(cost(256).lockUs, 410);
});

test('a split gains what is freed and cold, and loses the reach of one entry', () => {
  assert.deepEqual(splitGain({ ...split, coldPages: 3 }, GEOMETRY_4K), {
    ...{ returnedBytes: BLOCK, reclaimableBytes: 3 * PAGE, tlbReachBytes: PAGE - BLOCK },
  });
  const small = splitGain({ ...split, targetOrder: 4, mappedByPmd: false, freed: undefined }, GEOMETRY_4K);
  assert.deepEqual(small, { returnedBytes: null, reclaimableBytes: 0, tlbReachBytes: 0 });
  assert.equal(splitGain({ ...split, targetOrder: 4 }, GEOMETRY_4K).tlbReachBytes, 16 * PAGE - BLOCK);
});

test('a collapse costs by its MiB, copies what is there and fills the rest', () => {
  assert.deepEqual(collapseCost(500, GEOMETRY_4K, DEFAULT_COSTS), {
    ...{ durationUs: 790, lockUs: 790, copiedBytes: 500 * PAGE, grownBytes: 12 * PAGE },
  });
  const arm = pageGeometry(16384, 32 * MIB);
  assert.equal(collapseCost(0, arm, DEFAULT_COSTS).durationUs, 32 * 395);
  assert.deepEqual(collapseGain(9, GEOMETRY_4K), {
    ...{ returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: BLOCK - PAGE },
  });
});

test('pages that a split frees: zeroes and those that nobody maps, as far as either is known', () => {
  const freed = (drawn: Drawn, filled: Record<number, number> | undefined, order = 0) =>
    freedPages(
      {
        sizes: pageSizes(['h*8'], drawn),
        heat: filled && hotMap({ filled }),
        parameters: DEFAULT_PARAMETERS,
      },
      0,
      order,
    );
  assert.equal(freed({ unmapped: { 0: 'unknown' } }, { 0: 6 }), 2);
  assert.equal(freed({ unmapped: { 0: 'unknown' } }, undefined), undefined);
  assert.equal(freed({ unmapped: { 0: 504 } }, undefined), 504);
  assert.equal(freed({}, undefined), undefined);
  assert.equal(freed({ unmapped: { 0: 504 } }, { 0: 6 }), 506);
  assert.equal(freed({}, { 0: 9 }), 0, 'never less than none');
  assert.equal(freed({}, { 0: 1 }, 1), 0);
  assert.equal(freed({ unmapped: { 0: 504 } }, { 0: 1 }, 1), undefined);
  assert.equal(freed({ unmapped: { 0: 'unknown' } }, { 0: 1 }, 2), undefined);
  assert.equal(freed({ kind: 'file', unmapped: { 0: 504 } }, { 0: 1 }), 0);
});

test('findings are grouped by code and sentence, with three examples', () => {
  const findings = new Findings('p', PROCESS);
  for (const block of [1, 2, 3, 4]) findings.add('no-gain', 'full', block);
  findings.add('no-gain', 'cold', 5);
  findings.add('unknown-heat', 'full', 6);
  assert.deepEqual(findings.passedOver(), [
    { code: 'no-gain', why: 'full', blocks: 4, examples: [1, 2, 3], policy: 'p', process: PROCESS },
    { code: 'no-gain', why: 'cold', blocks: 1, examples: [5], policy: 'p', process: PROCESS },
    { code: 'unknown-heat', why: 'full', blocks: 1, examples: [6], policy: 'p', process: PROCESS },
  ]);
});

test('an order is chosen where nine tenths of what is cold stay cold, and never the whole block', () => {
  const used = (...pages: readonly number[]) => {
    const bitmap = new Uint8Array(64);
    for (const page of pages) bitmap[page >> 3] |= 1 << (page & 7);
    return bitmap;
  };
  const all = [0, 2, 3, 4, 5, 6, 7, 8];
  assert.deepEqual([coldPagesAt(used(511), 8, 512), coldPagesAt(used(), 9, 512)], [256, 512]);
  assert.equal(chooseSplitOrder(used(), 512, [...all, 9]), 8, 'nothing in use');
  assert.equal(chooseSplitOrder(used(), 512, [9]), 0, 'none reachable below the block');
  assert.equal(chooseSplitOrder(used(), 512, []), 0);
  // 460 of 511 are nine tenths, rounded: order 5 sets 480 free, order 6 448.
  assert.equal(chooseSplitOrder(used(7), 512, all), 5);
  const edge = used(...Array.from({ length: 32 }, (_, page) => page), 40);
  assert.equal(coldPagesAt(edge, 5, 512), 448);
  assert.equal(coldPagesAt(edge, 0, 512), 479);
  assert.equal(chooseSplitOrder(edge, 512, all), 6);
  // Five pieces of order 4 hold the 32 pages in use: the other 432 pages are nine tenths of 480 exactly.
  const exact = used(
    ...[8, 8, 8, 4, 4].flatMap((count, at) => Array.from({ length: count }, (_, page) => 32 * at + page)),
  );
  assert.deepEqual([coldPagesAt(exact, 0, 512), coldPagesAt(exact, 4, 512)], [480, 432]);
  assert.equal(chooseSplitOrder(exact, 512, all), 4);
});

const propose = (policy: PolicyName, blocks: readonly string[], more: GivenToPolicy, drawn: Drawn = {}) =>
  proposalsOf(policy, { sizes: pageSizes(blocks, drawn), heat: undefined }, more);

test('collapse-dense takes anonymous and shared memory that lies whole in its mapping, and no files', () => {
  const took = (drawn: Drawn, whole = true) => {
    const sizes = pageSizes(['4'], drawn);
    if (!whole) sizes.blocks.flags[0] = 0;
    const output = proposalsOf('collapse-dense', { sizes, heat: undefined });
    return [output.proposals.length, output.passedOver.length];
  };
  assert.deepEqual([took({}), took({ kind: 'shmem' }), took({ kind: 'file' })], [[1, 0], [1, 0], [0, 0]]); // biome-ignore format: by kind
  assert.deepEqual(took({}, false), [0, 0]);
});

test('collapse-dense proposes to the order asked for, by residency with that as its reason', () => {
  const { proposals } = propose('collapse-dense', ['4*480'], { collapseByResidency: true, order: 4 });
  const [{ targetOrder, reason, gain, cost, priority }] = proposals;
  assert.deepEqual(
    [targetOrder, gain.tlbReachBytes, cost.grownBytes, priority],
    [4, 15 * PAGE, 32 * PAGE, 480],
  );
  assert.equal(
    reason,
    '480 of 512 sub-pages (93.8 %) are present; no access samples were given, so it is judged by residency alone',
  );
});

test('return-empty says why a huge block was not read', () => {
  const why = (drawn: Drawn) => propose('return-empty', ['H'], {}, drawn).passedOver[0].why;
  assert.match(why({ shared: [0] }), /other processes map it as well$/);
  assert.match(why({ flags: ['lo'] }), /it is locked/);
  assert.match(why({}), /\(source occupancy\)$/);
});

test('a named split to the order that a block has is already so; to a smaller one it is not', () => {
  const named = [{ pid: PROCESS.pid, split: [FIRST_BLOCK], collapse: [], aroundPage: 3 }];
  const found = (text: string, order: number | undefined) => {
    const output = propose('named-blocks', [text], { named, order });
    return output.proposals[0]?.targetOrder ?? output.passedOver[0].why;
  };
  assert.equal(found('4', undefined), 'no folio there is larger than order 0');
  assert.equal(found('2', undefined), 0);
  assert.equal(found('2', 2), 'no folio there is larger than order 2');
  assert.equal(found('3', 2), 2);
  assert.equal(found('h', 9), 'no folio there is larger than order 9');
  const { proposals } = propose('named-blocks', ['H'], { named, order: 2 });
  assert.deepEqual([proposals[0].aroundPage, proposals[0].priority], [3, 0]);
  const twice = [{ ...named[0], split: [FIRST_BLOCK, FIRST_BLOCK] }];
  const { passedOver } = propose('named-blocks', ['H'], { named: twice });
  assert.deepEqual(
    passedOver.map(({ code, why, blocks }) => [code, why, blocks]),
    [['conflict', 'it was named before', 1]],
  );
});
