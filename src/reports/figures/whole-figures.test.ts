/**
 * Whole figures, shape for shape, as they were looked at and accepted: a change shows here as what it draws. Where it is
 * meant, `OCTAVO_ACCEPT=1 npm test -- whole-figures` accepts it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertGolden } from '../../../test/support/golden.js';
import { GEOMETRY_4K, MIB } from '../../vocabulary/units.js';
import { HeatGrid, type HeatRow, HeatSurvey } from '../heat/build.js';
import type { HeatCourse } from '../heat/course.js';
import { withHuge } from '../heat/overlay.js';
import { heatScale, heatWords } from '../heat/scale.js';
import { curveFigure } from './curve.js';
import type { Figure } from './figure.js';
import { heatMapFigure } from './heat-map.js';
import { histogramFigure } from './histogram.js';
import { ordersFigure } from './orders.js';
import { type PlanePoint, planeFigure } from './plane.js';
import { seriesFigure } from './series.js';

const rounded = (_key: string, value: unknown) =>
  typeof value === 'number' ? Math.round(value * 10) / 10 : value;

/** A line for each shape, so that what changed can be seen. */
function told({ name, about, drawing, text, caption, numbers }: Figure): string {
  const { width, height, shapes } = drawing;
  return [
    `${name} ${width} × ${Math.round(height)}: ${about}`,
    ...shapes.map((shape) => JSON.stringify(shape, rounded)),
    ...text.map((line) => `| ${line}`),
    ...(caption ?? []).map((line) => `> ${line}`),
    JSON.stringify(numbers),
    '',
  ].join('\n');
}

const accept = (name: string, figures: readonly Figure[]) =>
  assertGolden(`figures/${name}.txt`, figures.map(told).join('\n'));

/** Blocks 10 and 11 of one process and 90 of another over four seconds of which one was not recorded. */
function course(clock: 'wall' | 'none', leastPages: number): HeatCourse {
  const rows: HeatRow[] = [];
  for (let at = 0; at < 60; at++) {
    const [block, pid] = at % 5 === 0 ? [90, 9] : [10 + (at % 2), 7];
    const second = at % 4 === 2 ? 3 : at % 4;
    rows.push({
      ...{ pid, command: pid === 7 ? 'db' : 'cache', mapping: pid === 7 ? '[heap]' : '' },
      ...{
        page: block * 512 + ((37 * at) % 512),
        samples: 1 + (at % 3),
        accesses: 10 * (1 + (at % 7)),
        timeMs: 1000 * second,
      },
    });
  }
  const survey = new HeatSurvey(GEOMETRY_4K);
  for (const row of rows) survey.add(row);
  const layout = survey.layout({ mostRows: 48, mostSegments: 4, leastPages });
  const recorded = [
    [0, 2000],
    [3000, 4000],
  ] as const;
  const columns = survey.columns({
    clock,
    widthMs: 1000,
    recorded,
    seconds: clock === 'none' ? 4 : undefined,
  });
  const grid = new HeatGrid(GEOMETRY_4K, layout, columns, {
    clock,
    originMs: undefined,
    granularity: leastPages,
    isThinned: false,
  });
  for (const row of rows) grid.add(row);
  return grid.course;
}

test('maps of heat: with outlines and marks, with many marks, without time', () => {
  const words = heatWords('all-accesses', true);
  const plain = course('wall', 1);
  const huge = withHuge(plain, [
    { pid: 7, block: 10, isHuge: (fromMs) => (fromMs === 1000 ? undefined : true) },
    { pid: 9, block: 90, isHuge: (fromMs) => fromMs === 0 },
  ]);
  const marks = [
    { kind: 'split', row: 1, at: 0.25, title: 'split' },
    { kind: 'collapse', row: 4, at: 1, title: 'collapse' },
  ] as const;
  const many = Array.from({ length: 60 }, (_, at) => ({ ...marks[at % 2], row: at % 6, at: at / 60 }));
  const timeless = course('none', 512);
  accept('heat-map', [
    heatMapFigure({ course: huge, scale: heatScale(huge, words), marks, notes: ['a note'] }),
    heatMapFigure({ course: plain, scale: heatScale(plain, words), marks: many, notes: [] }),
    heatMapFigure({
      course: timeless,
      scale: heatScale(timeless, heatWords('slow-accesses', false)),
      marks: [],
      notes: [],
    }),
  ]);
});

