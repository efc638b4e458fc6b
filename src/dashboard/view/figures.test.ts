/** Figures of the page: memory by order, bytes over time, comparisons, the map, tables; and its style. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exampleMap } from '../../../test/support/example-map.js';
import { svgFile } from '../../reports/drawing/svg.js';
import type { Compare } from '../wire/compare.js';
import type { Decision } from '../wire/events.js';
import type { Orders, Series } from '../wire/series.js';
import { shareCode } from '../wire/tile.js';
import { bytesFigure } from './bytes-figure.js';
import { comparePlane, placesOf, standingTable } from './compare-figure.js';
import { Fold } from './fold.js';
import { FIGURE_SIZE, mapDrawing } from './map-figure.js';
import { boundsOf } from './map-link.js';
import { marksOf, shownMarks } from './marks.js';
import { stackFigure } from './stack-figure.js';
import { dashboardStyle } from './style.js';
import { tableDrawing } from './table-figure.js';
import { wholeOf } from './window.js';

const map = exampleMap();
const fold = new Fold(map.segments);
const whole = wholeOf(boundsOf(map, fold));
const FIRST = map.columns[0].fromMs ?? 0;

const decision: Decision = {
  ...{ id: 1, atMs: FIRST + 500, kind: 'split', target: 'redis', run: 'r', pid: 7, command: 'redis' },
  ...{ address: '0x7f0000000000', place: { segment: 0, page: 0 }, what: 'split to order 0', why: 'cold' },
  ...{ outcome: 'met', predictedBytes: 4096, returnedBytes: null },
};

describe('figures', () => {
  const words = { name: 'n', title: 't', about: 'a' };

  test('show memory by order, also where the order is not known, over time and at moments', () => {
    const moment = (atMs: number | null, label: string) => ({
      ...{ atMs, label, returnedBytes: null },
      parts: [
        { order: 9, bytes: 4 },
        { order: null, bytes: 2 },
      ],
    });
    const orders = (clock: 'wall' | 'none', moments: Orders['moments']): Orders => ({
      octavo: 'dashboard-orders',
      version: 1,
      revision: 1,
      clock,
      pageBytes: 4096,
      hugeOrder: 9,
      moments,
    });
    const timed = stackFigure(orders('wall', [moment(FIRST, ''), moment(FIRST + 60_000, '')]));
    assert.deepEqual(timed.numbers.head, [
      'time_ms',
      'moment',
      '2 MiB (order 9)',
      'smaller than huge',
      'returned_bytes',
    ]);
    assert.deepEqual(timed.numbers.rows[0], [String(FIRST), '', '4', '2', '']);
    assert.equal(timed.drawing.shapes.filter(({ kind }) => kind === 'path').length >= 2, true);
    const bars = stackFigure(orders('none', [moment(null, 'before'), moment(null, 'after')]));
    assert.ok(bars.drawing.shapes.some((shape) => shape.kind === 'text' && shape.text === 'before'));
  });

  test('show bytes over time: sums over targets, moment by moment, nothing where nothing is known', () => {
    const series = (targets: Series['targets'], times: number[]): Series => ({
      octavo: 'dashboard-series',
      version: 1,
      revision: 1,
      clock: 'wall',
      fields: [],
      times,
      targets,
    });
    const two = series(
      [
        { id: 't0', name: 'a', values: { residentBytes: [1, null, null] } },
        { id: 't1', name: 'b', values: { residentBytes: [2, 3, null] } },
      ],
      [FIRST, FIRST + 1000, FIRST + 2000],
    );
    assert.deepEqual(bytesFigure(two, 'all')?.numbers.rows, [
      ['0', '3'],
      ['1000', '3'],
      ['2000', ''],
    ]);
    assert.equal(bytesFigure(series([], [FIRST]), 'all'), undefined);
    assert.equal(bytesFigure(series([], []), 'all'), undefined);
  });

  test('show comparisons: all places together, or one', () => {
    const estimate = (value: number) => ({ value, low: null, high: null });
    const group = (policy: string, bloat: number | null) => ({
      ...{ workload: 'redis', cpu: 'zen4', pressure: '', policy, speedKept: estimate(0.5), product: null },
      ...{ bloatRemoved: bloat === null ? null : estimate(bloat), shareOfBound: null, slowdown: null },
    });
    const standing = {
      policy: 'octavo',
      places: 1,
      product: estimate(0.45),
      shareOfBound: null,
      slowdown: 0.01,
      actedShare: null,
    };
    const compare: Compare = {
      ...{ octavo: 'dashboard-compare', version: 1, revision: 1, unable: [], notes: [] },
      policies: [{ name: 'octavo', brief: 'ours', source: '', simplified: '' }],
      groups: [group('octavo', 0.9), group('never', 1), group('broken', null)],
      standings: [{ ...standing, bloatRemoved: 0.9, speedKept: 0.5 }],
      published: [{ label: 'paper', bloatRemoved: 0.1, speedKept: 0.2, source: 's' }],
    };
    assert.deepEqual(placesOf(compare), ['redis, zen4']);
    assert.deepEqual(comparePlane(compare, 'redis, zen4').numbers.rows, [
      ['octavo', '0.9', '0.5'],
      ['never', '1', '0.5'],
    ]);
    assert.deepEqual(
      comparePlane(compare, undefined).numbers.rows.map(([label]) => label),
      ['octavo', 'paper'],
    );
    const bare = comparePlane({ ...compare, standings: [] }, undefined);
    const words = bare.drawing.shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []));
    assert.ok(words.includes('no policy has a place here: there was nothing to gain'), words.join('; '));
    assert.deepEqual(standingTable(compare).rows, [
      ['octavo', '45.0 %', '90.0 %', '50.0 %', '–', '1.0 %', '1', 'ours'],
    ]);
  });

  test('show the map as it is seen, its unknown cells clear', () => {
    const cellAt = (column: number) =>
      column < 30
        ? { heat: 255, touched: shareCode(1), huge: 0, order: 0 }
        : { heat: 0, touched: 255, huge: 255, order: 255 };
    for (const plane of ['heat', 'touched', 'huge', 'order'] as const) {
      const marks = shownMarks(marksOf([decision], fold, map.columns), whole, FIGURE_SIZE);
      const drawing = mapDrawing({ map, fold, window: whole, plane, cellAt, marks, rowBytes: 4096 });
      const cells = drawing.shapes.find((shape) => shape.kind === 'raster');
      assert.ok(cells?.kind === 'raster');
      assert.deepEqual([cells.pixels[3], cells.pixels[4 * (cells.columns - 1) + 3]], [255, 0], plane);
      assert.match(
        svgFile(drawing, words, () => 'data:'),
        /not known/,
      );
    }
  });

  test('show tables, and say what is left out', () => {
    const rows = Array.from({ length: 205 }, (_, at) => [`row ${at}`, String(at)]);
    const svg = svgFile(
      tableDrawing({ title: 'T', subtitle: 'S', table: { head: ['a', 'b'], rows } }),
      words,
      () => '',
    );
    assert.match(svg, /5 more rows/);
    assert.match(svg, /text-anchor="end"[^>]*>199</);
    const long = tableDrawing({
      title: 'T',
      subtitle: 'S',
      table: { head: ['a'], rows: [['x'.repeat(99)]] },
    });
    assert.ok(long.shapes.some((shape) => shape.kind === 'text' && shape.text.endsWith('…')));
  });
});

test('the style has light, dark and more contrast, and asks nobody for anything', () => {
  const style = dashboardStyle();
  for (const part of [
    'prefers-color-scheme:dark',
    'prefers-contrast:more',
    'forced-colors:active',
    'max-width:640px',
  ])
    assert.ok(style.includes(part), part);
  assert.doesNotMatch(style, /url\(|@import|undefined|NaN/);
});
