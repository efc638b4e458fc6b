import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPolicyName, POLICY_NAMES, wrongParameter } from './policy-words.js';

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
  [{ emptyAbove: '50%' }, 'emptyAbove'],
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
    assert.equal(wrongParameter(parameters)?.name, name));
}
