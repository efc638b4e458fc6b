import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Drawn,
  type DrawnHeat,
  FIRST_BLOCK,
  hotMap,
  pageSizes,
  SUB_PAGE_ORIGIN,
} from '../../test/support/drawing.js';
import { type GivenToPolicy, proposalsOf } from '../../test/support/proposals.js';
import type { PolicyName } from './kinds/catalogue.js';
import type { PolicyOutput } from './policy.js';
import { chooseSplitOrder, coldPagesAt } from './target-order.js';

interface Case {
  readonly blocks: readonly string[];
  readonly heat?: DrawnHeat;
  readonly drawn?: Drawn;
  readonly parameters?: GivenToPolicy;
  readonly origins?: Parameters<typeof hotMap>[1];
}

function propose(name: PolicyName, { blocks, heat, drawn, parameters, origins }: Case): PolicyOutput {
  const input = { sizes: pageSizes(blocks, drawn), heat: heat && hotMap(heat, origins) };
  return proposalsOf(name, input, parameters);
}

const actions = (output: PolicyOutput) =>
  output.proposals.map(
    ({ block, action, targetOrder }) => `${action} ${block - FIRST_BLOCK} → ${targetOrder}`,
  );
const left = (output: PolicyOutput) => output.passedOver.map(({ code, blocks }) => `${code} ${blocks}`);

const even = (pages: number, each: number) =>
  Array.from({ length: pages }, (_, page) => [page, each] as const);

test('return-empty splits exactly the blocks with more than 409 zero sub-pages', () => {
  const output = propose('return-empty', {
    blocks: ['H', 'H', 'H', 'H', '4'],
    heat: { filled: { 0: 1, 1: 102, 2: 103, 3: 512 } },
  });
  assert.deepEqual(actions(output), ['split 0 → 0', 'split 1 → 0']);
  assert.deepEqual(
    output.proposals.map(({ gain }) => gain.returnedBytes),
    [511 * 4096, 410 * 4096],
  );
  assert.deepEqual(left(output), ['no-gain 2']);
});

test('return-empty says what it cannot know, and what would free nothing', () => {
  assert.deepEqual(left(propose('return-empty', { blocks: ['H'] })), ['unknown-heat 1']);
  const forced = propose('return-empty', {
    blocks: ['H'],
    heat: { filled: { 0: 1 } },
    parameters: { order: 4 },
  });
  assert.deepEqual([actions(forced), left(forced)], [[], ['no-gain 1']]);
  const shmem = propose('return-empty', {
    blocks: ['H'],
    heat: { filled: { 0: 1 } },
    drawn: { kind: 'shmem' },
  });
  assert.deepEqual([actions(shmem), left(shmem)], [[], ['no-gain 1']]);
});

test('split-sparse splits what is proven sparse and leaves the rest with its reason', () => {
  const output = propose('split-sparse', {
    blocks: ['H', 'H', 'H', 'H'],
    heat: { samples: { 0: even(3, 200), 1: even(51, 1), 2: even(512, 9) } },
  });
  assert.deepEqual(actions(output), ['split 0 → 0']);
  assert.match(
    output.proposals[0].reason,
    /^by 600 samples at least 99\.2 % of its accesses fall on 3 of 512 sub-pages \(0\.6 %\), so at most 0\.8 % leave them/,
  );
  const { accessesElsewhere, tlbEntries } = output.proposals[0].cost;
  assert.equal(accessesElsewhere?.expected, 0);
  assert.ok((accessesElsewhere?.worst ?? 0) > 0.005 && (accessesElsewhere?.worst ?? 1) < 0.008);
  assert.equal(tlbEntries, 3);
  assert.equal(output.proposals[0].gain.reclaimableBytes, 509 * 4096);
  assert.deepEqual(left(output).sort(), ['no-gain 1', 'unknown-heat 1', 'unknown-heat 1']);
});

