/** What became of memory and speed over time: panels above each other that share their time axis. */
import { showBytes, showCount, showDuration, showRate } from '../../vocabulary/show.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { line, type Paint, rect, type Shape, text } from '../drawing/drawing.js';
import { byteTicks, roundTicks, timeTicks } from './axis.js';
import type { Figure } from './figure.js';
import { spreadApart } from './spread-apart.js';

const WIDTH = 960;
const LEFT = 84;
const RIGHT = 150;
const TOP = 88;
const HEIGHT = 150;
const GAP = 52;
const SIZE = 11;
/** Letters of a series' course in text. */
const LEVELS = '▁▂▃▄▅▆▇█';

/** A line over time, with gaps where it is not known. */
export interface Series {
  readonly label: string;
  /** By moment; null: not known. */
  readonly values: readonly (number | null)[];
  readonly paint: Paint;
  readonly dash?: readonly number[];
  /** `bars` for what happened since the moment before, instead of a line through states. */
  readonly as?: 'bars';
}

/** Lines that share a unit. */
export interface Panel {
  readonly title: string;
  readonly unit: 'bytes' | 'rate' | 'count';
  readonly series: readonly Series[];
}

/** Panels that share their times. */
export interface SeriesInput {
  readonly name: string;
  readonly title: string;
  readonly subtitle: string;
  /** Milliseconds, ascending. */
  readonly times: readonly Milliseconds[];
  readonly panels: readonly Panel[];
  readonly caption: readonly string[];
}

const WORDS: Readonly<Record<Panel['unit'], (value: number) => string>> = {
  bytes: (value) => showBytes(Math.round(value)),
  rate: showRate,
  count: (value) => showCount(Math.round(value)),
};

/** Returns the panels as one figure. */
export function seriesFigure({ name, title, subtitle, times, panels, caption }: SeriesInput): Figure {
  const height = TOP + panels.length * (HEIGHT + GAP) - 12;
  const shapes = panels.flatMap((panel, at) => panelShapes(panel, times, TOP + at * (HEIGHT + GAP)));
  return {
    name,
    title,
    about: panels
      .map((panel) => `${panel.title}: ${panel.series.map((one) => seriesWords(one, panel.unit)).join('; ')}`)
      .join('. '),
    drawing: {
      width: WIDTH,
      height,
      shapes: [
        text(LEFT, 26, title, { size: 17, fill: 'ink', bold: true }),
        text(LEFT, 46, subtitle, { size: 12 }),
        ...shapes,
      ],
    },
    caption,
    text: panels.flatMap((panel) => panel.series.map((one) => courseText(one, panel.unit))),
    numbers: {
      head: ['time_ms', ...panels.flatMap(({ series }) => series.map(({ label }) => label))],
      rows: times.map((time, at) => [
        String(time),
        ...panels.flatMap(({ series }) => series.map(({ values }) => String(values[at] ?? ''))),
      ]),
    },
  };
}

interface Frame {
  readonly top: number;
  x(time: Milliseconds): number;
  y(value: number): number;
}

function panelShapes(
  { title, unit, series }: Panel,
  times: readonly Milliseconds[],
  top: number,
): readonly Shape[] {
  const most = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const ticks = unit === 'bytes' ? byteTicks(most, 4) : roundTicks(0, most > 0 ? most : 1, 4);
  const highest = Math.max(most, ticks[ticks.length - 1]) || 1;
  const [from, to] = [times[0] ?? 0, times[times.length - 1] ?? 1];
  const width = WIDTH - LEFT - RIGHT;
  const frame: Frame = {
    top,
    x: (time) => LEFT + (to > from ? ((time - from) / (to - from)) * width : width / 2),
    y: (value) => top + HEIGHT - (value / highest) * HEIGHT,
  };
  return [
    text(LEFT, top - 10, title, { size: 12, fill: 'ink' }),
    ...ticks.flatMap((tick) => [
      line([LEFT, frame.y(tick), LEFT + width, frame.y(tick)], 'grid'),
      text(LEFT - 8, frame.y(tick) + 4, tickWords(tick, unit), { size: SIZE, anchor: 'end' }),
    ]),
    line([LEFT, top + HEIGHT, LEFT + width, top + HEIGHT], 'axis'),
    ...timeTicks(from, to, 8).map((tick) =>
      text(frame.x(tick), top + HEIGHT + 16, showDuration(tick), { size: SIZE, anchor: 'middle' }),
    ),
    ...series.flatMap((one) =>
      one.as === 'bars'
        ? bars(one, times, frame, { unit, side: sideOf(series, one) })
        : course(one, times, frame),
    ),
    ...labels(series, frame, LEFT + width + 8, unit),
  ];
}

