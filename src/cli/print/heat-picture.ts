/**
 * A map of heat for a terminal: addresses to the right, time downwards. Two slices of time share a line as half blocks
 * where there are shades and UTF-8; without shades it is letters. Pure.
 */
import { HEAT_COLOURS, heatColour } from '../../reports/design/heat-colours.js';
import type { Rgb } from '../../reports/design/oklab.js';
import { columnName } from '../../reports/figures/time-axis.js';
import type { HeatCourse, Segment } from '../../reports/heat/course.js';
import { hottest, legendText, letterOf } from '../../reports/heat/map-text.js';
import { type HeatScale, rateInWords, scaleTicks } from '../../reports/heat/scale.js';
import { showBytes } from '../../vocabulary/show.js';
import { pageToAddress } from '../../vocabulary/units.js';
import { nearestOf256 } from './colours-256.js';
import type { TextStyle } from './terminal-text.js';

/** A line, and whether it has colours, which go to the terminal as they are. */
export interface PictureLine {
  readonly text: string;
  readonly isPainted: boolean;
}

const UPPER = '▀';
const LOWER = '▄';
const TIME_WIDTH = 10;
const LEGEND_CELLS = 24;

/** Columns that are left for the map. */
export function mapWidth(width: number): number {
  return Math.max(8, width - TIME_WIDTH);
}

/** Returns the map as lines with their colours, as wide as the style allows. */
export function heatPicture(course: HeatCourse, scale: HeatScale, style: TextStyle): readonly PictureLine[] {
  const lines: PictureLine[] = [];
  for (const segment of course.segments) {
    lines.push(plain(segmentName(course, segment, style)));
    lines.push(...segmentLines(course, scale, segment, style));
  }
  return [...lines, plain(''), ...legend(scale, style)];
}

const plain = (text: string): PictureLine => ({ text, isPainted: false });

function segmentName(course: HeatCourse, segment: Segment, style: TextStyle): string {
  const { pid, command, mapping, firstPage, pages, rows } = segment;
  const { geometry, rowPages } = course;
  const cells = Math.min(rows, mapWidth(style.width));
  const each = Math.ceil(rows / cells) * rowPages * geometry.pageBytes;
  const name = command === '' ? `pid ${pid}` : `${command} (${pid})`;
  const place = `${pageToAddress(firstPage, geometry)}-${pageToAddress(firstPage + pages, geometry)}`;
  return [name, mapping, place, `${showBytes(each)} a cell`].filter((word) => word !== '').join('  ');
}

function segmentLines(
  course: HeatCourse,
  scale: HeatScale,
  segment: Segment,
  style: TextStyle,
): readonly PictureLine[] {
  const rates = course.columns.map((_, column) => cellsOf(course, segment, column, mapWidth(style.width)));
  const label = (column: number) =>
    columnName(course, column)
      .padStart(TIME_WIDTH - 1)
      .slice(0, TIME_WIDTH - 1);
  if (style.shades === undefined || !style.colour)
    return rates.map((cells, column) =>
      plain(`${label(column)} ${cells.map((rate) => letterOf(rate, scale)).join('')}`.trimEnd()),
    );
  const together = style.ascii ? 1 : 2;
  const lines: PictureLine[] = [];
  for (let column = 0; column < rates.length; column += together) {
    const below = together === 2 ? rates[column + 1] : undefined;
    const cells = rates[column].map((rate, at) =>
      together === 2 ? halves(rate, below?.[at], scale, style) : whole(rate, scale, style),
    );
    lines.push({ text: `${label(column)} ${cells.join('')}`, isPainted: true });
  }
  return lines;
}

/** The hottest rate of each piece of a segment that a letter stands for. */
function cellsOf(
  course: HeatCourse,
  { firstRow, rows }: Segment,
  column: number,
  width: number,
): readonly number[] {
  const each = Math.ceil(rows / width);
  return Array.from({ length: Math.ceil(rows / each) }, (_, at) =>
    hottest(course, column, [firstRow + at * each, firstRow + Math.min(rows, (at + 1) * each)]),
  );
}

/** Two slices in one letter; what is not known stays the terminal's own background. */
function halves(upper: number, lower: number | undefined, scale: HeatScale, style: TextStyle): string {
  const [hasUpper, hasLower] = [!Number.isNaN(upper), lower !== undefined && !Number.isNaN(lower)];
  if (!hasUpper && !hasLower) return ' ';
  if (!hasLower) return `${ink(38, colourOf(upper, scale), style)}${UPPER}${RESET}`;
  const below = colourOf(lower ?? 0, scale);
  if (!hasUpper) return `${ink(38, below, style)}${LOWER}${RESET}`;
  return `${ink(38, colourOf(upper, scale), style)}${ink(48, below, style)}${UPPER}${RESET}`;
}

function whole(rate: number, scale: HeatScale, style: TextStyle): string {
  return Number.isNaN(rate) ? ' ' : `${ink(48, colourOf(rate, scale), style)} ${RESET}`;
}

const colourOf = (rate: number, scale: HeatScale): Rgb => heatColour(scale.place(rate));

const RESET = '\x1b[0m';

/** Foreground (38) or background (48). */
function ink(layer: 38 | 48, rgb: Rgb, { shades }: TextStyle): string {
  return shades === 'all' ? `\x1b[${layer};2;${rgb.join(';')}m` : `\x1b[${layer};5;${nearestOf256(rgb)}m`;
}

function legend(scale: HeatScale, style: TextStyle): readonly PictureLine[] {
  if (style.shades === undefined || !style.colour) return legendText(scale).map(plain);
  const from = scale.place(scale.least);
  const cells = Array.from({ length: LEGEND_CELLS }, (_, at) => {
    const rgb = heatColour(from + ((1 - from) * at) / (LEGEND_CELLS - 1));
    return `${ink(48, rgb, style)} ${RESET}`;
  });
  const ticks = scaleTicks(scale).map(({ label }) => label);
  const none = `${ink(48, HEAT_COLOURS[0], style)}  ${RESET}`;
  return [
    { text: `${cells.join('')}  ${ticks.join(', ')} ${scale.unit}`, isPainted: true },
    { text: `${none} looked at, nothing seen; background: not known`, isPainted: true },
    plain(`the lightest: ${rateInWords(scale.most, scale)}`),
  ];
}
