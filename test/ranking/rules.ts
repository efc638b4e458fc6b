/** Rules that rank blocks for a huge page, the best first, from samples and from which pages hold data. */
import { expectedByUse } from '../../src/belief/heat-by-use.js';
import {
  blockMean,
  exposureWithPrior,
  shapeBetween,
  shapeWithin,
  unevennessOf,
} from '../../src/belief/prior.js';
import { exactTable } from '../../src/policies/octavo/best-known.js';
import type { ExactRates } from '../../src/policies/octavo/bound.js';
import { curveOf } from '../../src/policies/octavo/curve.js';
import { entryShapes } from '../../src/policies/octavo/entry-shapes.js';
import { type LayoutTable, LayoutTableBuilder } from '../../src/policies/octavo/layout-table.js';
import type { Translation } from '../../src/vocabulary/translation.js';

/** Counts of samples of every sub-page, in a window of `seconds` divided by the accesses that a sample stands for. */
export interface Sampled {
  readonly world: ExactRates;
  readonly counts: Float64Array;
  readonly exposure: number;
  readonly cpu: Translation;
}

export type Rule = (sampled: Sampled) => ArrayLike<number>;

const byScore =
  (score: (counts: Float64Array, empty: number, used: number) => number): Rule =>
  ({ world, counts }) => {
    const { pagesPerBlock } = world;
    const blocks = counts.length / pagesPerBlock;
    const scores = Array.from({ length: blocks }, (_, block) => {
      const from = block * pagesPerBlock;
      const empty = world.isEmpty.subarray(from, from + pagesPerBlock).reduce((sum, one) => sum + one, 0);
      return score(counts.subarray(from, from + pagesPerBlock), empty, pagesPerBlock - empty);
    });
    return scores.map((_, block) => block).sort((one, other) => scores[other] - scores[one] || one - other);
  };

const total = (counts: Float64Array) => counts.reduce((sum, count) => sum + count, 0);
const squares = (counts: Float64Array) => counts.reduce((sum, count) => sum + count * count, 0);
const atLeast = (counts: Float64Array, least: number) =>
  counts.reduce((sum, count) => sum + (count >= least ? 1 : 0), 0);

/** The block-mean prior of policy `octavo`, or one Gamma for the whole process. */
function believed({ world, counts, exposure, cpu }: Sampled, prior: 'block' | 'one'): LayoutTable {
  const { pagesPerBlock, isEmpty } = world;
  const blocks = counts.length / pagesPerBlock;
  const used = Array.from({ length: blocks }, (_, block) =>
    isEmpty
      .subarray(block * pagesPerBlock, (block + 1) * pagesPerBlock)
      .reduce((sum, one) => sum + 1 - one, 0),
  );
  const of = (block: number) => counts.subarray(block * pagesPerBlock, (block + 1) * pagesPerBlock);
  const processMean = total(counts) / used.reduce((sum, one) => sum + one, 0);
  const totals = used.map((_, block) => total(of(block)));
  const between = shapeBetween(
    totals,
    used.map((one) => one * processMean),
  );
  const expected = expectedByUse(totals, used, between);
  const means = used.map((one, block) =>
    prior === 'one' ? processMean : blockMean(totals[block], one, expected[block], between),
  );
  const sums = { squares: 0, excess: 0 };
  means.forEach((mean, block) => {
    const one = unevennessOf(totals[block], squares(of(block)), used[block], mean);
    sums.squares += one.squares;
    sums.excess += one.excess;
  });
  const shape = shapeWithin(sums);
  return tableOf(world, cpu, (block, into) => {
    of(block).forEach((count, page) => {
      into[page] = shape + count;
    });
    return exposureWithPrior(exposure, shape, means[block]);
  });
}

function exactly({ world, cpu }: Sampled, rates: Float64Array): LayoutTable {
  return exactTable({ ...world, rates }, cpu.runPages);
}

/** `fill` writes the shapes of a block's pages and returns its exposure. */
function tableOf(
  { pagesPerBlock, pageBytes, isEmpty, rates }: ExactRates,
  cpu: Translation,
  fill: (block: number, into: Float64Array) => number,
): LayoutTable {
  const builder = new LayoutTableBuilder(pagesPerBlock);
  const shapes = new Float64Array(pagesPerBlock);
  const entries = new Float64Array(pagesPerBlock);
  for (let block = 0; block < rates.length / pagesPerBlock; block++) {
    const empty = isEmpty.subarray(block * pagesPerBlock, (block + 1) * pagesPerBlock);
    const exposure = fill(block, shapes);
    const count = entryShapes(shapes, empty, { pages: cpu.runPages }, entries);
    const waste = pageBytes * empty.reduce((sum, one) => sum + one, 0);
    builder.add(exposure, entries, count, waste);
  }
  return builder.build();
}

export const RULES = {
  fullest: byScore((_, __, used) => used),
  coverage: byScore((counts) => atLeast(counts, 1)),
  heat: byScore((counts) => total(counts)),
  'hot share': byScore((counts) => atLeast(counts, 2)),
  'low skew': byScore((counts) => -squares(counts) / Math.max(1, atLeast(counts, 1)) ** 2),
  'heat per byte': byScore((counts, empty) => total(counts) / Math.max(1, empty)),
  'plug-in rates': (sampled) =>
    curveOf(
      exactly(
        sampled,
        sampled.counts.map((count) => count / sampled.exposure),
      ),
      sampled.cpu,
    ).order,
  'one Gamma': (sampled) => curveOf(believed(sampled, 'one'), sampled.cpu).order,
  'block Gamma': (sampled) => curveOf(believed(sampled, 'block'), sampled.cpu).order,
  'exact rates': (sampled) => curveOf(exactly(sampled, sampled.world.rates), sampled.cpu).order,
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof RULES;
