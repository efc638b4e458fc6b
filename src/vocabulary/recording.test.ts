import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coveredNs } from './recording.js';

const span = (fromMs: number | undefined, toMs: number) => ({ fromMs, toMs, isExact: true });

test('overlapping times count once, gaps not at all', () => {
  assert.equal(coveredNs([span(10, 20)]), 10e6);
  assert.equal(coveredNs([span(30, 40), span(10, 20), span(15, 25), span(16, 17)]), 25e6);
});

test('a recording that does not say when it began leaves it open', () => {
  assert.equal(coveredNs([span(10, 20), span(undefined, 40)]), undefined);
  assert.equal(coveredNs([span(10, 20), undefined]), undefined);
  assert.equal(coveredNs([]), undefined);
});
