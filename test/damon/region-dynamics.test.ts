/**
 * Region dynamics beside recordings of real kernels (test/fixtures/dynamics, made by lab/record-kernel.ts): the
 * same patterns for 320 aggregations, each eighth compared. Chance is the kernel's own in every run, so that
 * distributions are compared, within tolerances that the model's runs with other seeds keep among themselves.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../support/corpus.js';
import { DYNAMICS_TOLERANCES, type DynamicsFigures, differences, figuresOf } from './dynamics-compare.js';
import {
  type DynamicsPattern,
  type DynamicsSnapshot,
  PATTERNS,
  parseSnapshot,
  RECORDED_GENERATIONS,
} from './dynamics-patterns.js';
import { replay } from './dynamics-replay.js';

function recorded(generation: string, pattern: string): DynamicsSnapshot[] {
  const path = join(ROOT, 'test/fixtures/dynamics', `${generation}-${pattern}.txt`);
  return readFileSync(path, 'utf8').trim().split('\n').slice(1).map(parseSnapshot);
}

const whatDiffers = (left: DynamicsFigures, right: DynamicsFigures): string[] =>
  Object.entries(differences(left, right)).flatMap(([name, found]) => {
    const most = DYNAMICS_TOLERANCES[name as keyof typeof DYNAMICS_TOLERANCES];
    return found <= most ? [] : [`${name}: ${found.toFixed(3)} apart, ${most} is tolerated`];
  });

/** Whether a sparse pattern's few pages are met is chance above all: such runs differ most, and are cheap. */
const seedsFor = ({ name }: DynamicsPattern): readonly number[] =>
  name.startsWith('sparse') ? [1, 2, 3, 4] : [1];

for (const generation of RECORDED_GENERATIONS) {
  const figures = new Map<string, DynamicsFigures>();

  for (const pattern of PATTERNS) {
    test(`${generation}, ${pattern.name}: counts, sizes, ages and heat of regions as recorded`, () => {
      const model = figuresOf(seedsFor(pattern).map((seed) => replay(pattern, generation, seed)));
      figures.set(pattern.name, model);
      assert.deepEqual(whatDiffers(figuresOf([recorded(generation, pattern.name)]), model), []);
    });
  }

  test(`${generation}: the tolerances tell patterns apart`, () => {
    for (const [pattern, other] of [
      ['idle', 'quarter-small'],
      ['quarter-huge', 'stairs'],
      ['stairs', 'sparse-huge'],
      ['sparse-small', 'sparse-huge'],
    ]) {
      const found = figures.get(other);
      assert.ok(found !== undefined);
      assert.notDeepEqual(whatDiffers(figuresOf([recorded(generation, pattern)]), found), [], pattern);
    }
  });
}
