/** Blocks by how widely their accesses are spread over their sub-pages, each bin with its bounds. */
import { percent } from '../../base/percent.js';
import { line, rect, type Shape, text } from '../drawing/drawing.js';
import type { Figure } from './figure.js';

const WIDTH = 960;
const HEIGHT = 440;
const PLOT = { left: 76, right: 140, top: 84, bottom: 116 } as const;
const PLOT_WIDTH = WIDTH - PLOT.left - PLOT.right;
const PLOT_HEIGHT = HEIGHT - PLOT.top - PLOT.bottom;
const BASE = PLOT.top + PLOT_HEIGHT;
/** The column of undecided blocks stands apart from the bins. */
const UNKNOWN = { x: WIDTH - PLOT.right + 40, width: 60 } as const;
const GRID_LINES = 5;
/** Shares at the end of the axis: the first that holds all columns. */
const AXIS_ENDS = [0.05, 0.1, 0.25, 0.5, 0.75, 1];
const SIZE = 12;
const BAR_WIDTH = 32;

/** A bin with its bounds. */
export interface SpreadBin {
  /** Shares of the sub-pages. */
  readonly from: number;
  readonly to: number;
  /** Blocks: surely in the bin, possibly in it, and in it by seen sub-pages alone. */
  readonly least: number;
  readonly most: number;
  readonly seen: number;
}

/** The spread of all blocks, with the sentence above it. */
export interface SpreadHistogram {
  readonly blocks: number;
  readonly unknown: number;
  readonly bins: readonly SpreadBin[];
  /** `huge page` or `block`. */
  readonly noun: string;
  /** What stands below the title. */
  readonly headline: readonly string[];
}

interface Scale {
  /** Share of all blocks at the top of the axis. */
  readonly end: number;
  readonly whole: number;
}

/** Returns the histogram as a figure: surely in the bin solid, possibly in it hatched. */
export function histogramFigure(histogram: SpreadHistogram): Figure {
  const { bins, unknown, blocks, noun, headline } = histogram;
  const whole = Math.max(1, blocks);
  const tallest = Math.max(unknown, ...bins.map((bin) => Math.max(bin.most, bin.seen)));
  const scale = { end: AXIS_ENDS.find((share) => tallest / whole <= share) ?? 1, whole };
  const title = `Over how much of each ${noun} its accesses are spread`;
  return {
    name: 'histogram',
    title,
    about: [...headline, ...bins.map(binWords), `${unknown} of ${blocks} are not decided`].join('. '),
    drawing: {
      width: WIDTH,
      height: HEIGHT,
      shapes: [
        text(PLOT.left, 26, title, { size: 17, fill: 'ink', bold: true }),
        ...headline.map((words, at) => text(PLOT.left, 46 + 18 * at, words, { size: SIZE })),
        ...grid(scale),
        ...bins.flatMap((bin, at) => column(bin, at, bins.length, scale)),
        ...unknownColumn(unknown, scale),
        line([PLOT.left, BASE, PLOT.left + PLOT_WIDTH, BASE], 'axis'),
        text(
          PLOT.left + PLOT_WIDTH / 2,
          BASE + 42,
          'spread: share of the sub-pages that 90 % of the accesses need',
          {
            anchor: 'middle',
            size: SIZE,
          },
        ),
        ...legend(),
      ],
    },
    caption: [
      'Solid: blocks that surely belong there. Pale: blocks that may, by the samples there are (95 % confidence). The line: what counting seen sub-pages alone would say.',
      'A block with few samples could be sparse or only little sampled; it is counted as unknown, never as sparse.',
    ],
    text: textOf(histogram),
    numbers: {
      head: ['from', 'to', 'least', 'most', 'seen'],
      rows: bins.map(({ from, to, least, most, seen }) => [from, to, least, most, seen].map(String)),
    },
  };
}

function binWords({ from, to, least, most, seen }: SpreadBin): string {
  return `${range(from, to)}: at least ${least}, at most ${most} blocks; ${seen} by seen sub-pages alone`;
}

