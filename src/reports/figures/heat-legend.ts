/** The legend of a map of heat, in words: what a colour means, and what grey means. */
import { HEAT_COLOURS, HEAT_STEPS, heatColour } from '../design/heat-colours.js';
import type { Rgb } from '../design/oklab.js';
import { line, rect, type Shape, text } from '../drawing/drawing.js';
import { textWidth } from '../drawing/glyphs.js';
import { type HeatScale, rateInWords, scaleTicks } from '../heat/scale.js';
import { markAt } from './marks.js';

/** Height of the legend in CSS pixels. */
export const LEGEND_HEIGHT = 104;
const BAR = { width: 380, height: 14 } as const;
const SIZE = 11;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

interface Overlays {
  readonly isOutlined: boolean;
  readonly hasMarks: boolean;
}

/** Returns the legend with its scale, and what overlays mean where there are some. */
export function heatLegend(scale: HeatScale, { x, y }: Place, overlays: Overlays): readonly Shape[] {
  const from = scale.place(scale.least);
  const at = (place: number) => x + ((place - from) / (1 - from)) * BAR.width;
  const ticks = scaleTicks(scale);
  let free = Number.NEGATIVE_INFINITY;
  const labels = ticks.flatMap(({ place, label, rate }) => {
    const middle = at(place);
    const width = textWidth(label, SIZE);
    const mark = line([middle, y + 18 + BAR.height, middle, y + 22 + BAR.height], 'axis', {
      title: rateInWords(rate, scale),
    });
    if (middle - width / 2 < free) return [mark];
    free = middle + width / 2 + 10;
    return [mark, text(middle, y + 34 + BAR.height, label, { size: SIZE, anchor: 'middle' })];
  });
  return [
    text(x, y + 10, `${scale.unit}`, { size: SIZE, fill: 'ink' }),
    {
      kind: 'raster',
      ...{ x, y: y + 18, width: BAR.width, height: BAR.height, columns: HEAT_STEPS, rows: 1 },
      pixels: barPixels(from),
      title: `from ${rateInWords(scale.least, scale)} to ${rateInWords(scale.most, scale)}`,
    },
    ...labels,
    text(x, y + 56 + BAR.height, `the lightest: ${rateInWords(scale.most, scale)}`, { size: SIZE }),
    ...keys(x + BAR.width + 40, y, overlays),
  ];
}

function barPixels(from: number): Uint8Array {
  const pixels = new Uint8Array(HEAT_STEPS * 4);
  for (let step = 0; step < HEAT_STEPS; step++)
    pixels.set([...heatColour(from + ((1 - from) * step) / (HEAT_STEPS - 1)), 255], 4 * step);
  return pixels;
}

function keys(x: number, y: number, { isOutlined, hasMarks }: Overlays): readonly Shape[] {
  const rows: (readonly [shapes: readonly Shape[], words: string])[] = [
    [[rect([x, y + 4, 22, 14], hexOf(HEAT_COLOURS[0]))], 'looked at, nothing seen'],
    [[rect([x, y + 26, 22, 14], 'hatched')], 'not known'],
  ];
  if (isOutlined)
    rows.push([
      [
        rect([x, y + 48, 22, 14], hexOf(HEAT_COLOURS[12])),
        {
          kind: 'path',
          lines: [[x + 1, y + 49, x + 21, y + 49, x + 21, y + 61, x + 1, y + 61, x + 1, y + 49]],
          stroke: '#ffffff',
          strokeWidth: 1.3,
        },
      ],
      'at least half huge pages',
    ]);
  // A frame, since each of them may be as dark or light as the paper.
  const frame = (at: number) => {
    const [top, bottom] = [y + 4 + 22 * at, y + 18 + 22 * at];
    return line([x, top, x + 22, top, x + 22, bottom, x, bottom, x, top], 'axis');
  };
  const drawn = rows.flatMap(([shapes, words], at) => [
    ...shapes,
    frame(at),
    text(x + 30, y + 15 + 22 * at, words, { size: SIZE }),
  ]);
  if (!hasMarks) return drawn;
  const right = x + 210;
  return [
    ...drawn,
    markAt('split', right + 8, y + 11),
    text(right + 22, y + 15, 'split', { size: SIZE }),
    markAt('collapse', right + 8, y + 33),
    text(right + 22, y + 37, 'collapse', { size: SIZE }),
  ];
}

/** Returns a colour as `#rrggbb`. */
export function hexOf(rgb: Rgb): `#${string}` {
  return `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
}
