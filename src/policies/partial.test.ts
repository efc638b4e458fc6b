import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, FIRST_BLOCK, hotMap, PROCESS, pageSizes } from '../../test/support/drawing.js';
import { type GivenToPolicy, proposalsOf } from '../../test/support/proposals.js';
import type { PolicyName } from './kinds/catalogue.js';

const PAGE = 4096;

interface Case {
  readonly blocks: readonly string[];
  readonly drawn?: Drawn;
  readonly filled?: Readonly<Record<number, number>>;
  readonly parameters?: GivenToPolicy;
}

function propose(policy: PolicyName, { blocks, drawn, filled, parameters }: Case) {
  const heat = filled && hotMap({ filled });
  return proposalsOf(policy, { sizes: pageSizes(blocks, drawn), heat }, parameters);
}

const named = (...split: number[]): GivenToPolicy => ({
  named: [{ pid: PROCESS.pid, split: split.map((block) => FIRST_BLOCK + block), collapse: [] }],
});

test('a folio that is mostly unmapped is split, whoever maps how little of it', () => {
  const drawn = { unmapped: { 0: 504, 1: 511, 2: 8 } };
  const { proposals } = propose('return-empty', { blocks: ['h*8', 'h*1', 'h*504', 'h'], drawn });
  assert.deepEqual(
    proposals.map(({ block, gain }) => [block - FIRST_BLOCK, gain.returnedBytes]),
    [
      [0, 504 * PAGE],
      [1, 511 * PAGE],
      [2, 8 * PAGE],
    ],
  );
  assert.deepEqual(
    proposals.map(({ priority }) => priority),
    [504 * PAGE, 511 * PAGE, 8 * PAGE],
  );
  assert.match(
    proposals[0].reason,
    /^504 pages are held for nothing, .* 8 are mapped, their content is unknown$/,
  );
  assert.equal(proposals[0].gain.tlbReachBytes, 0);
  assert.deepEqual([proposals[0].action, proposals[0].targetOrder], ['split', 0]);
});

test('the default chain offers it', () => {
  const drawn = { unmapped: { 0: 504 } };
  assert.equal(propose('chain', { blocks: ['h*8'], drawn }).proposals.length, 1);
});

test('what is mapped of it counts as well where it is zero-filled', () => {
  const drawn = { unmapped: { 0: 504, 1: 504 } };
  const { proposals } = propose('return-empty', { blocks: ['h*8', 'h*8'], drawn, filled: { 0: 5, 1: 8 } });
  assert.deepEqual(
    proposals.map(({ gain }) => gain.returnedBytes),
    [507 * PAGE, 504 * PAGE],
  );
  assert.match(proposals[0].reason, /8 are mapped, 3 of them zero-filled$/);
  assert.match(proposals[1].reason, /8 are mapped$/);
});

test('a few unmapped pages are left, and said; none are no finding', () => {
  const drawn = { unmapped: { 0: 7 } };
  const few = propose('return-empty', { blocks: ['h*505', '4'], drawn });
  assert.deepEqual(
    few.passedOver.map(({ code, why, blocks }) => [code, why, blocks]),
    [['no-gain', 'holds fewer than 8 pages that no process maps', 1]],
  );
  // A share that is no whole number of pages is rounded up.
  const between = propose('return-empty', {
    blocks: ['h*505'],
    drawn,
    parameters: { unmappedFrom: 6.5 / 512 },
  });
  assert.equal(between.proposals.length, 1);
  const above = propose('return-empty', {
    blocks: ['h*505'],
    drawn,
    parameters: { unmappedFrom: 7.5 / 512 },
  });
  assert.equal(above.proposals.length, 0);
  const lower = propose('return-empty', { blocks: ['h*505'], drawn, parameters: { unmappedFrom: 7 / 512 } });
  assert.equal(lower.proposals.length, 1);
});

