/** The plane of bloat removed and speed kept: a point for each policy or choice, the best ones joined, one chosen. */
import { line, type Paint, type Shape, text } from '../drawing/drawing.js';
import { textWidth } from '../drawing/glyphs.js';
import type { Figure } from './figure.js';

const WIDTH = 960;
const HEIGHT = 640;
const PLOT = { left: 76, right: 48, top: 84, bottom: 92 } as const;
const SPAN_X = WIDTH - PLOT.left - PLOT.right;
const SPAN_Y = HEIGHT - PLOT.top - PLOT.bottom;
/** Curves of equal products. */
const PRODUCTS = [0.2, 0.4, 0.6, 0.8];
const SIZE = 12;
/** Height of a line of text; labels closer than this are moved apart. */
const LINE = 14;

/** A policy, a choice or a published result. */
export interface PlanePoint {
  readonly label: string;
  /** What a reader is told who points at it. */
  readonly detail: string;
  readonly kind: 'other' | 'own' | 'published';
  /** The one that is recommended, or was taken. */
  readonly isChosen: boolean;
  /** Shares, 0 to 1. */
  readonly bloatRemoved: number;
  readonly speedKept: number;
}

const COLOURS: Readonly<Record<PlanePoint['kind'], Paint>> = {
  other: 'accent',
  own: 'good',
  published: 'warn',
};

/** Returns the plane with its points and the Pareto front of ours. */
export function planeFigure(points: readonly PlanePoint[], subtitle: string): Figure {
  const title = 'Bloat removed and speed kept';
  const ours = points.filter(({ kind }) => kind !== 'published');
  return {
    name: 'plane',
    title,
    about: points.map(({ label, detail }) => `${label}: ${detail}`).join('. '),
    drawing: {
      width: WIDTH,
      height: HEIGHT,
      shapes: [
        text(PLOT.left, 28, title, { size: 17, fill: 'ink', bold: true }),
        text(PLOT.left, 50, subtitle, { size: SIZE }),
        ...axes(),
        ...PRODUCTS.map(level),
        ...front(ours),
        ...drawn(points),
        ...legend(points),
      ],
    },
    caption: [
      'To the right more of the memory that huge pages waste is given back, upwards more of their speed is kept: the upper right corner would cost nothing.',
      'The line joins the policies that no other beats in both; dashed curves join equal products of both.',
    ],
    text: [],
    numbers: {
      head: ['point', 'bloat_removed', 'speed_kept'],
      rows: points.map(({ label, bloatRemoved, speedKept }) => [
        label,
        String(bloatRemoved),
        String(speedKept),
      ]),
    },
  };
}

const x = (share: number) => PLOT.left + share * SPAN_X;
const y = (share: number) => PLOT.top + (1 - share) * SPAN_Y;

function axes(): readonly Shape[] {
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  return [
    ...ticks.flatMap((tick) => [
      line([x(tick), y(0), x(tick), y(1)], 'grid'),
      line([x(0), y(tick), x(1), y(tick)], 'grid'),
      text(x(tick), y(0) + 18, `${100 * tick} %`, { anchor: 'middle', size: SIZE }),
      text(x(0) - 8, y(tick) + 4, `${100 * tick} %`, { anchor: 'end', size: SIZE }),
    ]),
    text(x(0.5), y(0) + 40, 'bloat removed: 0 is THP=always, 100 % is THP=never', {
      anchor: 'middle',
      size: SIZE,
    }),
    text(22, y(0.5), 'speed kept: 0 is THP=never, 100 % is THP=always', {
      anchor: 'middle',
      upright: true,
      size: SIZE,
    }),
  ];
}

function level(product: number): Shape {
  const points = Array.from({ length: 41 }, (_, step) => product + ((1 - product) * step) / 40);
  return line(
    points.flatMap((share) => [x(share), y(product / share)]),
    'axis',
    { dash: [3, 4], opacity: 0.8, title: `B × S = ${product}` },
  );
}

/** The points that no other beats in both. */
function front(points: readonly PlanePoint[]): readonly Shape[] {
  const beats = (other: PlanePoint, one: PlanePoint) =>
    other.bloatRemoved >= one.bloatRemoved &&
    other.speedKept >= one.speedKept &&
    (other.bloatRemoved > one.bloatRemoved || other.speedKept > one.speedKept);
  const best = points
    .filter((point) => !points.some((other) => beats(other, point)))
    .sort((a, b) => a.bloatRemoved - b.bloatRemoved);
  if (best.length < 2) return [];
  return [
    line(
      best.flatMap((one) => [x(one.bloatRemoved), y(one.speedKept)]),
      'accent',
      { strokeWidth: 1.6 },
    ),
  ];
}

