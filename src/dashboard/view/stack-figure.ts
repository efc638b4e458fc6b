/** Memory by folio order over time: layers on each other, small folios above huge ones. Pure. */

import { orderColour } from '../../reports/design/order-colours.js';
import { line, type Paint, rect, type Shape, text } from '../../reports/drawing/drawing.js';
import { byteTicks, timeTicks } from '../../reports/figures/axis.js';
import type { Figure } from '../../reports/figures/figure.js';
import { showBytes, showDuration, showInstant, showOrder } from '../../vocabulary/show.js';
import type { OrderMoment, Orders } from '../wire/series.js';

const WIDTH = 960;
const PLOT = { left: 84, right: 190, top: 84, height: 300 } as const;
const SPAN = WIDTH - PLOT.left - PLOT.right;
const SIZE = 11;
const WIDEST_BAR = 90;

interface Layer {
  readonly order: number | null;
  readonly label: string;
  readonly paint: Paint;
  /** Bytes by moment. */
  readonly bytes: readonly number[];
}

/** Layers over time where all moments have one, else a bar for each. */
export function stackFigure(orders: Orders): Figure {
  const { moments } = orders;
  const layers = layersOf(orders);
  const whole = moments.map((_, at) => layers.reduce((sum, { bytes }) => sum + bytes[at], 0));
  const most = Math.max(1, ...whole);
  const isTimed = moments.length > 1 && moments.every(({ atMs }) => atMs !== null);
  const x = placesOf(orders, isTimed);
  const y = (bytes: number) => PLOT.top + PLOT.height * (1 - bytes / most);
  const title = 'Memory by folio order over time';
  return {
    name: 'orders',
    title,
    about: layers.map(({ label, bytes }) => `${label}: ${bytes.map(showBytes).join(', ')}`).join('. '),
    drawing: {
      width: WIDTH,
      height: PLOT.top + PLOT.height + 56,
      shapes: [
        text(PLOT.left, 28, title, { size: 17, fill: 'ink', bold: true }),
        text(PLOT.left, 50, 'resident memory, by the size of the folios behind it', { size: 12 }),
        ...byteTicks(most, 4).flatMap((tick) => [
          line([PLOT.left, y(tick), PLOT.left + SPAN, y(tick)], 'grid'),
          text(PLOT.left - 8, y(tick) + 4, showBytes(tick), { size: SIZE, anchor: 'end' }),
        ]),
        ...(isTimed ? areas(layers, x, y) : bars(layers, x, y)),
        line([PLOT.left, y(0), PLOT.left + SPAN, y(0)], 'axis'),
        ...timeWords(orders, x, isTimed),
        ...legend(layers),
      ],
    },
    caption: ['Huge folios lie at the bottom and are blue, single pages at the top and are yellow.'],
    text: [],
    numbers: {
      head: ['time_ms', 'moment', ...layers.map(({ label }) => label), 'returned_bytes'],
      rows: moments.map(({ atMs, label, returnedBytes }, at) => [
        ...[String(atMs ?? ''), label],
        ...layers.map(({ bytes }) => String(bytes[at])),
        String(returnedBytes ?? ''),
      ]),
    },
  };
}

/** The largest order first: it lies at the bottom. */
function layersOf({ moments, pageBytes, hugeOrder }: Orders): readonly Layer[] {
  const found = new Set(moments.flatMap(({ parts }) => parts.map(({ order }) => order)));
  const sorted = [...found].sort((a, b) => (b ?? 0.5) - (a ?? 0.5));
  return sorted.map((order) => ({
    order,
    label: order === null ? 'smaller than huge' : `${showOrder(order, pageBytes)} (order ${order})`,
    paint: hex(orderColour(order ?? hugeOrder / 3, hugeOrder)),
    bytes: moments.map((moment) => bytesOf(moment, order)),
  }));
}

function bytesOf({ parts }: OrderMoment, order: number | null): number {
  return parts.filter((part) => part.order === order).reduce((sum, { bytes }) => sum + bytes, 0);
}

function hex(rgb: readonly number[]): `#${string}` {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}

function placesOf({ moments }: Orders, isTimed: boolean): readonly number[] {
  const times = moments.map(({ atMs }) => atMs ?? 0);
  const [from, to] = [times[0], times[times.length - 1]];
  if (isTimed && to > from) return times.map((time) => PLOT.left + ((time - from) / (to - from)) * SPAN);
  return moments.map((_, at) => PLOT.left + ((at + 0.5) * SPAN) / moments.length);
}

type Scale = (bytes: number) => number;

function areas(layers: readonly Layer[], x: readonly number[], y: Scale): readonly Shape[] {
  const below = x.map(() => 0);
  return layers.map(({ bytes, paint, label }) => {
    const lower = x.flatMap((at, moment) => [at, y(below[moment])]);
    for (const [moment, more] of bytes.entries()) below[moment] += more;
    const upper = x
      .map((at, moment) => [at, y(below[moment])])
      .reverse()
      .flat();
    return { kind: 'path', lines: [[...lower, ...upper]], fill: paint, title: label };
  });
}

function bars(layers: readonly Layer[], x: readonly number[], y: Scale): readonly Shape[] {
  const width = Math.min(WIDEST_BAR, (SPAN / Math.max(1, x.length)) * 0.7);
  const below = x.map(() => 0);
  return layers.flatMap(({ bytes, paint, label }) =>
    x.map((at, moment) => {
      const [from, to] = [below[moment], below[moment] + bytes[moment]];
      below[moment] = to;
      const title = `${label}: ${showBytes(bytes[moment])}`;
      return rect([at - width / 2, y(to), width, y(from) - y(to)], paint, { title });
    }),
  );
}

function timeWords({ moments, clock }: Orders, x: readonly number[], isTimed: boolean): readonly Shape[] {
  const bottom = PLOT.top + PLOT.height + 18;
  const label = (at: number, words: string) => text(at, bottom, words, { size: SIZE, anchor: 'middle' });
  if (!isTimed) return moments.map((moment, at) => label(x[at], moment.label));
  const [from, to] = [moments[0].atMs ?? 0, moments[moments.length - 1].atMs ?? 0];
  const origin = clock === 'wall' ? 0 : from;
  const place = (tick: number) => PLOT.left + ((tick + origin - from) / Math.max(1, to - from)) * SPAN;
  const words = (tick: number) =>
    clock === 'wall'
      ? showInstant(tick).slice(...(to - from > 2 * 86_400_000 ? [5, 10] : [11, 16]))
      : showDuration(tick);
  return timeTicks(from - origin, to - origin, 7).map((tick) => label(place(tick), words(tick)));
}

/** Names beside the right end, the topmost layer first; what has no memory at the end is still named. */
function legend(layers: readonly Layer[]): readonly Shape[] {
  const x = PLOT.left + SPAN + 16;
  return [...layers]
    .reverse()
    .flatMap(({ paint, label, bytes }, at) => [
      rect([x, PLOT.top + at * 34, 14, 14], paint),
      text(x + 20, PLOT.top + 11 + at * 34, label, { size: SIZE, fill: 'ink' }),
      text(x + 20, PLOT.top + 25 + at * 34, showBytes(bytes[bytes.length - 1] ?? 0), { size: SIZE }),
    ]);
}