test('split-sparse asks for samples, for few sub-pages and for nearly all accesses, and says which is missing', () => {
  const why = (samples: readonly (readonly [number, number])[], parameters?: GivenToPolicy) =>
    propose('split-sparse', {
      blocks: ['H'],
      heat: { samples: { 0: samples } },
      ...(parameters === undefined ? {} : { parameters }),
    }).passedOver.map(({ code, why: words }) => `${code}: ${words}`);
  assert.deepEqual(why([[3, 39]]), [
    'unknown-heat: fewer than 40 samples: sample longer or at a shorter period',
  ]);
  assert.deepEqual(why([[3, 40]]), []);
  assert.match(why(even(60, 2))[0], /^unknown-heat: not known to keep 90\.0 % of its accesses on 10\.0 %/);
  assert.match(why(even(512, 9))[0], /^no-gain: its accesses need more than 10\.0 % of the sub-pages$/);
  assert.deepEqual(why(even(3, 100), { keepAccesses: 0.98 }), []);
  assert.match(why(even(3, 100), { keepAccesses: 0.99 })[0], /^unknown-heat: fewer than 457 samples/);
  assert.deepEqual(why(even(60, 40), { sparseBelow: 0.12 }), []);
});

test('samples that a fixed period spreads in step with a walk are told as that', () => {
  const why = (samples: readonly (readonly [number, number])[], period: number) =>
    propose('split-sparse', {
      blocks: ['H'],
      heat: { samples: { 0: samples } },
      origins: [{ ...SUB_PAGE_ORIGIN, stepPeriods: [period] }],
    }).passedOver.map(({ code, why: words }) => `${code}: ${words}`);
  const apart = Array.from({ length: 32 }, (_, at) => [16 * at, 100] as const);
  assert.deepEqual(why(apart, 10_000), [
    'unknown-heat: its samples lie 16 pages apart, which a walk over all pages shows as well by a period of 10000: sample by a prime period',
  ]);
  assert.deepEqual(why(even(45, 4), 10_007), [
    'unknown-heat: its samples are spread more evenly than by chance, as a fixed period of 10007 spreads them in a walk over more pages: sample by a frequency or another period',
  ]);
});

test('a split keeps what takes the accesses and sets free what chance samples hit', () => {
  const stray = Array.from({ length: 40 }, (_, page) => [100 + 10 * page, 1] as const);
  const output = propose('split-sparse', {
    blocks: ['H'],
    heat: { samples: { 0: [...even(8, 150), ...stray] } },
  });
  assert.equal(output.proposals[0].gain.reclaimableBytes, 504 * 4096);
  const { accessesElsewhere, tlbEntries } = output.proposals[0].cost;
  assert.ok(Math.abs((accessesElsewhere?.expected ?? 0) - 40 / 1240) < 1e-12);
  assert.ok((accessesElsewhere?.worst ?? 0) > 40 / 1240 && (accessesElsewhere?.worst ?? 1) < 0.07);
  assert.equal(tlbEntries, 8);
});

test('collapse-dense leaves a block alone whose accesses need few sub-pages, touched all over or not', () => {
  const rare = Array.from({ length: 504 }, (_, page) => [8 + page, 1] as const);
  const heat = { samples: { 0: [...even(8, 1500), ...rare], 1: even(461, 3), 2: even(460, 3) } };
  const output = propose('collapse-dense', { blocks: ['4', '4', '4'], heat });
  assert.deepEqual(actions(output), ['collapse 1 → 9']);
  assert.deepEqual(
    output.passedOver.map(({ code, why }) => `${code}: ${why}`),
    [
      'no-gain: few of its sub-pages take nearly all accesses',
      'unknown-heat: too few samples to tell that it is hot all over',
    ],
  );
});