/** Points with labels to their right, or to their left near the edge; on the other side or further down where they would meet. */
function drawn(points: readonly PlanePoint[]): readonly Shape[] {
  // The points themselves are in the way as well.
  const taken = points.map(({ bloatRemoved, speedKept }) => ({
    at: y(speedKept) + 4,
    left: x(bloatRemoved) - 9,
    right: x(bloatRemoved) + 9,
  }));
  const shapes: Shape[] = [];
  for (const point of [...points].sort((a, b) => b.speedKept - a.speedKept)) {
    const { label, bloatRemoved, speedKept, isChosen, kind } = point;
    const width = textWidth(label, SIZE, isChosen);
    const leftOf = (right: boolean) => (right ? x(bloatRemoved) + 12 : x(bloatRemoved) - 12 - width);
    let at = y(speedKept) + 4;
    const metBy = (from: number) =>
      taken.find((one) => Math.abs(one.at - at) < LINE && one.left < from + width && from < one.right);
    const isFree = (right: boolean) =>
      leftOf(right) >= x(0) && leftOf(right) + width <= x(1) && metBy(leftOf(right)) === undefined;
    const isUsual = bloatRemoved < 0.7;
    const isRight = !isFree(isUsual) && isFree(!isUsual) ? !isUsual : isUsual;
    const left = leftOf(isRight);
    const meets = () => metBy(left);
    for (let other = meets(); other !== undefined; other = meets()) at = other.at + LINE;
    taken.push({ at, left, right: left + width });
    if (Math.abs(at - y(speedKept) - 4) > 2)
      shapes.push(
        line([x(bloatRemoved), y(speedKept), isRight ? left - 2 : left + width + 2, at - 4], 'axis', {
          strokeWidth: 0.6,
        }),
      );
    shapes.push(
      ...pointShapes(point),
      text(left, at, label, {
        size: SIZE,
        fill: kind === 'published' ? 'quiet' : 'ink',
        bold: isChosen,
        rim: true,
      }),
    );
  }
  return shapes;
}

function pointShapes({
  kind,
  isChosen,
  bloatRemoved,
  speedKept,
  label,
  detail,
}: PlanePoint): readonly Shape[] {
  const place = { x: x(bloatRemoved), y: y(speedKept) };
  const title = `${label}: ${detail}`;
  const colour = COLOURS[kind];
  const ring = { kind: 'circle', ...place, radius: 10, stroke: 'ink', strokeWidth: 1.6 } as const;
  const point =
    kind === 'published'
      ? ({ kind: 'circle', ...place, radius: 5, stroke: colour, strokeWidth: 2, title } as const)
      : ({ kind: 'circle', ...place, radius: 5, fill: colour, title } as const);
  return isChosen ? [ring, point] : [point];
}

function legend(points: readonly PlanePoint[]): readonly Shape[] {
  const at = HEIGHT - 22;
  const parts: (readonly [shapes: (left: number) => Shape[], words: string])[] = [];
  const dot = (fill: Paint) => (left: number) => [
    { kind: 'circle', x: left + 7, y: at - 4, radius: 5, fill } as const,
  ];
  const has = (kind: PlanePoint['kind']) => points.some((point) => point.kind === kind);
  if (has('own')) parts.push([dot('good'), 'Octavo’s own']);
  if (has('other')) parts.push([dot('accent'), 'others']);
  if (has('published'))
    parts.push([
      (left) => [{ kind: 'circle', x: left + 7, y: at - 4, radius: 5, stroke: 'warn', strokeWidth: 2 }],
      'published: other machines and programs',
    ]);
  if (points.some(({ isChosen }) => isChosen))
    parts.push([
      (left) => [{ kind: 'circle', x: left + 7, y: at - 4, radius: 7, stroke: 'ink', strokeWidth: 1.6 }],
      'the chosen one',
    ]);
  let left = PLOT.left;
  return parts.flatMap(([shapes, words]) => {
    const placed = [...shapes(left), text(left + 20, at, words, { size: SIZE })];
    left += textWidth(words, SIZE) + 52;
    return placed;
  });
}
