/** What each further block gives and costs: memory given back to the right, CPU time gained upwards, step by step. */
import { showBytes, showCount } from '../../vocabulary/show.js';
import type { Bytes } from '../../vocabulary/units.js';
import { line, type Shape, text } from '../drawing/drawing.js';
import { textWidth } from '../drawing/glyphs.js';
import { byteTicks, roundTicks } from './axis.js';
import type { Figure } from './figure.js';

const WIDTH = 960;
const HEIGHT = 420;
const PLOT = { left: 96, right: 48, top: 84, bottom: 66 } as const;
const SPAN_X = WIDTH - PLOT.left - PLOT.right;
const SPAN_Y = HEIGHT - PLOT.top - PLOT.bottom;
const SIZE = 12;

/** A step or a refused proposal: expected bytes given back, and nanoseconds of CPU a second gained less lost. */
export interface CurveStep {
  readonly bytes: Bytes;
  readonly netNs: number;
}

interface Sum {
  readonly bytes: Bytes;
  readonly ns: number;
}

/** `taken` are the steps of the plan, `further` what was left out, both in their order of worth. */
export function curveFigure(taken: readonly CurveStep[], further: readonly CurveStep[]): Figure {
  const path = sumsOf({ bytes: 0, ns: 0 }, taken);
  const chosen = path[path.length - 1];
  const beyond = sumsOf(chosen, further);
  const frame = frameOf([...path, ...beyond]);
  const title = 'Memory given back against time lost or gained';
  const words = `${showCount(taken.length)} steps: ${showBytes(chosen.bytes)} expected back, ${msWords(chosen.ns)} of CPU a second`;
  return {
    name: 'curve',
    title,
    about: `${words}. ${further.length} more were left out.`,
    drawing: {
      width: WIDTH,
      height: HEIGHT,
      shapes: [
        text(PLOT.left, 26, title, { size: 17, fill: 'ink', bold: true }),
        text(PLOT.left, 48, `${words}; as expected beforehand`, { size: SIZE }),
        ...axes(frame),
        course(path, frame, false),
        ...(further.length > 0 ? [course(beyond, frame, true)] : []),
        ...chosenPoint(chosen, frame),
      ],
    },
    caption: [
      'Each piece is a step, in the order in which the policy prefers them; the ring is where the plan stops. Dashed: what was refused or left out.',
    ],
    text: [],
    numbers: {
      head: ['steps', 'bytes', 'cpu_ns_a_second'],
      rows: path.map(({ bytes, ns }, at) => [String(at), String(bytes), String(ns)]),
    },
  };
}

function sumsOf(from: Sum, steps: readonly CurveStep[]): readonly Sum[] {
  const sums = [from];
  for (const { bytes, netNs } of steps) {
    const last = sums[sums.length - 1];
    sums.push({ bytes: last.bytes + bytes, ns: last.ns + netNs });
  }
  return sums;
}

interface Frame {
  readonly xTicks: readonly number[];
  readonly yTicks: readonly number[];
  x(bytes: Bytes): number;
  y(ns: number): number;
}

function frameOf(points: readonly Sum[]): Frame {
  const ends = (values: readonly number[]) => [Math.min(0, ...values), Math.max(0, ...values)] as const;
  const [left, right] = ends(points.map(({ bytes }) => bytes));
  const [low, high] = ends(points.map(({ ns }) => ns));
  const [width, height] = [right - left || 1, high - low || 1];
  return {
    xTicks: left < 0 ? [left, 0, right] : byteTicks(right, 6),
    yTicks: roundTicks(low, high === low ? low + 1 : high, 5),
    x: (bytes) => PLOT.left + ((bytes - left) / width) * SPAN_X,
    y: (ns) => PLOT.top + SPAN_Y - ((ns - low) / height) * SPAN_Y,
  };
}

function axes({ x, y, xTicks, yTicks }: Frame): readonly Shape[] {
  const bottom = PLOT.top + SPAN_Y;
  return [
    ...yTicks.flatMap((tick) => [
      line([PLOT.left, y(tick), PLOT.left + SPAN_X, y(tick)], tick === 0 ? 'axis' : 'grid'),
      text(PLOT.left - 8, y(tick) + 4, msWords(tick), { anchor: 'end', size: 11 }),
    ]),
    ...xTicks.flatMap((tick) => [
      line([x(tick), PLOT.top, x(tick), bottom], tick === 0 ? 'axis' : 'grid'),
      text(x(tick), bottom + 17, showBytes(tick), { anchor: 'middle', size: 11 }),
    ]),
    text(PLOT.left + SPAN_X / 2, bottom + 42, 'memory given back', { anchor: 'middle', size: SIZE }),
    text(22, PLOT.top + SPAN_Y / 2, 'CPU time a second, gained less lost', {
      anchor: 'middle',
      upright: true,
      size: SIZE,
    }),
  ];
}

function course(sums: readonly Sum[], { x, y }: Frame, isDashed: boolean): Shape {
  const points = sums.flatMap(({ bytes, ns }) => [x(bytes), y(ns)]);
  return line(
    points,
    isDashed ? 'quiet' : 'accent',
    isDashed ? { strokeWidth: 1.4, dash: [5, 4] } : { strokeWidth: 2.2 },
  );
}

function chosenPoint(chosen: Sum, { x, y }: Frame): readonly Shape[] {
  const place = { x: x(chosen.bytes), y: y(chosen.ns) };
  const words = 'the plan';
  const isRight = place.x + textWidth(words, SIZE, true) + 24 < WIDTH - PLOT.right;
  return [
    { kind: 'circle', ...place, radius: 9, stroke: 'ink', strokeWidth: 1.6 },
    { kind: 'circle', ...place, radius: 5, fill: 'good' },
    text(place.x + (isRight ? 15 : -15), place.y + 4, words, {
      bold: true,
      fill: 'ink',
      size: SIZE,
      anchor: isRight ? 'start' : 'end',
      rim: true,
    }),
  ];
}

function msWords(ns: number): string {
  if (ns === 0) return '0';
  const size = Math.abs(ns);
  const words =
    size < 1e6 ? `${Number((size / 1000).toPrecision(2))} µs` : `${Number((size / 1e6).toPrecision(3))} ms`;
  return ns < 0 ? `−${words}` : `+${words}`;
}
