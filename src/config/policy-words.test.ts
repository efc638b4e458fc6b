import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPolicyName, POLICY_NAMES, separated, wrongPolicyParameter } from './policy-words.js';

test('policies are known by their names', () => {
  assert.ok(POLICY_NAMES.includes('return-empty'));
  for (const name of POLICY_NAMES) assert.equal(isPolicyName(name), true);
  for (const name of ['foo', '', 'toString']) assert.equal(isPolicyName(name), false);
});

const WRONG: readonly (readonly [parameters: Record<string, unknown>, name: string | undefined])[] = [
  [{}, undefined],
  [{ sparseBelow: 0, denseAbove: 1, emptyAbove: 0.5, order: 8, collapseByResidency: true }, undefined],
  [{ order: 0, collapseByResidency: false }, undefined],
  [{ sparseBelow: -0.1 }, 'sparseBelow'],
  [{ denseAbove: 1.1 }, 'denseAbove'],
  [{ emptyAbove: '50%' }, undefined],
  [{ emptyAbove: '150%' }, 'emptyAbove'],
  [{ order: 9 }, 'order'],
  [{ order: -1 }, 'order'],
  [{ order: 1.5 }, 'order'],
  [{ collapseByResidency: 1 }, 'collapseByResidency'],
  [{ sparsebelow: 0.1 }, 'sparsebelow'],
  [{ costs: 1 }, 'costs'],
  [{ toString: 1 }, 'toString'],
];

for (const [parameters, name] of WRONG) {
  test(`${JSON.stringify(parameters)}: ${name ?? 'right'}`, () =>
    assert.equal(wrongPolicyParameter('chain', parameters)?.name, name));
}

test('each policy has its own parameters, and an order that is no parameter of it', () => {
  assert.deepEqual(wrongPolicyParameter('return-empty', { emptyAbove: 0.5, sparseBelow: 0.1 }), {
    name: 'sparseBelow',
    problem: 'unknown parameter; there are emptyAbove, unmappedFrom, order',
  });
  assert.equal(wrongPolicyParameter('named-blocks', { order: 4 }), undefined);
  assert.equal(wrongPolicyParameter('named-blocks', {}), undefined);
  assert.deepEqual(separated({ order: 4, sparseBelow: '5%' }), { own: { sparseBelow: '5%' }, order: 4 });
});