test('courses over time: lines and bars, gaps, three units, none known', () => {
  const minutes = [0, 60_000, 120_000, 180_000, 300_000, 301_000];
  const figure = (times: readonly number[]) =>
    seriesFigure({
      ...{ name: 'courses', title: 'Courses', subtitle: 'below the title', times, caption: ['one', 'two'] },
      panels: [
        {
          ...{ title: 'memory', unit: 'bytes' },
          series: [
            {
              label: 'resident',
              values: [4 * MIB, 5 * MIB, null, 3 * MIB, 3.5 * MIB, 3.25 * MIB],
              paint: 'accent',
            },
            { label: 'huge', values: [null, 0, 1 * MIB, 2 * MIB, null, 2 * MIB], paint: 'second' },
          ],
        },
        {
          ...{ title: 'steps', unit: 'count' },
          series: [
            { label: 'splits', values: [0, 3, 1, null, 12, 0], paint: 'second', as: 'bars' },
            { label: 'collapses', values: [1, 0, 0, 2, null, 5], paint: 'third', as: 'bars' },
          ],
        },
        {
          title: 'walks',
          unit: 'rate',
          series: [{ label: 'w', values: [0.1, 0.15, 0.12, 0, 0.01, 0.02], paint: 'ink' }],
        },
        {
          title: 'nothing',
          unit: 'rate',
          series: [{ label: 'n', values: Array(6).fill(null), paint: 'ink' }],
        },
      ],
    });
  accept('series', [figure(minutes), figure(minutes.map((ms) => 60 * ms)), figure([0, 1, 2, 3, 4, 5])]);
});

const point = (label: string, bloatRemoved: number, speedKept: number, more: Partial<PlanePoint> = {}) =>
  ({
    label,
    detail: `${label} in detail`,
    kind: 'other',
    isChosen: false,
    bloatRemoved,
    speedKept,
    ...more,
  }) as PlanePoint;

test('the plane, the curve, bars of orders and histograms', () => {
  const plane = planeFigure(
    [
      point('never', 1, 0),
      point('always', 0, 1),
      point('octavo', 0.8, 0.9, { isChosen: true }),
      point('chain', 0.79, 0.89),
      point('random', 0.5, 0.5),
      point('slow', 0.4, -0.2),
      point('grows', -0.1, 1.05),
      point('theirs', 0.9, 0.7, { kind: 'published' }),
    ],
    'a subtitle',
  );
  const steps = Array.from({ length: 12 }, (_, at) => ({ bytes: (at % 4) * MIB, netNs: (6 - at) * 1e5 }));
  const bar = (label: string, bytes: readonly number[], returnedBytes = 0) => ({
    label,
    bytesByOrder: bytes,
    returnedBytes,
  });
  const orders = ordersFigure({
    ...{ title: 'Folios', subtitle: 'by order', pageBytes: 4096, hugeOrder: 9 },
    bars: [
      bar('before', [MIB, 0, 2 * MIB, 0, 0, 0, 0, 0, 0, 40 * MIB]),
      bar('after', [9 * MIB, 0, 2 * MIB, 0, MIB / 4, 0, 0, 0, 0, 20 * MIB], 11 * MIB),
      bar('empty', []),
    ],
  });
  const bins = Array.from({ length: 10 }, (_, at) => ({
    from: at / 10,
    to: (at + 1) / 10,
    least: at % 3,
    most: at % 3 === 0 ? 0 : at,
    seen: at % 4,
  }));
  const histogram = histogramFigure({
    blocks: 60,
    unknown: 7,
    noun: 'block',
    headline: ['first', 'second'],
    bins,
  });
  const empty = histogramFigure({ blocks: 0, unknown: 0, noun: 'block', headline: [], bins });
  const curves = [
    curveFigure(steps.slice(0, 7), steps.slice(7)),
    curveFigure(steps.slice(0, 1), []),
    curveFigure([], steps),
  ];
  accept('others', [plane, orders, histogram, empty, ...curves]);
  assert.ok(plane.drawing.shapes.length > 10);
});
