/** What is seen of the map as a figure, to be kept as a picture. Pure. */

import type { Drawing } from '../../reports/drawing/drawing.js';
import { line, rect, type Shape, text } from '../../reports/drawing/drawing.js';
import { heatLegend, LEGEND_HEIGHT } from '../../reports/figures/heat-legend.js';
import { markAt } from '../../reports/figures/marks.js';
import { placeOf } from '../../reports/heat/scale.js';
import { showBytes } from '../../vocabulary/show.js';
import { pageToAddress } from '../../vocabulary/units.js';
import type { MapView } from '../wire/map.js';
import { NO_MEMORY_SHARE, shareCode } from '../wire/tile.js';
import type { CellAt } from './cells.js';
import { coloursOf } from './colours.js';
import { clockWords, ticksOf } from './columns.js';
import type { Fold } from './fold.js';
import type { Plane } from './link.js';
import { geometryOf } from './map-link.js';
import type { ShownMark } from './marks.js';
import { addressRows, type Plot, xOf, yOf } from './picture.js';
import type { MapWindow } from './window.js';

const WIDTH = 1100;
const PLOT: Plot = { left: 132, top: 76, width: 940, height: 560 };
const SIZE = 11;
/** Heights of the time axis, and of the legend of shares. */
const AXIS = 56;
const SHARES = 44;
const STEPS = 64;

/** What pictures of a plane are called. */
export const PLANE_TITLES: Readonly<Record<Plane, string>> = {
  heat: 'Heat over time and addresses',
  touched: 'Share of pages touched, over time and addresses',
  huge: 'Share mapped by huge pages, over time and addresses',
  order: 'Folio orders over time and addresses',
};

/** What is seen, and how. */
export interface MapFigureInput {
  readonly map: MapView;
  readonly fold: Fold;
  readonly window: MapWindow;
  readonly plane: Plane;
  readonly cellAt: CellAt;
  /** In a plot of the size of this figure's. */
  readonly marks: readonly ShownMark[];
  /** Bytes of a row as it is shown. */
  readonly rowBytes: number;
}

/** CSS pixels of the part of the figure that shows cells. */
export const FIGURE_SIZE = [PLOT.width, PLOT.height] as const;

/** The figure as a drawing. */
export function mapDrawing(input: MapFigureInput): Drawing {
  const { map, window, plane, rowBytes, marks } = input;
  const bottom = PLOT.top + PLOT.height;
  const units = { heat: map.scale.unit, order: 'mean folio order of the memory of a cell' };
  const unit = plane === 'heat' || plane === 'order' ? units[plane] : 'share of the pages of a cell';
  return {
    width: WIDTH,
    height: bottom + AXIS + (plane === 'heat' ? LEGEND_HEIGHT : SHARES),
    shapes: [
      text(PLOT.left, 30, PLANE_TITLES[plane], { size: 17, fill: 'ink', bold: true }),
      text(PLOT.left, 52, `${unit}; a row is ${showBytes(rowBytes)}`, { size: 12 }),
      rect([PLOT.left, PLOT.top, PLOT.width, PLOT.height], 'hatched'),
      {
        kind: 'raster',
        x: PLOT.left,
        y: PLOT.top,
        width: PLOT.width,
        height: PLOT.height,
        ...cellsOf(input),
      },
      ...segmentShapes(input),
      ...marks.map(({ kind, x, y, decision }) => ({
        ...markAt(kind, PLOT.left + x, PLOT.top + y),
        title: `${decision.what}: ${decision.why}`,
      })),
      ...ticksOf(map.columns, [window.left, window.right], map.clock, 8).flatMap(({ at, words }) => [
        line([xOf(at, window, PLOT), bottom, xOf(at, window, PLOT), bottom + 5], 'axis'),
        text(xOf(at, window, PLOT), bottom + 18, words, { size: SIZE, anchor: 'middle' }),
      ]),
      text(PLOT.left, bottom + 38, clockWords(map.clock), { size: SIZE }),
      ...legendShapes(input, bottom + AXIS),
    ],
  };
}