const range = (from: number, to: number): string => `${Math.round(from * 100)}–${Math.round(to * 100)} %`;

function yOf(count: number, { end, whole }: Scale): number {
  return BASE - (PLOT_HEIGHT * count) / whole / end;
}

function grid(scale: Scale): readonly Shape[] {
  const lines = Array.from({ length: GRID_LINES + 1 }, (_, at) => {
    const share = (scale.end * at) / GRID_LINES;
    const y = yOf(share * scale.whole, scale);
    return [
      line([PLOT.left, y, PLOT.left + PLOT_WIDTH, y], 'grid'),
      text(PLOT.left - 8, y + 4, `${Number((100 * share).toFixed(2))} %`, { anchor: 'end', size: SIZE }),
    ];
  });
  const middle = PLOT.top + PLOT_HEIGHT / 2;
  return [
    ...lines.flat(),
    text(22, middle, 'share of blocks', { anchor: 'middle', upright: true, size: SIZE }),
  ];
}

function column(bin: SpreadBin, at: number, count: number, scale: Scale): readonly Shape[] {
  const slot = PLOT_WIDTH / count;
  const [x, width] = [PLOT.left + slot * at + slot * 0.12, slot * 0.76];
  const title = binWords(bin);
  const bar = (from: number, to: number) =>
    [x, yOf(to, scale), width, yOf(from, scale) - yOf(to, scale)] as const;
  const every = Math.ceil(count / 12);
  return [
    ...(bin.most > bin.least ? [rect(bar(bin.least, bin.most), 'soft', { title })] : []),
    ...(bin.least > 0 ? [rect(bar(0, bin.least), 'accent', { title })] : []),
    ...(bin.seen > 0
      ? [line([x, yOf(bin.seen, scale), x + width, yOf(bin.seen, scale)], 'bad', { strokeWidth: 2.5, title })]
      : []),
    ...(at % every === 0
      ? [text(x + width / 2, BASE + 18, range(bin.from, bin.to), { anchor: 'middle', size: SIZE })]
      : []),
  ];
}

function unknownColumn(unknown: number, scale: Scale): readonly Shape[] {
  const { x, width } = UNKNOWN;
  const top = yOf(unknown, scale);
  const title = `${unknown} blocks have too few samples for one bin`;
  return [
    line([x - 8, BASE, x + width + 8, BASE], 'axis'),
    ...(unknown > 0 ? [rect([x, top, width, BASE - top], 'hatched', { title })] : []),
    text(x + width / 2, top - 6, percent(unknown / scale.whole), { anchor: 'middle', size: SIZE }),
    text(x + width / 2, BASE + 18, 'unknown', { anchor: 'middle', size: SIZE }),
  ];
}

function legend(): readonly Shape[] {
  const y = HEIGHT - 26;
  const [first, second, third, fourth] = [0, 100, 350, 560].map((far) => PLOT.left + far);
  const label = (x: number, words: string) => text(x + 22, y, words, { size: SIZE });
  return [
    rect([first, y - 10, 14, 12], 'accent'),
    label(first, 'at least'),
    rect([second, y - 10, 14, 12], 'soft'),
    label(second, 'at most, by the samples there are'),
    line([third, y - 4, third + 16, y - 4], 'bad', { strokeWidth: 2.5 }),
    label(third, 'by seen sub-pages alone'),
    rect([fourth, y - 10, 14, 12], 'hatched'),
    label(fourth, 'too few samples for one bin'),
  ];
}

function textOf({ bins, unknown, blocks }: SpreadHistogram): readonly string[] {
  const most = Math.max(1, ...bins.map((bin) => bin.most));
  const lines = bins.map(({ from, to, least, most: possible }) => {
    const [full, whole] = [least, possible].map((count) => Math.round((BAR_WIDTH * count) / most));
    const bar = '█'.repeat(full) + '░'.repeat(Math.max(0, whole - full));
    return `${range(from, to).padStart(9)} ${`${least}…${possible}`.padStart(13)}  ${bar}`.trimEnd();
  });
  return [...lines, `  unknown ${`${unknown} of ${blocks}`.padStart(13)}`];
}
