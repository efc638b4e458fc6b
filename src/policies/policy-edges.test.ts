/** Policies where something is not known or not given: no samples, no content, another order, several mappings. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, hotMap, PROCESS, pageSizes } from '../../test/support/drawing.js';
import { proposalsOf } from '../../test/support/proposals.js';
import { octavo } from './octavo/octavo.js';
import { PARTS } from './octavo/parts.js';
import { DEFAULT_PARAMETERS, policyOf } from './policy.js';

const asked = (what: 'split' | 'collapse', more = {}) => ({
  named: [{ pid: PROCESS.pid, split: [], collapse: [], [what]: [FIRST_BLOCK] }],
  ...more,
});

test('split-sparse without samples says that no source sees below a huge page, with content alone that none fell', () => {
  for (const [heat, why] of [
    [undefined, /no source that sees below a huge page/],
    [hotMap({ filled: { 0: 5 } }), /no sample fell on it/],
  ] as const) {
    const { proposals, passedOver } = proposalsOf('split-sparse', { sizes: pageSizes(['H']), heat });
    assert.deepEqual([proposals.length, passedOver[0].code], [0, 'unknown-heat']);
    assert.match(passedOver[0].why, why);
  }
});

test('a sparse split loses the reach of one entry and takes one for each piece that stays', () => {
  const heat = hotMap({
    samples: {
      0: [
        [0, 300],
        [1, 300],
        [2, 300],
      ],
    },
  });
  const [zero] = proposalsOf('split-sparse', { sizes: pageSizes(['H']), heat }).proposals;
  assert.equal(zero.gain.tlbReachBytes, 4096 - 2 * 2 ** 20);
  assert.equal(zero.cost.tlbEntries, 3);
  const [two] = proposalsOf('split-sparse', { sizes: pageSizes(['H']), heat }, { order: 2 }).proposals;
  assert.deepEqual([two.targetOrder, two.cost.tlbEntries], [2, 1]);
  const { gain } = two;
  assert.equal(gain.tlbReachBytes, 4 * 4096 - 2 * 2 ** 20);
});

test('a named collapse is to a whole block unless an order was given, mapped or not', () => {
  for (const [blocks, kind] of [
    [['4*9'], 'anon'],
    [['.'], 'shmem'],
  ] as const) {
    const order = (more = {}) => proposalsOf('named-blocks', { sizes: pageSizes(blocks, { kind }), heat: undefined }, asked('collapse', more)).proposals[0]?.targetOrder; // biome-ignore format: one
    assert.equal(order(), 9, kind);
    assert.equal(order({ order: 4 }), 4, kind);
  }
});

test('a named split looks at the rows of its own block alone', () => {
  const sizes = pageSizes(['H', 'H', 'H']);
  const heat = hotMap({ filled: { 0: 500, 1: 12, 2: 1 } });
  const [named] = proposalsOf('named-blocks', { sizes, heat }, asked('split')).proposals;
  assert.equal(named.gain.returnedBytes, 12 * 4096);
});

test('octavo has nothing to say of no process, and asks nobody for facts that it can do without', () => {
  const policy = policyOf(octavo, {});
  assert.deepEqual(policy.proposeTogether?.([]), []);
  const sizes = pageSizes(['H', '4*5']);
  for (const heat of [undefined, hotMap({ filled: { 0: 5 } })]) {
    const output = policy.propose({ sizes, heat, parameters: DEFAULT_PARAMETERS });
    assert.deepEqual(output.proposals, []);
    assert.ok(output.passedOver.length > 0);
  }
  assert.ok(Object.keys(PARTS).length > 0);
});

test('octavo gives back unmapped pages of private memory to order 0 alone', () => {
  const unmapped = { unmapped: { 0: 212 } };
  const count = (text: string, more = {}, order?: number) =>
    policyOf(octavo, {})
      .propose({
        sizes: pageSizes([text], { ...unmapped, ...more }),
        heat: undefined,
        parameters: { ...DEFAULT_PARAMETERS, order },
      })
      .proposals.filter(({ action }) => action === 'split').length;
  assert.equal(count('h*300'), 1);
  assert.equal(count('h*300', {}, 0), 1);
  assert.equal(count('h*300', {}, 2), 0);
  assert.equal(count('h*300', { kind: 'shmem' }), 0);
  assert.equal(count('H'), 0, 'mapped by one entry it is whole');
});
