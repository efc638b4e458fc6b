/** Pieces of the policy by themselves: which blocks are asked about, what is believed to miss, and the words for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, pageSizes } from '../../../test/support/drawing.js';
import { BLOCK_FLAG } from '../../vocabulary/page-sizes.js';
import { USUAL_TRANSLATION } from '../../vocabulary/translation.js';
import { EXACT, LayoutTableBuilder } from './layout-table.js';
import { scaleByWalks } from './observed-walks.js';
import { inTime, reasonWords } from './reasons.js';
import { firstTime, hugeMisses, smallMisses } from './residency.js';
import { isCandidate, type Survey } from './survey.js';

const near = (found: number, expected: number, within = 1e-9) =>
  assert.ok(
    Math.abs(found - expected) <= within * Math.max(1, Math.abs(expected)),
    `${found}, not ${expected}`,
  );

/** Blocks of one entry each, used so often a second, known exactly. */
function tableOf(rates: readonly number[], exposure = EXACT) {
  const builder = new LayoutTableBuilder(1);
  for (const rate of rates) builder.add(exposure, Float64Array.of(rate * exposure), 1, 0);
  return builder.build();
}

test('a candidate is private anonymous memory with pages, huge or whole in its mapping', () => {
  const drawn = (text: string, more: Drawn = {}, change: (flags: Uint16Array) => void = () => {}) => {
    const sizes = pageSizes([text], more);
    change(sizes.blocks.flags);
    return isCandidate(sizes, 0);
  };
  const cut = (flags: Uint16Array) => {
    flags[0] &= ~BLOCK_FLAG.wholeInMapping;
  };
  const shared = (flags: Uint16Array) => {
    flags[0] |= BLOCK_FLAG.shared;
  };
  assert.equal(drawn('H'), true);
  assert.equal(drawn('4*3'), true);
  assert.equal(drawn('H', {}, cut), true, 'a huge page is whole whatever its mappings');
  assert.equal(drawn('4*3', {}, cut), false);
  for (const kind of ['shmem', 'file', 'hugetlb'] as const) assert.equal(drawn('H', { kind }), false, kind);
  assert.equal(drawn('H', {}, shared), false);
  const empty = pageSizes(['4*3']);
  empty.blocks.present[0] = 0;
  assert.equal(isCandidate(empty, 0), false);
});

test('a huge page that is never used, or that always stays, misses never', () => {
  const table = tableOf([0, 5]);
  assert.equal(hugeMisses(table, 0, 0.1), 0);
  assert.equal(hugeMisses(table, 1, Number.POSITIVE_INFINITY), 0);
  near(hugeMisses(table, 1, 0), 5);
  near(hugeMisses(table, 1, 0.1), 5 * Math.exp(-0.5), 1e-6);
});

test('time in the first level: unknown without one, endless where all fits, else what fills it', () => {
  const table = tableOf([1000, 1000, 1000, 1000]);
  const cpu = (first: object | undefined) => ({ ...USUAL_TRANSLATION, first }) as never;
  const level = { entries: 2, isShared: false, secondHitNs: 2 };
  const all = Uint8Array.of(1, 1, 1, 1);
  assert.equal(firstTime(table, all, cpu(undefined)), undefined);
  assert.equal(firstTime(table, all, cpu({ ...level, entries: 4 })), Number.POSITIVE_INFINITY);
  assert.equal(firstTime(table, Uint8Array.of(1, 1, 0, 0), cpu(level)), Number.POSITIVE_INFINITY);
  // Each of four is there with 1 - exp(-1000 t); two of four are at ln 2 / 1000.
  const tau = firstTime(table, all, cpu(level)) ?? 0;
  assert.ok(Math.abs(tau / (Math.LN2 / 1000) - 1) < 0.05, `${tau}`);
  // Small ones that share it are hardly met twice: 2000 a second of them and of two huge ones.
  const mixed = firstTime(table, Uint8Array.of(1, 1, 0, 0), cpu({ ...level, isShared: true })) ?? 0;
  const within = 2000 * mixed - 2 * Math.expm1(-1000 * mixed);
  assert.ok(Math.abs(within / 2 - 1) < 0.05, `${within}`);
});

function surveyOf(
  walks: readonly number[],
  more: Partial<Record<'isHuge' | 'process' | 'recent', readonly number[]>> = {},
) {
  const rates = walks.map((_, at) => 1000 * (at + 1));
  const table = tableOf(rates);
  const survey = {
    table,
    process: more.process ?? walks.map(() => 0),
    isHuge: Uint8Array.from(more.isHuge ?? walks.map(() => 0)),
    recent: more.recent ?? walks.map(() => 100),
    walks,
  };
  return { table, survey: survey as unknown as Survey };
}

