import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAMILIES, type Family } from './families.js';
import { type ScoreOptions, scores } from './score.js';

const OPTIONS: ScoreOptions = { samplesPerBlock: 30, seed: 7, accesses: 40_000, at: [0.3, 0.5, 0.7, 0.8] };

/** What the design found at 30 samples a block: at least so much of the bound's area. */
const LEAST: Readonly<Record<Family, number>> = {
  sparse: 0.97,
  'use ⟂ heat': 0.95,
  'hot sparse': 0.8,
  'cold dense': 0.9,
  slabs: 0.94,
  'zipf pages': 0.88,
  spikes: 0.85,
};

for (const family of Object.keys(FAMILIES) as Family[]) {
  test(`${family}: block Gammas rank nearly as exact rates do, and no rule beats the bound`, () => {
    const found = scores(family, OPTIONS);
    assert.ok(found['block Gamma'] >= LEAST[family], JSON.stringify(found));
    assert.ok(found['block Gamma'] >= found['exact rates'] - 0.04, JSON.stringify(found));
    for (const share of Object.values(found)) assert.ok(share <= 1.02, JSON.stringify(found));
  });
}

test('A design that failed: one Gamma for the whole process, where blocks differ in heat', () => {
  const found = scores('cold dense', OPTIONS);
  assert.ok(found['one Gamma'] < found['block Gamma'] - 0.03, JSON.stringify(found));
});
