import assert from 'node:assert/strict';
import { test } from 'node:test';
import { USUAL_WALK } from '../cpus/shared-figures.js';
import { nestedReferences, Walker } from './walker.js';

const near = USUAL_WALK.nearCycles.value;
const far = USUAL_WALK.farCycles.value;

test('a two-dimensional walk takes 24 references, 15 with huge pages on both sides', () => {
  assert.equal(nestedReferences(4, 4), 24);
  assert.equal(nestedReferences(4, 3), 19);
  assert.equal(nestedReferences(3, 4), 19);
  assert.equal(nestedReferences(3, 3), 15);
});

test('the first walk goes to memory, the next one on the same line does not', () => {
  const walker = new Walker(USUAL_WALK);
  assert.equal(walker.walk(0, 0, 0), 2 * far);
  assert.equal(walker.walk(1, 0, 0), near, 'same PTE line, directory entry cached');
  assert.equal(walker.walk(8, 0, 0), far, 'next PTE line');
});

test('a walk to a PMD entry is one reference shorter', () => {
  const walker = new Walker(USUAL_WALK);
  assert.equal(walker.walk(0, 0, 1), far);
  assert.equal(walker.walk(0, 0, 1), near);
});

test('a guest walk costs more than a native one, huge host pages make it cheaper', () => {
  const cost = (guestHuge: boolean, hostHuge: boolean) =>
    new Walker(USUAL_WALK).nestedWalk(5, 0, 5, guestHuge, hostHuge);
  assert.ok(cost(false, false) > cost(false, true));
  assert.ok(cost(false, true) > cost(true, true));
  assert.ok(cost(true, true) > new Walker(USUAL_WALK).walk(5, 0, 1));
});
