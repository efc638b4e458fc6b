import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACTING_STATES, addKnown, FIELD_NAMES, isFieldName, valuesOf, worseState } from './observation.js';

test('what is not known is null, and no sum makes it 0', () => {
  const values = valuesOf({ splits: 3, residentBytes: 0 });
  assert.deepEqual(Object.keys(values), [...FIELD_NAMES]);
  assert.deepEqual([values.splits, values.residentBytes, values.hugeBytes], [3, 0, null]);
  assert.deepEqual(
    [addKnown(1, 2), addKnown(1, null), addKnown(null, 2), addKnown(0, null), addKnown(null, null)],
    [3, 1, 2, 0, null],
  );
});

test('of two states the worse counts', () => {
  for (const [at, left] of ACTING_STATES.entries())
    for (const [other, right] of ACTING_STATES.entries())
      assert.equal(worseState(left, right), ACTING_STATES[Math.max(at, other)], `${left} ${right}`);
});

test('a field is one by its own name only', () => {
  assert.deepEqual(['splits', 'toString', 'Splits', ''].map(isFieldName), [true, false, false, false]);
});
