import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CellAnswer, CellRun } from './cell-run.js';
import { type Cell, type CellPlace, cellOf, withBestKnown } from './cells.js';
import { geometricMeanOf, meanOf } from './intervals.js';
import { groupsOf, LEAST_PRODUCT, standingsOf } from './ranking.js';
import { STEPS } from './speed-bound.js';

const MIB = 2 ** 20;

function runOf(rssMiB: number, nsPerAccess: number, more: Partial<CellRun> = {}): CellRun {
  return {
    processes: [{ name: 'a', accesses: 1000, nsPerAccess, rss: rssMiB * MIB }],
    meanRss: rssMiB * MIB,
    peakRss: rssMiB * MIB,
    reclaimableBytes: 0,
    majorFaults: 0,
    blocks: 64,
    actions: 0,
    churn: 0,
    actedShare: 0,
    workNs: 0,
    ownCpuNs: 0,
    p999Ns: 0,
    worstGapNs: 0,
    agent: null,
    bound: null,
    ...more,
  };
}

const place = (more: Partial<CellPlace> = {}): CellPlace => ({
  ...{ workload: 'w', cpu: 'zen3', pressure: 'none', policy: 'p', seed: 1 },
  ...more,
});
const ran = (run: CellRun): CellAnswer => ({ kind: 'run', run });
const RULERS = { never: runOf(100, 1020), always: runOf(200, 1000) };

test('B and S lie between the rulers', () => {
  const cell = cellOf(place(), ran(runOf(125, 1005)), RULERS);
  assert.ok(Math.abs((cell.bloatRemoved ?? 0) - 0.75) < 1e-12);
  assert.ok(Math.abs((cell.speedKept ?? 0) - 0.75) < 1e-12);
  assert.ok(Math.abs((cell.product ?? 0) - 0.5625) < 1e-12);
  assert.ok(Math.abs((cell.slowdown ?? 0) - 0.005) < 1e-12);
  for (const [ruler, b, s] of [
    ['never', 1, 0],
    ['always', 0, 1],
  ] as const) {
    const { bloatRemoved, speedKept, product } = cellOf(place(), ran(RULERS[ruler]), RULERS);
    assert.deepEqual([bloatRemoved, speedKept, product], [b, s, 0]);
  }
});

test('beyond the rulers shares are held, and told as measured', () => {
  const cell = cellOf(place(), ran(runOf(80, 1030)), RULERS);
  assert.deepEqual([cell.bloatRemoved, cell.speedKept, cell.product], [1, 0, 0]);
  assert.ok((cell.unheld.bloatRemoved ?? 0) > 1.19 && (cell.unheld.speedKept ?? 0) < -0.49);
});

test('without bloat, or without speed-up, there is no product, and harm is told', () => {
  const dense = { never: runOf(200, 1020), always: runOf(201, 1000) };
  const cell = cellOf(place(), ran(runOf(200, 1010)), dense);
  assert.deepEqual([cell.bloatRemoved, cell.product, cell.bound], [null, null, null]);
  assert.ok(Math.abs((cell.speedKept ?? 0) - 0.5) < 1e-12);
  assert.ok(Math.abs((cell.slowdown ?? 0) - 0.01) < 1e-12);
  const slow = { never: runOf(100, 1000), always: runOf(200, 1001) };
  const other = cellOf(place(), ran(runOf(150, 1002)), slow);
  assert.deepEqual([other.bloatRemoved, other.speedKept, other.product], [0.5, null, null]);
  assert.ok(Math.abs((other.slowdown ?? 0) - 0.002) < 1e-9, 'against never, the better one here');
});

test('where nothing takes time nobody is slower, and what takes some has no share', () => {
  const idle = { never: runOf(100, 0), always: runOf(200, 0) };
  assert.equal(cellOf(place(), ran(runOf(150, 0)), idle).slowdown, 0);
  assert.equal(cellOf(place(), ran(runOf(150, 1)), idle).slowdown, null);
});

test('processes weigh by their accesses without huge pages', () => {
  const two = (a: number, b: number, accesses: number): CellRun => ({
    ...runOf(100, 0),
    processes: [
      { name: 'a', accesses: 300, nsPerAccess: a, rss: 0 },
      { name: 'b', accesses, nsPerAccess: b, rss: 0 },
    ],
  });
  const rulers = { never: two(100, 200, 100), always: { ...two(90, 190, 100), meanRss: 200 * MIB } };
  const cell = cellOf(place(), ran(two(92, 194, 900)), rulers);
  assert.ok(Math.abs((cell.nsPerAccess ?? 0) - (0.75 * 92 + 0.25 * 194)) < 1e-9);
});

test('who accesses nothing in the measured time has no figures; who does not in small pages either is left out', () => {
  const idle = runOf(100, 0);
  const waiting = { ...idle, processes: idle.processes.map((one) => ({ ...one, accesses: 0 })) };
  const cell = cellOf(place(), ran(waiting), RULERS);
  assert.match(cell.unable ?? '', /accessed nothing in the measured time/);
  assert.deepEqual([cell.product, cell.speedKept, cell.nsPerAccess], [null, null, null]);
  const late = { name: 'late', accesses: 0, nsPerAccess: 0, rss: 0 };
  const both = (run: CellRun) => ({ ...run, processes: [...run.processes, late] });
  const rulers = { never: both(RULERS.never), always: both(RULERS.always) };
  assert.equal(cellOf(place(), ran(both(runOf(150, 1010))), rulers).unable, null);
});