const FEW = { ...USUAL_TRANSLATION, entries: 2 };

test('samples that tell of no walks scale nothing', () => {
  const { table, survey } = surveyOf([Number.NaN, Number.NaN]);
  assert.equal(scaleByWalks(survey, FEW).size, 0);
  assert.deepEqual([...table.worth], [1, 1]);
});

test('blocks that walk more than believed are worth more, up to twice, and less down to half', () => {
  const { table, survey } = surveyOf([1e6, 0, Number.NaN, 1e6], {
    process: [7, 7, 7, 8],
    recent: [100, 1e6, 100, 100],
  });
  const sums = scaleByWalks(survey, FEW);
  assert.deepEqual([...table.worth], [2, 0.5, 1, 2]);
  assert.deepEqual([...sums.keys()], [7, 8]);
  assert.deepEqual([sums.get(7)?.observed, sums.get(8)?.observed], [1e6, 1e6]);
});

test('what is believed to walk is the share of samples that misses, as the block is mapped now', () => {
  for (const isHuge of [0, 1]) {
    const { table, survey } = surveyOf([30, 30, 30, 30], { isHuge: [isHuge, isHuge, isHuge, isHuge] });
    const [sum] = scaleByWalks(survey, FEW).values();
    const tau = tauOf(survey);
    const misses = isHuge === 1 ? hugeMisses : smallMisses;
    const shares = [0, 1, 2, 3].map((at) => (100 * misses(table, at, tau)) / (1000 * (at + 1)));
    near(
      sum.predicted,
      shares.reduce((all, one) => all + one, 0),
      1e-3,
    );
    assert.equal(sum.observed, 120);
    for (const at of [0, 1, 2, 3])
      near(table.worth[at], Math.min(2, Math.max(0.5, 50 / (shares[at] + 20))), 1e-3);
  }
});

/** Two of four entries with rates 1 to 4 thousand are there: found by halving, beside the policy's own way. */
function tauOf({ table }: Survey): number {
  let [low, high] = [1e-9, 1];
  for (let round = 0; round < 100; round++) {
    const middle = (low + high) / 2;
    let there = 0;
    for (let at = 0; at < table.count; at++) there -= Math.expm1(-1000 * (at + 1) * middle);
    if (there < 2) low = middle;
    else high = middle;
  }
  return low;
}

test('a block that is never used is believed to walk never', () => {
  const builder = new LayoutTableBuilder(1);
  for (const rate of [0, 1000, 2000, 3000]) builder.add(EXACT, Float64Array.of(rate * EXACT), 1, 0);
  const table = builder.build();
  const survey = {
    table,
    process: [0, 0, 0, 0],
    isHuge: new Uint8Array(4),
    recent: [9, 9, 9, 9],
    walks: [0, Number.NaN, Number.NaN, Number.NaN],
  };
  const [sum] = scaleByWalks(survey as unknown as Survey, FEW).values();
  assert.equal(sum.predicted, 0);
  assert.equal(table.worth[0], 1);
});

test('times have the unit that holds them once', () => {
  const rows = [[0, '0 ns/s'], [999, '999 ns/s'], [1000, '1 µs/s'], [1234, '1.23 µs/s'], [999_999, '1000 µs/s'], [1e6, '1 ms/s'], [-2e6, '-2 ms/s']] as const; // biome-ignore format: rows
  for (const [ns, told] of rows) assert.equal(inTime(ns), told, `${ns}`);
});

test('reasons say what goes back or grows', () => {
  const survey = { used: [100], samples: [7.4] } as unknown as Survey;
  const act = { block: 0, chance: 0.95, gainedNs: 2000, lostNs: 1000, bytes: 0 };
  const words = (more: object) => reasonWords({ ...act, ...more } as never, survey, 512);
  assert.match(
    words({ action: 'split', bytes: 4096 }),
    /^100 of 512 .* hold data: 4 KiB go back, .* cost 1 µs\/s more \(by 7 samples\)/,
  );
  assert.match(
    words({ action: 'collapse', bytes: -8192 }),
    /are in use: walks cost 2 µs\/s less .*the copy 1 µs\/s, and it takes 8 KiB more; worth it/,
  );
  assert.match(words({ action: 'collapse' }), /takes no more memory/);
});