test('split-sparse never builds on a source that is blind inside huge pages', () => {
  const damon = {
    ...SUB_PAGE_ORIGIN,
    granularity: { ...SUB_PAGE_ORIGIN.granularity, blindInsideHugePages: true },
  };
  const output = propose('split-sparse', {
    blocks: ['H'],
    heat: { samples: { 0: even(3, 200) } },
    origins: [damon],
  });
  assert.deepEqual([actions(output), left(output)], [[], ['unknown-heat 1']]);
});

test('the split order keeps pieces as large as coldness allows, among the orders that can be reached', () => {
  const used = (pages: readonly number[]) => {
    const bitmap = new Uint8Array(64);
    for (const page of pages) bitmap[page >> 3] |= 1 << (page & 7);
    return bitmap;
  };
  const oneCorner = used([0, 1, 2]);
  const scattered = used(Array.from({ length: 32 }, (_, index) => index * 16));
  const all = [0, 2, 3, 4, 5, 6, 7, 8];
  assert.equal(coldPagesAt(oneCorner, 0, 512), 509);
  assert.equal(chooseSplitOrder(oneCorner, 512, all), 5);
  assert.equal(chooseSplitOrder(oneCorner, 512, [0]), 0);
  assert.equal(chooseSplitOrder(scattered, 512, all), 0);
  assert.equal(chooseSplitOrder(scattered, 512, [0, 2]), 0);
  assert.ok(!all.includes(1));
});

test('collapse-dense takes full blocks, and says what a sparse one would grow to', () => {
  const blocks = ['4', '4*461', '4*460', '4*1'];
  const output = propose('collapse-dense', { blocks, parameters: { collapseByResidency: true } });
  assert.deepEqual(actions(output), ['collapse 0 → 9', 'collapse 1 → 9']);
  assert.equal(output.proposals[1].cost.grownBytes, 51 * 4096);
  const growing = output.passedOver.filter(({ code }) => code === 'would-grow').map(({ why }) => why);
  assert.deepEqual(growing, ['1840 kB would become 2048 kB', '4 kB would become 2048 kB']);
});

test('collapse-dense wants heat unless residency was said to suffice, and leaves cold blocks alone', () => {
  const parameters = { collapseByResidency: false };
  assert.deepEqual(left(propose('collapse-dense', { blocks: ['4'], parameters })), ['unknown-heat 1']);
  assert.deepEqual(left(propose('chain', { blocks: ['4'] })), ['unknown-heat 1']);
  const heat = { samples: { 0: even(512, 9), 1: even(3, 200) } };
  const output = propose('collapse-dense', { blocks: ['4', '4'], heat, parameters });
  assert.deepEqual(actions(output), ['collapse 0 → 9']);
  assert.deepEqual(left(output), ['no-gain 1']);
});

test('a chain gives each block to the first policy that claims it', () => {
  const heat = { filled: { 0: 1 }, samples: { 0: even(1, 500), 1: even(3, 200) } };
  const output = propose('chain', { blocks: ['H', 'H'], heat });
  assert.deepEqual(actions(output), ['split 0 → 0', 'split 1 → 0']);
  assert.deepEqual(
    output.proposals.map(({ policy }) => policy),
    ['return-empty', 'split-sparse'],
  );
});

test('named blocks are proposed as asked, unless they are so already or not there', () => {
  const named = [
    {
      pid: 100,
      split: [FIRST_BLOCK, FIRST_BLOCK + 1, FIRST_BLOCK + 9],
      collapse: [FIRST_BLOCK + 1, FIRST_BLOCK],
    },
  ];
  const output = propose('named-blocks', { blocks: ['H', '4'], parameters: { named } });
  assert.deepEqual(actions(output), ['split 0 → 0', 'collapse 1 → 9']);
  assert.deepEqual(left(output).sort(), ['already-so 1', 'already-so 1', 'not-eligible 1']);
});

test('blocks named for another process are not this one’s', () => {
  const named = [{ pid: 7, split: [FIRST_BLOCK], collapse: [] }];
  assert.deepEqual(actions(propose('named-blocks', { blocks: ['H'], parameters: { named } })), []);
});