test('the bound of a cell is the best point of its curve', () => {
  const curve = (most: number) =>
    Array.from({ length: STEPS + 1 }, (_, step) => most * (1 - (step / STEPS) ** 2));
  const leastNs = curve(20).map((saved) => 40 - saved);
  const never = runOf(100, 1020, { bound: { leastNs, knownNs: curve(10), translationNs: 40 } });
  const cell = cellOf(place(), ran(runOf(150, 1010)), { never, always: RULERS.always });
  // Small pages alone take 40; the curve is 1 − b² of the 20 that huge ones save, and half of that is known.
  const best = Math.max(
    ...Array.from({ length: STEPS + 1 }, (_, step) => (step / STEPS) * (1 - (step / STEPS) ** 2)),
  );
  assert.ok(Math.abs((cell.bound ?? 0) - best) < 1e-12);
  assert.ok(Math.abs((cell.bestKnown ?? 0) - best / 2) < 1e-12);
  assert.ok(Math.abs((cell.speedBound ?? 0) - 0.75) < 1e-9);
  assert.ok(Math.abs((cell.shareOfBound ?? 0) - 0.25 / best) < 1e-12);
});

test('what did not run has its reason and no figures', () => {
  const cell = cellOf(place(), { kind: 'none', why: 'no such file' }, RULERS);
  assert.deepEqual(
    [cell.unable, cell.product, cell.actions, cell.refused],
    ['no such file', null, null, null],
  );
  const alone = cellOf(place(), ran(runOf(1, 1)), undefined);
  assert.deepEqual([alone.unable, alone.product, alone.slowdown, alone.nsPerAccess], [null, null, null, 1]);
});

const cellWith = (more: Partial<Cell>): Cell => ({
  ...cellOf(place(), ran(runOf(125, 1005)), RULERS),
  ...more,
});

test('the best known product is that of the same place and seed', () => {
  const cells = withBestKnown([
    cellWith({ policy: 'a', product: 0.3 }),
    cellWith({ policy: 'b', product: 0.6 }),
    cellWith({ policy: 'b', seed: 2, product: 0.9 }),
    cellWith({ policy: 'c', product: null }),
  ]);
  assert.deepEqual(
    cells.map(({ bestKnown }) => bestKnown),
    [0.6, 0.6, 0.9, null],
  );
  assert.equal(cells[0].shareOfBestKnown, 0.5);
});

test('a bound that a policy passed is raised to it, for all policies of the place', () => {
  const bounds = { bound: 0.5, shareOfBound: 1.2, speedBound: 0.7 };
  const cells = withBestKnown([
    cellWith({ policy: 'a', product: 0.6, speedKept: 0.9, ...bounds }),
    cellWith({ policy: 'b', product: 0.3, speedKept: 0.4, ...bounds }),
    cellWith({ policy: 'b', seed: 2, product: 0.3, ...bounds }),
    cellWith({ policy: 'c', seed: 3, product: 0.3, bound: null, speedBound: null }),
  ]);
  assert.deepEqual(
    cells.map(({ bound, shareOfBound, speedBound }) => [bound, shareOfBound, speedBound]),
    [
      [0.6, 1, 0.9],
      [0.6, 0.5, 0.7],
      [0.5, 0.6, 0.75],
      [null, null, null],
    ],
  );
});

test('intervals are Student’s over seeds', () => {
  const mean = meanOf([1, 2, 3]);
  assert.ok(mean?.low !== null && mean?.low !== undefined);
  assert.ok(Math.abs(mean.value - 2) < 1e-12 && Math.abs(mean.low - (2 - 4.303 / Math.sqrt(3))) < 1e-9);
  assert.deepEqual(meanOf([5]), { value: 5, low: null, high: null });
  assert.equal(meanOf([]), undefined);
  assert.ok(Math.abs((geometricMeanOf([1, 4])?.value ?? 0) - 2) < 1e-12);
});

test('standings: geometric means over places, factors seed by seed, harm where nothing is to gain', () => {
  const at = (policy: string, workload: string, seed: number, product: number | null, slowdown: number) =>
    cellWith({ policy, workload, seed, product, shareOfBound: product, slowdown, actedShare: slowdown });
  const standings = standingsOf([
    ...[1, 2].flatMap((seed) => [
      at('a', 'x', seed, 0.2, 0),
      at('a', 'y', seed, 0.8, 0),
      at('a', 'z', seed, null, 0.01),
    ]),
    ...[1, 2].flatMap((seed) => [
      at('b', 'x', seed, 0.1, 0),
      at('b', 'y', seed, 0.4, 0),
      at('b', 'z', seed, null, 0.03),
    ]),
    at('c', 'x', 1, 0, 0),
  ]);
  assert.deepEqual(
    standings.map(({ policy }) => policy),
    ['a', 'b', 'c'],
  );
  const [a, b, c] = standings;
  assert.ok(Math.abs((a.product?.value ?? 0) - 0.4) < 1e-12);
  assert.equal(a.places, 2);
  assert.deepEqual([a.harm.places, a.harm.slowdown, a.harm.actedShare], [1, 0.01, 0.01]);
  assert.equal(b.againstBest?.policy, 'a');
  assert.ok(Math.abs((b.againstBest?.factor.value ?? 0) - 0.5) < 1e-12);
  assert.ok(
    Math.abs((c.product?.value ?? 0) - LEAST_PRODUCT) < 1e-12,
    'a product of 0 has a logarithm of its own',
  );
  assert.equal(a.worstShareOfBound, 0.2);
  assert.deepEqual([a.atZero, c.atZero], [0, 1]);
});

test('groups are over the seeds of a place', () => {
  const groups = groupsOf([
    cellWith({ seed: 1, product: 0.2 }),
    cellWith({ seed: 2, product: 0.4 }),
    cellWith({ cpu: 'zen4' }),
  ]);
  assert.equal(groups.length, 2);
  assert.equal(groups[0].seeds, 2);
  assert.ok(Math.abs((groups[0].product?.value ?? 0) - 0.3) < 1e-12);
});
