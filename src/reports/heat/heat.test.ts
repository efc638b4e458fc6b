/** Grids of heat: what lies where, what a cell says, and what it does not know. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GEOMETRY_4K } from '../../vocabulary/units.js';
import { HeatGrid, type HeatRow, type HeatSpans, HeatSurvey } from './build.js';
import { type HeatCourse, layOutRows, pageOfRow, rateOf, rateRange, rowOfPage, segmentOf } from './course.js';
import { mapText } from './map-text.js';
import { withHuge } from './overlay.js';
import { heatScale, heatWords, rateInWords, scaleTicks } from './scale.js';

const BLOCK = 512;
const row = (block: number, page: number, more: Partial<HeatRow> = {}): HeatRow => ({
  ...{ pid: 7, command: 'db', mapping: '[heap]', page: block * BLOCK + page },
  ...{ samples: 1, accesses: 10, timeMs: 0, ...more },
});

const SPANS: HeatSpans = { clock: 'wall', widthMs: 1000, recorded: [], seconds: undefined };
const SIZE = { mostRows: 64, mostSegments: 4, leastPages: 1 };

function courseOf(
  rows: readonly HeatRow[],
  spans: Partial<HeatSpans> = {},
  options: { isThinned?: boolean; leastPages?: number; mostRows?: number } = {},
): HeatCourse {
  const survey = new HeatSurvey(GEOMETRY_4K);
  for (const one of rows) survey.add(one);
  const { isThinned = false, leastPages = 1, mostRows = 64 } = options;
  const layout = survey.layout({ ...SIZE, leastPages, mostRows });
  const columns = survey.columns({ ...SPANS, ...spans });
  const grid = new HeatGrid(GEOMETRY_4K, layout, columns, {
    ...{ clock: 'wall', originMs: undefined, granularity: leastPages, isThinned },
  });
  for (const one of rows) grid.add(one);
  return grid.course;
}

const block = (number: number, pid = 7) => ({ pid, command: 'db', mapping: 'm', block: number, samples: 1 });

describe('rows', () => {
  test('are pages where few blocks are shown, and blocks or more where many are', () => {
    const one = layOutRows([block(10)], GEOMETRY_4K, SIZE);
    assert.deepEqual([one.rows, one.rowPages], [64, 8]);
    const many = layOutRows([block(10), block(11), block(17)], GEOMETRY_4K, { ...SIZE, mostRows: 8 });
    assert.deepEqual([many.rows, many.rowPages, many.segments.length], [8, 512, 1]);
    const blind = layOutRows([block(10)], GEOMETRY_4K, { ...SIZE, leastPages: 512 });
    assert.deepEqual([blind.rows, blind.rowPages], [1, 512]);
  });

  test('leave out wide gaps, more of them the more parts are allowed, and never join processes', () => {
    const blocks = [block(10), block(18), block(27), block(1000), block(10, 9)];
    const parts = (mostSegments: number) =>
      layOutRows(blocks, GEOMETRY_4K, { ...SIZE, mostSegments }).segments.map(({ firstPage, pages, pid }) => [
        pid,
        firstPage / BLOCK,
        pages / BLOCK,
      ]);
    assert.deepEqual(parts(4), [
      [7, 10, 9],
      [7, 27, 1],
      [7, 1000, 1],
      [9, 10, 1],
    ]);
    assert.deepEqual(parts(3), [
      [7, 10, 18],
      [7, 1000, 1],
      [9, 10, 1],
    ]);
    assert.deepEqual(parts(1), [
      [7, 10, 991],
      [9, 10, 1],
    ]);
  });

  test('of the hottest process come first; a part is named by its main mapping', () => {
    const survey = new HeatSurvey(GEOMETRY_4K);
    survey.add(row(5, 0, { pid: 3 }));
    survey.add(row(9, 0, { samples: 4, mapping: 'b' }));
    survey.add(row(8, 0, { samples: 2, mapping: 'a' }));
    const { segments } = survey.layout(SIZE);
    assert.deepEqual(
      segments.map(({ pid, mapping, firstRow, rows }) => [pid, mapping, firstRow, rows]),
      [
        [7, 'b', 0, 32],
        [3, '[heap]', 32, 16],
      ],
    );
    assert.equal(survey.isEmpty, false);
    assert.equal(new HeatSurvey(GEOMETRY_4K).isEmpty, true);
  });

  test('lead from pages to rows and back', () => {
    const course = courseOf([row(10, 0), row(1000, 511)]);
    assert.equal(rowOfPage(course, 7, 10 * BLOCK + 511), 31);
    assert.equal(rowOfPage(course, 7, 1000 * BLOCK), 32);
    assert.equal(rowOfPage(course, 7, 11 * BLOCK), undefined);
    assert.equal(rowOfPage(course, 8, 10 * BLOCK), undefined);
    assert.equal(pageOfRow(course, 33), 1000 * BLOCK + 16);
    assert.equal(segmentOf(course, 32)?.firstPage, 1000 * BLOCK);
    assert.equal(segmentOf(course, 64), undefined);
  });
});

describe('cells', () => {
  test('say accesses a second and page of their part of the slice', () => {
    const course = courseOf([
      row(10, 0, { accesses: 80 }),
      row(10, 7, { accesses: 16, samples: 2 }),
      row(10, 8),
    ]);
    assert.equal(rateOf(course, 0, 0), (80 + 16) / 8 / 1);
    assert.equal(rateOf(course, 1, 0), 10 / 8);
    assert.equal(rateOf(course, 2, 0), 0, 'looked at, nothing seen');
    assert.equal(course.samples[0], 3);
    assert.deepEqual(rateRange(course), { least: 10 / 8, most: 12 });
  });

  test('count the seconds that were recorded of a slice, the whole slice where that is not known', () => {
    const rows = [row(10, 0, { timeMs: 5000, accesses: 80 }), row(10, 0, { timeMs: 6000, accesses: 80 })];
    const course = courseOf(rows, { recorded: [[5750, 7000]] });
    assert.deepEqual(
      course.columns.map(({ seconds }) => seconds),
      [0.25, 1],
    );
    assert.equal(rateOf(course, 0, 0), 40);
    assert.deepEqual(
      courseOf(rows).columns.map(({ seconds }) => seconds),
      [1, 1],
    );
    assert.equal(course.originMs, 5000);
  });

  test('of slices between two are known where the recording went on, else not', () => {
    const rows = [row(10, 0, { timeMs: 1000 }), row(10, 0, { timeMs: 4000 })];
    const silent = courseOf(rows, { recorded: [[1000, 5000]] });
    assert.deepEqual(
      [0, 1, 2, 3].map((column) => rateOf(silent, 0, column)),
      [10 / 8, 0, 0, 10 / 8],
    );
    const apart = courseOf(rows, {
      recorded: [
        [1000, 2000],
        [4000, 5000],
      ],
    });
    assert.deepEqual(
      [1, 2].map((column) => Number.isNaN(rateOf(apart, 0, column))),
      [true, true],
    );
    const far = courseOf([row(10, 0, { timeMs: 0 }), row(10, 0, { timeMs: 90_000 })], {
      recorded: [[0, 91_000]],
    });
    assert.deepEqual(
      far.columns.map(({ isGap }) => isGap),
      [false, true, false],
      'a long gap is cut short',
    );
  });

  test('without times are of the whole recording, where its length is known', () => {
    const course = courseOf([row(10, 0, { timeMs: -1, accesses: 80 })], { widthMs: null, seconds: 4 });
    assert.deepEqual(course.columns, [{ fromMs: undefined, seconds: 4, isGap: false }]);
    assert.equal(rateOf(course, 0, 0), 2.5);
    assert.equal(courseOf([row(10, 0, { timeMs: -1 })]).columns[0].seconds, undefined);
  });

  test('of blocks that were left out at random are not known', () => {
    const course = courseOf(
      [row(10, 0), row(12, 0, { accesses: 1024 })],
      {},
      { isThinned: true, leastPages: 512, mostRows: 3 },
    );
    assert.deepEqual(
      [0, 1, 2].map((at) => Number.isNaN(rateOf(course, at, 0))),
      [false, true, false],
    );
    assert.equal(rateOf(course, 2, 0), 1024, 'a region is as hot as it was found');
  });

  test('tell what huge entries map, as far as it is known', () => {
    const course = courseOf(
      [row(10, 0), row(11, 0), row(12, 0), row(10, 0, { timeMs: 1000 })],
      {},
      { mostRows: 2 },
    );
    const shown = withHuge(course, [
      { pid: 7, block: 10, isHuge: (from) => from === 0 },
      { pid: 7, block: 11, isHuge: () => false },
      { pid: 7, block: 12, isHuge: (from) => (from === 0 ? undefined : true) },
      { pid: 9, block: 10, isHuge: () => true },
    ]);
    assert.equal(course.rowPages, 1024);
    assert.deepEqual(
      [...(shown.huge ?? [])].map((one) => (Number.isNaN(one) ? '?' : one)),
      [0.5, 0, '?', 1],
    );
  });
});

describe('scales', () => {
  const course = courseOf([row(10, 0, { accesses: 8 }), row(10, 8, { accesses: 8000 })]);

  test('are logarithmic, and what was accessed at all is apart from what was not', () => {
    const scale = heatScale(course, heatWords('all-accesses', true));
    assert.deepEqual([scale.least, scale.most], [1, 1000]);
    assert.equal(scale.place(0), 0);
    assert.equal(scale.place(Number.NaN), 0);
    assert.ok(scale.place(1) > 0.1 && scale.place(1e-9) === scale.place(1));
    assert.equal(scale.place(1000), 1);
    assert.equal(scale.place(1e9), 1);
    const steps = [1, 10, 100, 1000].map((rate) => scale.place(rate));
    assert.ok(Math.abs(steps[1] - steps[0] - (steps[3] - steps[2])) < 1e-9);
    assert.deepEqual(
      scaleTicks(scale).map(({ rate, label }) => [rate, label]),
      [
        [1, '1'],
        [10, '10'],
        [100, '100'],
        [1000, '1.00 k'],
      ],
    );
  });

  test('hold five powers of ten at most, and something of nothing', () => {
    const wide = heatScale(
      courseOf([row(10, 0, { accesses: 8e-3 }), row(10, 8, { accesses: 8e6 })]),
      heatWords('loads', true),
    );
    assert.equal(wide.most / wide.least, 1e5);
    const none = heatScale(courseOf([row(10, 0, { accesses: 0 })]), heatWords('loads', true));
    assert.deepEqual([none.least, none.most], [1, 1]);
    const one = heatScale(courseOf([row(10, 0, { accesses: 24 })]), heatWords('loads', true));
    assert.deepEqual(
      scaleTicks(one).map(({ label }) => label),
      ['3'],
    );
  });

  test('say in words what they count, and what it is not', () => {
    const words = heatWords('all-accesses', true);
    assert.equal(rateInWords(2500, words), '2.50 k accesses a second and page');
    assert.equal(rateInWords(0.05, words), '0.05 accesses a second and page, one access a page each 20 s');
    assert.equal(
      rateInWords(1 / 600, words),
      '0.0017 accesses a second and page, one access a page each 10 min',
    );
    assert.match(rateInWords(1 / 36_000, words), /each 10 h$/);
    assert.match(rateInWords(1 / 864_000, words), /each 10 days$/);
    assert.equal(rateInWords(0.5, heatWords('tlb-misses', false)), '0.5 TLB misses a page, in all');
    assert.equal(words.caution, '');
    assert.equal(
      heatWords('loads', true).caution,
      'What does not show: memory that is only written does not show.',
    );
    assert.match(
      heatWords('first-touches', true).caution,
      /^This is not heat: they tell who touched a page first/,
    );
    assert.equal(heatWords('unknown', true).unit, 'samples a second and page');
  });

  test('are drawn in letters: dots for nothing seen, blanks for not known', () => {
    const rows = [
      row(10, 0, { accesses: 8000 }),
      row(10, 8, { accesses: 8 }),
      row(10, 511, { timeMs: 9000 }),
    ];
    const drawn = courseOf(
      rows,
      {
        recorded: [
          [0, 1000],
          [9000, 10_000],
        ],
      },
      { mostRows: 64 },
    );
    const lines = mapText(drawn, heatScale(drawn, heatWords('all-accesses', true)), 8);
    assert.equal(lines[0], 'db (7)  [heap]  2 MiB from 0xa00000'.replace('0xa00000', '0x1400000'));
    assert.deepEqual([lines[1], lines[2], lines.at(-4), lines.at(-3)], ['  @.......', '', '', '  .......:']);
    assert.match(lines.at(-2) ?? '', /^@ 1.00 k accesses a second and page; : 1 accesses/);
    assert.equal(lines.at(-1), '. looked at, nothing seen; blank: not known');
  });
});
