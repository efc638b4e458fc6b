/** Figures by their shapes: what stands where, what is joined, what is left apart. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MIB } from '../../vocabulary/units.js';
import type { Path, Rect, Shape } from '../drawing/drawing.js';
import { byteTicks, roundTicks, timeTicks } from './axis.js';
import { curveFigure } from './curve.js';
import { histogramFigure } from './histogram.js';
import { countedMarks, markAt } from './marks.js';
import { ordersFigure } from './orders.js';
import { type PlanePoint, planeFigure } from './plane.js';
import { type Panel, seriesFigure } from './series.js';
import { spreadApart } from './spread-apart.js';

const rects = (shapes: readonly Shape[], fill: string) =>
  shapes.filter((shape): shape is Rect => shape.kind === 'rect' && shape.fill === fill);
const paths = (shapes: readonly Shape[], stroke: string) =>
  shapes.filter((shape): shape is Path => shape.kind === 'path' && shape.stroke === stroke);
const words = (shapes: readonly Shape[]) =>
  shapes.flatMap((shape) => (shape.kind === 'text' ? [shape.text] : []));

describe('axes', () => {
  test('have round steps', () => {
    assert.deepEqual(roundTicks(0, 10), [0, 2, 4, 6, 8, 10]);
    assert.deepEqual(roundTicks(-3, 7, 4), [0, 5]);
    assert.deepEqual(roundTicks(0, 0.5), [0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5]);
    assert.deepEqual(roundTicks(3, 3), [3]);
    assert.deepEqual(byteTicks(512 * MIB, 4), [0, 128 * MIB, 256 * MIB, 384 * MIB, 512 * MIB]);
    assert.deepEqual(byteTicks(0), [0]);
    assert.deepEqual(timeTicks(0, 40_000), [0, 5000, 10_000, 15_000, 20_000, 25_000, 30_000, 35_000, 40_000]);
    assert.deepEqual(
      timeTicks(0, 7 * 86_400_000, 7).map((ms) => ms / 86_400_000),
      [0, 1, 2, 3, 4, 5, 6, 7],
    );
    assert.equal(timeTicks(0, 400 * 86_400_000, 8)[1], 56 * 86_400_000);
  });

  test('labels are moved apart as little as needed, in their order, between two ends', () => {
    assert.deepEqual(spreadApart([10, 50], 15, [0, 100]), [10, 50]);
    assert.deepEqual(spreadApart([50, 50, 50], 10, [0, 100]), [50, 60, 70]);
    assert.deepEqual(spreadApart([98, 99], 10, [0, 100]), [90, 100]);
    assert.deepEqual(spreadApart([-5, 3], 10, [0, 100]), [0, 10]);
  });
});

describe('series', () => {
  const figure = (panel: Panel) =>
    seriesFigure({
      name: 'x',
      title: 'T',
      subtitle: '',
      times: [0, 1000, 2000, 3000],
      panels: [panel],
      caption: [],
    });

  test('a line ends where nothing is known, and a lone moment is a dot', () => {
    const { drawing, about, text } = figure({
      ...{ title: 'p', unit: 'bytes' },
      series: [{ label: 'a', values: [MIB, 2 * MIB, null, MIB], paint: 'accent' }],
    });
    const [course] = paths(drawing.shapes, 'accent');
    assert.deepEqual(
      course.lines.map((line) => line.length),
      [4],
    );
    assert.equal(drawing.shapes.filter(({ kind }) => kind === 'circle').length, 1);
    const [, y0, , y1] = course.lines[0];
    assert.ok(y1 < y0, 'more is higher');
    assert.match(about, /p: a from 1 MiB to 1 MiB, at most 2 MiB/);
    assert.match(text[0], /^a {16}▅█ ▅ {2}from/);
  });

  test('bars of several series stand side by side, each as high as its value', () => {
    const { drawing, about } = figure({
      ...{ title: 'p', unit: 'count' },
      series: [
        { label: 's', values: [0, 4, null, 2], paint: 'second', as: 'bars' },
        { label: 'c', values: [0, 4, 1, 0], paint: 'third', as: 'bars' },
      ],
    });
    const [splits, collapses] = [rects(drawing.shapes, 'second'), rects(drawing.shapes, 'third')].map((all) =>
      all.filter(({ title }) => title !== undefined),
    );
    assert.deepEqual(
      splits.map(({ title }) => title),
      ['s: 4', 's: 2'],
    );
    assert.equal(splits[0].height, 2 * splits[1].height);
    assert.equal(splits[0].x + splits[0].width, collapses[0].x);
    assert.match(about, /s 6 in all; c 5 in all/);
  });

  test('without anything known say so', () => {
    const { about, drawing } = figure({
      title: 'p',
      unit: 'rate',
      series: [{ label: 'a', values: [null, null, null, null], paint: 'ink' }],
    });
    assert.match(about, /a not known/);
    assert.ok(
      drawing.shapes.every((shape) => !JSON.stringify(shape).includes('null')),
      'no place is not a number',
    );
  });
});

const point = (
  label: string,
  bloatRemoved: number,
  speedKept: number,
  more: Partial<PlanePoint> = {},
): PlanePoint => ({
  ...{ label, detail: 'd', kind: 'other', isChosen: false, bloatRemoved, speedKept, ...more },
});

describe('the plane', () => {
  test('joins what no other beats in both, equal ones as well, and leaves published points out', () => {
    const { drawing } = planeFigure(
      [
        point('a', 0, 1),
        point('b', 0.5, 0.6),
        point('c', 0.4, 0.5),
        point('d', 1, 0),
        point('e', 1, 0),
        point('p', 1, 1, { kind: 'published' }),
      ],
      '',
    );
    const [front] = paths(drawing.shapes, 'accent');
    assert.equal(front.lines[0].length / 2, 4, 'a, b, d and e');
  });

  test('rings the chosen one, and keeps labels from points and from each other', () => {
    const { drawing } = planeFigure(
      [point('same', 0.3, 0.5), point('place', 0.3, 0.5, { isChosen: true })],
      '',
    );
    const labels = drawing.shapes.flatMap((shape) =>
      shape.kind === 'text' && ['same', 'place'].includes(shape.text) ? [shape] : [],
    );
    const [one, other] = labels;
    // Below each other, or on both sides of the point with its ring.
    assert.ok(Math.abs(one.y - other.y) >= 14 || Math.abs(one.x - other.x) >= 24);
    assert.deepEqual(
      labels.filter(({ bold }) => bold).map(({ text }) => text),
      ['place'],
    );
    assert.ok(drawing.shapes.some((shape) => shape.kind === 'circle' && shape.radius === 10));
    assert.ok(words(drawing.shapes).includes('the chosen one'));
    assert.equal(words(planeFigure([point('a', 0, 1)], '').drawing.shapes).includes('the chosen one'), false);
  });

  test('labels that would meet a point stand on the other side of their own', () => {
    const { drawing } = planeFigure(
      [point('THP shrinker, Meta', 0.69, 0.94), point('DAMON ethp, v21', 0.817, 0.953)],
      '',
    );
    const label = (name: string) => drawing.shapes.find((one) => one.kind === 'text' && one.text === name);
    const [shrinker, scheme] = [label('THP shrinker, Meta'), label('DAMON ethp, v21')];
    assert.ok(shrinker?.kind === 'text' && scheme?.kind === 'text');
    const points = drawing.shapes.filter((one) => one.kind === 'circle').map(({ x, y }) => ({ x, y }));
    const [upper, lower] = points.sort((a, b) => a.y - b.y);
    assert.ok(Math.abs(scheme.y - upper.y - 4) < 1 && Math.abs(shrinker.y - lower.y - 4) < 1, 'on its line');
  });
});

test('the curve sums its steps, rings where the plan stops, and goes on dashed', () => {
  const { drawing, numbers, about } = curveFigure(
    [
      { bytes: MIB, netNs: 5e6 },
      { bytes: MIB, netNs: -1e6 },
    ],
    [{ bytes: MIB, netNs: -9e6 }],
  );
  assert.deepEqual(numbers.rows, [
    ['0', '0', '0'],
    ['1', `${MIB}`, '5000000'],
    ['2', `${2 * MIB}`, '4000000'],
  ]);
  assert.match(about, /2 steps: 2 MiB expected back, \+4 ms of CPU a second\. 1 more were left out/);
  const [taken] = paths(drawing.shapes, 'accent');
  const [further] = paths(drawing.shapes, 'quiet');
  assert.deepEqual(taken.lines[0].slice(-2), further.lines[0].slice(0, 2));
  assert.notEqual(further.dash, undefined);
});

test('bars of orders are as long as their bytes, and what went back is hatched', () => {
  const { drawing, text } = ordersFigure({
    ...{ title: 'T', subtitle: '', pageBytes: 4096, hugeOrder: 9 },
    bars: [
      { label: 'before', bytesByOrder: [0, 0, 0, 0, 0, 0, 0, 0, 0, 4 * MIB], returnedBytes: 0 },
      { label: 'after', bytesByOrder: [MIB], returnedBytes: 3 * MIB },
    ],
  });
  const [back] = rects(drawing.shapes, 'hatched').filter(({ title }) => title !== undefined);
  const all = drawing.shapes.filter(
    (shape): shape is Rect => shape.kind === 'rect' && shape.title !== undefined,
  );
  assert.equal(all.length, 3);
  assert.ok(Math.abs(back.width + 1 - (3 / 4) * (all[0].width + 1)) < 1e-6);
  assert.deepEqual(text, [
    'before     4 MiB in folios of 2 MiB',
    'after      1 MiB in folios of 4 KiB, 3 MiB given back',
  ]);
});

test('a histogram shows least and most of each bin, what is unknown, and its text', () => {
  const { drawing, text, about } = histogramFigure({
    ...{ blocks: 10, unknown: 4, noun: 'block', headline: ['h'] },
    bins: [
      { from: 0, to: 0.5, least: 2, most: 6, seen: 5 },
      { from: 0.5, to: 1, least: 0, most: 0, seen: 0 },
    ],
  });
  const titled = (fill: string) => rects(drawing.shapes, fill).filter(({ title }) => title !== undefined);
  assert.deepEqual([titled('accent').length, titled('soft').length, titled('hatched').length], [1, 1, 1]);
  assert.equal(titled('soft')[0].height, 2 * titled('accent')[0].height);
  assert.match(
    about,
    /0–50 %: at least 2, at most 6 blocks; 5 by seen sub-pages alone.*4 of 10 are not decided/,
  );
  assert.match(text[0], /2…6 {2}█{11}░{21}$/);
  assert.match(text[2], /unknown +4 of 10/);
});

test('marks point down for a split and up for a collapse; many are counted by column', () => {
  const tip = (kind: 'split' | 'collapse') => markAt(kind, 0, 0).lines[0][5];
  assert.ok(tip('split') > 0 && tip('collapse') < 0);
  const marks = [...Array(50)].map(() => ({ kind: 'split' as const, at: 0.5 }));
  const shapes = countedMarks([...marks, { kind: 'collapse', at: 0.75 }], 4, { left: 0, width: 400 }, 10);
  assert.deepEqual(words(shapes), ['50', '1']);
});
