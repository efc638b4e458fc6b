/** A small part of the calibration, with fixed seeds; `npm run calibration` draws all of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADVERSARIES } from './adversaries.js';
import { FAMILIES, type Family } from './families.js';
import { countHost } from './hosts.js';
import { type Cell, scoreCell } from './score.js';
import { failures, mean, rate, table, worst } from './tables.js';

const SAMPLES = [30, 100, 600, 2000];
const TOUCHED = [2, 51, 57, 512];
const DRAWS = 120;

const cells = [
  ...FAMILIES.flatMap((family) => cellsOf(family, TOUCHED, SAMPLES)),
  ...ADVERSARIES.flatMap((family) => cellsOf(family, [51, 512], [100, 600])),
];

function cellsOf(family: Family, touched: readonly number[], samples: readonly number[]): Cell[] {
  return touched.flatMap((each) =>
    samples.map((count, at) => scoreCell(family, count, each, DRAWS, 100 * each + at)),
  );
}

function cellOf(family: string, touched: number, samples: number, draws = 200): Cell {
  const found = FAMILIES.find(({ name }) => name === family);
  assert.ok(found !== undefined, family);
  return scoreCell(found, samples, touched, draws, 1);
}

test('at most 5 % of the claims are false in any cell, and at most 2 % on average', () => {
  assert.deepEqual(failures(cells), []);
});

test('the estimator that was replaced fails the same check, so the check can fail', () => {
  assert.ok(worst(cells, 'before', 'falseSparse') > 0.3);
  assert.ok(worst(cells, 'before', 'violated') > 0.8);
  const swapped = cells.map((cell) => ({ ...cell, now: cell.before }));
  assert.ok(failures(swapped).length > 20);
});

test('a page that 4.5 % of the draws miss is missed, and no bound is violated more often', () => {
  const cell = cellOf('adversary: one page hides just what no sample tells', 2, 100, 4000);
  assert.ok(rate(cell, 'now', 'violated') <= 0.05);
});

test('what is left unknown is bounded too: a bound that claims nothing would hold as well', () => {
  const limits: [family: string, touched: number, samples: number, unknown: number][] = [
    ['uniform', 2, 60, 0],
    ['uniform', 10, 100, 0.2],
    ['uniform', 20, 200, 0],
    ['uniform', 48, 300, 0.05],
    ['uniform', 512, 2000, 0],
    ['zipf 2', 512, 500, 0.02],
    ['zipf 3', 512, 200, 0.02],
    ['two-level: 5 % take 95 %', 512, 1000, 0.05],
    ['two-level: 5 % take 95 %', 512, 5000, 0],
    ['runs of 16', 48, 100, 0.02],
  ];
  for (const [family, touched, samples, unknown] of limits) {
    const found = rate(cellOf(family, touched, samples), 'now', 'unknown');
    assert.ok(found <= unknown, `${family}, ${touched} sub-pages, ${samples} samples: ${found}`);
  }
});

test('an evenly hot host is never called sparse, however few the samples', () => {
  const few = countHost(0, 50, 1, 200);
  assert.deepEqual([few.seen, few.least, few.most], [1, 0, 1]);
  const many = countHost(0.5, 500, 1, 200);
  assert.deepEqual([many.least, many.most], [0.5, 0.5]);
});

test('a table has a line for each group and one for all', () => {
  const lines = table(cells, 'now', ({ samples }) => samples);
  assert.equal(lines.length, 2 + SAMPLES.length + 1);
  assert.match(lines[lines.length - 1], /^\| all \|/);
  assert.ok(mean(cells, 'now', 'violated') <= worst(cells, 'now', 'violated'));
});