/** Ticks are round: zeroes behind the point say nothing. */
function tickWords(tick: number, unit: Panel['unit']): string {
  return WORDS[unit](tick).replace(/\.(\d*?)0+(?=\D|$)/, (_, digits: string) =>
    digits === '' ? '' : `.${digits}`,
  );
}

/** A line through what is known; it ends where nothing is known. */
function course(
  { values, paint, dash, label }: Series,
  times: readonly Milliseconds[],
  frame: Frame,
): readonly Shape[] {
  const lines: number[][] = [];
  let open: number[] | undefined;
  for (const [at, value] of values.entries()) {
    if (value === null || value === undefined) {
      open = undefined;
      continue;
    }
    if (open === undefined) {
      open = [];
      lines.push(open);
    }
    open.push(frame.x(times[at]), frame.y(value));
  }
  const drawn = {
    stroke: paint,
    strokeWidth: 1.8,
    title: label,
    ...(dash === undefined ? {} : { dash }),
  } as const;
  const single = lines.filter((one) => one.length === 2);
  return [
    { kind: 'path', lines: lines.filter((one) => one.length > 2), ...drawn },
    ...single.map(([x, y]) => ({ kind: 'circle', x, y, radius: 2.5, fill: paint, title: label }) as const),
  ];
}

/** Which of how many series of bars a series is: they stand side by side. */
function sideOf(series: readonly Series[], one: Series): readonly [at: number, of: number] {
  const all = series.filter(({ as }) => as === 'bars');
  return [all.indexOf(one), all.length];
}

function bars(
  { values, paint, label }: Series,
  times: readonly Milliseconds[],
  frame: Frame,
  {
    unit,
    side: [at, of],
  }: { readonly unit: Panel['unit']; readonly side: readonly [at: number, of: number] },
): readonly Shape[] {
  const slot = (WIDTH - LEFT - RIGHT) / Math.max(1, times.length);
  const width = Math.max(1, Math.min(10, (slot * 0.7) / of));
  return values.flatMap((value, moment) => {
    if (value === null || value <= 0) return [];
    const x = frame.x(times[moment]) + (at - of / 2) * width;
    const y = frame.y(value);
    return [rect([x, y, width, frame.y(0) - y], paint, { title: `${label}: ${WORDS[unit](value)}` })];
  });
}

/** Names beside the ends of the lines, apart from each other. */
function labels(series: readonly Series[], frame: Frame, x: number, unit: Panel['unit']): readonly Shape[] {
  const ends = series.map(({ values, as }) => {
    const last = values.findLast((value) => value !== null);
    return as === 'bars' || last === undefined || last === null ? frame.top + HEIGHT / 2 : frame.y(last);
  });
  const places = spreadApart(ends, 15, [frame.top + 6, frame.top + HEIGHT]);
  return series.flatMap(({ label, paint, dash, values, as }, at) => {
    const y = places[at];
    const last = values.findLast((value) => value !== null);
    const amount = as === 'bars' || last === undefined || last === null ? '' : `  ${WORDS[unit](last)}`;
    const mark =
      as === 'bars'
        ? rect([x, y - 8, 12, 9], paint)
        : line([x, y - 4, x + 14, y - 4], paint, { strokeWidth: 2, ...(dash === undefined ? {} : { dash }) });
    return [mark, text(x + 19, y, `${label}${amount}`, { size: SIZE, fill: 'ink' })];
  });
}

function seriesWords({ label, values, as }: Series, unit: Panel['unit']): string {
  const known = values.filter((value): value is number => value !== null);
  if (known.length === 0) return `${label} not known`;
  const words = WORDS[unit];
  if (as === 'bars') return `${label} ${words(known.reduce((sum, value) => sum + value, 0))} in all`;
  return `${label} from ${words(known[0])} to ${words(known[known.length - 1])}, at most ${words(Math.max(...known))}`;
}

/** A line of blocks, as high as the values. */
function courseText(series: Series, unit: Panel['unit']): string {
  const { values, label } = series;
  const most = Math.max(0, ...values.map((value) => value ?? 0));
  const every = Math.max(1, Math.ceil(values.length / 48));
  let drawn = '';
  for (let at = 0; at < values.length; at += every) {
    const part = values.slice(at, at + every).filter((value): value is number => value !== null);
    const value = Math.max(0, ...part);
    drawn += part.length === 0 || most === 0 ? ' ' : LEVELS[Math.round((value / most) * (LEVELS.length - 1))];
  }
  return `${label.padEnd(16)} ${drawn}  ${seriesWords(series, unit).slice(label.length + 1)}`;
}