/** One pixel of the plot a cell at most: what is nearer together is not to be seen. */
function cellsOf({ map, window, plane, cellAt }: MapFigureInput) {
  const [columns, rows] = FIGURE_SIZE;
  const colours = coloursOf(plane, map.scale);
  const pixels = new Uint8Array(columns * rows * 4);
  for (let row = 0; row < rows; row++) {
    const at = window.top + ((row + 0.5) * (window.bottom - window.top)) / rows;
    for (let column = 0; column < columns; column++) {
      const codes = cellAt(window.left + ((column + 0.5) * (window.right - window.left)) / columns, at);
      if (codes === undefined) continue;
      const code = 4 * codes[plane];
      pixels.set(colours.subarray(code, code + 4), 4 * (row * columns + column));
    }
  }
  return { columns, rows, pixels };
}

function segmentShapes({ map, fold, window }: MapFigureInput): readonly Shape[] {
  const geometry = geometryOf(map);
  return fold.within(window.top, window.bottom).flatMap((segment) => {
    const top = Math.max(PLOT.top, yOf(segment.at, window, PLOT));
    const words = [segment.command || `pid ${segment.pid}`, segment.mapping].filter(Boolean).join('  ·  ');
    return [
      ...(segment.at > window.top
        ? [line([PLOT.left, top, PLOT.left + PLOT.width, top], 'paper', { strokeWidth: 2 })]
        : []),
      text(PLOT.left + 6, top + 14, words, { size: SIZE, fill: 'ink', rim: true }),
      ...addressRows(segment, window, PLOT, 26).map((row) => {
        const y = yOf(segment.at + row, window, PLOT);
        return text(
          PLOT.left - 9,
          y + (row === 0 ? 10 : 4),
          pageToAddress(segment.firstPage + row, geometry),
          {
            size: SIZE,
            anchor: 'end',
          },
        );
      }),
    ];
  });
}

function legendShapes({ map, plane, marks }: MapFigureInput, y: number): readonly Shape[] {
  const { scale } = map;
  const place = { x: PLOT.left, y, width: PLOT.width };
  if (plane === 'heat')
    return heatLegend({ ...scale, place: (rate) => placeOf(rate, scale) }, place, {
      isOutlined: false,
      hasMarks: marks.length > 0,
    });
  const colours = coloursOf(plane, scale);
  const pixels = new Uint8Array(STEPS * 4);
  for (let step = 0; step < STEPS; step++) {
    const code = 4 * shareCode(step / (STEPS - 1));
    pixels.set(colours.subarray(code, code + 4), 4 * step);
  }
  const { pageBytes, blockBytes } = map.geometry;
  const ends = plane === 'order' ? [showBytes(pageBytes), showBytes(blockBytes)] : ['0 %', '100 %'];
  return [
    { kind: 'raster', x: place.x, y, width: 300, height: 14, columns: STEPS, rows: 1, pixels },
    text(place.x, y + 30, ends[0], { size: SIZE }),
    text(place.x + 300, y + 30, ends[1], { size: SIZE, anchor: 'end' }),
    rect([place.x + 340, y, 22, 14], 'hatched'),
    text(place.x + 370, y + 11, 'not known', { size: SIZE }),
    ...(plane !== 'touched' ? noMemoryKey(colours, place.x + 450, y) : []),
  ];
}

function noMemoryKey(colours: Uint8ClampedArray, x: number, y: number): readonly Shape[] {
  const pixels = Uint8Array.from(colours.subarray(4 * NO_MEMORY_SHARE, 4 * NO_MEMORY_SHARE + 4));
  return [
    { kind: 'raster', x, y, width: 22, height: 14, columns: 1, rows: 1, pixels },
    text(x + 30, y + 11, 'no memory there', { size: SIZE }),
  ];
}