test('what cannot be counted is unknown, and not nothing', () => {
  const drawn = { unmapped: { 0: 'unknown' as const } };
  const hidden = propose('return-empty', { blocks: ['h*8'], drawn });
  assert.deepEqual(
    [hidden.proposals.length, hidden.passedOver[0].code, /cannot be counted/.test(hidden.passedOver[0].why)],
    [0, 'not-able', true],
  );
  const asked = propose('named-blocks', { blocks: ['h*8'], drawn, parameters: named(0) });
  assert.equal(asked.proposals[0].gain.returnedBytes, null);
});

test('an order above 0 frees little of it, and how little is unknown', () => {
  const drawn = { unmapped: { 0: 504 } };
  const other = propose('return-empty', { blocks: ['h*8'], drawn, parameters: { order: 4 } });
  assert.match(other.passedOver[0].why, /order 4 frees little or nothing/);
  const asked = propose('named-blocks', {
    blocks: ['h*8', 'H'],
    drawn,
    parameters: { order: 4, ...named(0, 1) },
  });
  assert.deepEqual(
    asked.proposals.map(({ gain }) => gain.returnedBytes),
    [null, 0],
  );
});

test('a named split of a block that was not read returns what nobody knows; of one that was read its zeroes', () => {
  const unread = propose('named-blocks', { blocks: ['H'], parameters: named(0) });
  assert.equal(unread.proposals[0].gain.returnedBytes, null);
  const read = propose('named-blocks', {
    blocks: ['H', 'H'],
    parameters: named(0, 1),
    filled: { 0: 12, 1: 512 },
  });
  assert.deepEqual(
    read.proposals.map(({ gain }) => gain.returnedBytes),
    [500 * PAGE, 0],
  );
  assert.match(read.proposals[0].reason, /12 of 512 sub-pages .* hold data/);
  assert.equal(read.proposals[0].gain.tlbReachBytes, PAGE - 512 * PAGE);
});

test('a split of shared or file memory returns nothing, read or not', () => {
  for (const kind of ['shmem', 'file'] as const) {
    const { proposals } = propose('named-blocks', {
      blocks: ['H'],
      drawn: { kind },
      parameters: named(0),
      filled: { 0: 1 },
    });
    assert.equal(proposals[0].gain.returnedBytes, 0);
    const partial = propose('return-empty', { blocks: ['h*8'], drawn: { kind, unmapped: { 0: 504 } } });
    assert.deepEqual([partial.proposals.length, partial.passedOver.length], [0, 0]);
  }
});

test('zero-filled base pages beside a folio are no part of its split', () => {
  const sizes = pageSizes(['h*8'], { unmapped: { 0: 504 } });
  sizes.blocks.pagesByOrder[0] = 3;
  sizes.blocks.present[0] = 11;
  const { proposals } = proposalsOf('return-empty', { sizes, heat: hotMap({ filled: { 0: 6 } }) });
  assert.equal(proposals[0].gain.returnedBytes, (504 + 2) * PAGE);
});

test('shared memory out of the page tables can be named for a collapse, private memory cannot', () => {
  const parameters = { named: [{ pid: PROCESS.pid, split: [], collapse: [FIRST_BLOCK] }] };
  const shared = propose('named-blocks', { blocks: ['.'], drawn: { kind: 'shmem' }, parameters });
  assert.deepEqual([shared.proposals.length, shared.proposals[0]?.cost.grownBytes], [1, 0]);
  const anon = propose('named-blocks', { blocks: ['.'], parameters });
  assert.deepEqual([anon.proposals.length, anon.passedOver[0].code], [0, 'not-eligible']);
});

test('a block that several mappings cut is asked for whole: what is known of all its rows, or nothing', () => {
  const sizes = pageSizes(['h*8', 'h*8'], { unmapped: { 0: 400, 1: 104 } });
  sizes.blocks.block[1] = FIRST_BLOCK;
  const returned = () =>
    proposalsOf('named-blocks', { sizes, heat: undefined }, named(0)).proposals[0].gain.returnedBytes;
  assert.equal(returned(), 504 * PAGE);
  sizes.blocks.flags[1] |= 1 << 6;
  assert.equal(returned(), null);
});
