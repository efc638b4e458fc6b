/**
 * The map of heat: time to the right, addresses downwards, a colour for accesses a second and page, hatching for what is
 * not known. Over it, outlines of what huge entries map, and marks where Octavo or the kernel split or collapsed.
 */
import { showBytes } from '../../vocabulary/show.js';
import { pageToAddress } from '../../vocabulary/units.js';
import { heatColour } from '../design/heat-colours.js';
import { line, rect, type Shape, text } from '../drawing/drawing.js';
import { type HeatCourse, pageOfRow, rateOf, type Segment } from '../heat/course.js';
import { type HeatScale, rateInWords } from '../heat/scale.js';
import type { Cells, Figure } from './figure.js';
import { heatLegend, LEGEND_HEIGHT } from './heat-legend.js';
import { countedMarks, type MarkKind, markAt } from './marks.js';
import { hugeOutline } from './outline.js';
import { columnName, timeAxis } from './time-axis.js';

const WIDTH = 960;
const LEFT = 124;
const RIGHT = 28;
const TOP = 76;
const MOST_HEIGHT = 430;
const TALLEST_ROW = 26;
const WIDEST_COLUMN = 150;
/** Height of the line above a segment that says what it is. */
const CAPTION = 18;
const AXIS = 60;
/** More marks than this would hide the heat: they are counted above it. */
const MOST_MARKS = 40;

/** Something that happened to a block. */
export interface HeatMark {
  readonly kind: MarkKind;
  readonly row: number;
  /** Place between the beginning of the first column (0) and the end of the last one (1). */
  readonly at: number;
  readonly title: string;
}

/** A course of heat with what is laid over it. */
export interface HeatMapInput {
  readonly course: HeatCourse;
  readonly scale: HeatScale;
  readonly marks: readonly HeatMark[];
  /** More to say below the picture. */
  readonly notes: readonly string[];
}

/** Where the parts of the map are, in CSS pixels. */
export interface MapPlace {
  readonly left: number;
  readonly width: number;
  readonly rowHeight: number;
  readonly bottom: number;
  topOf(row: number): number;
}

/** Returns the map as a figure, with axes and legend. */
export function heatMapFigure(input: HeatMapInput): Figure {
  const { course, scale, marks } = input;
  const place = placeOf(course);
  const height = place.bottom + AXIS + LEGEND_HEIGHT;
  return {
    name: 'heat-map',
    title: 'Heat over time and addresses',
    about: aboutOf(course, scale),
    drawing: {
      width: WIDTH,
      height,
      shapes: [
        text(LEFT, 26, 'Heat over time and addresses', { size: 17, fill: 'ink', bold: true }),
        text(LEFT, 45, `${scale.unit}; a row is ${showBytes(course.rowPages * course.geometry.pageBytes)}`),
        ...course.segments.flatMap((segment) => segmentShapes(course, scale, segment, place)),
        ...hugeOutline(course, place),
        ...(marks.length > MOST_MARKS
          ? countedMarks(marks, course.columns.length, place, TOP - 2)
          : marks.map((mark) => markShape(mark, place))),
        ...timeAxis(course, place),
        ...heatLegend(
          scale,
          { x: LEFT, y: place.bottom + AXIS, width: WIDTH - LEFT - RIGHT },
          {
            isOutlined: course.huge !== undefined,
            hasMarks: marks.length > 0,
          },
        ),
      ],
    },
    caption: captionOf(input),
    text: [],
    numbers: numbersOf(course),
    cells: cellsOf(course, scale, place),
  };
}

function placeOf({ segments, rows, columns }: HeatCourse): MapPlace {
  const rowHeight = Math.max(1, Math.min(TALLEST_ROW, Math.floor((2 * MOST_HEIGHT) / Math.max(1, rows)) / 2));
  const width = Math.min(WIDTH - LEFT - RIGHT, columns.length * WIDEST_COLUMN);
  const tops = segments.map(({ firstRow }, at) => TOP + (at + 1) * CAPTION + firstRow * rowHeight);
  const segmentAt = (row: number) => segments.findLastIndex(({ firstRow }) => firstRow <= row);
  return {
    left: LEFT,
    width,
    rowHeight,
    bottom: TOP + segments.length * CAPTION + rows * rowHeight,
    topOf: (row) => {
      const at = segmentAt(row);
      return tops[at] + (row - segments[at].firstRow) * rowHeight;
    },
  };
}

function segmentShapes(
  course: HeatCourse,
  scale: HeatScale,
  segment: Segment,
  place: MapPlace,
): readonly Shape[] {
  const { geometry } = course;
  const top = place.topOf(segment.firstRow);
  const height = segment.rows * place.rowHeight;
  const address = (page: number) => pageToAddress(page, geometry);
  const name = [segment.command === '' ? `pid ${segment.pid}` : `${segment.command} (${segment.pid})`];
  if (segment.mapping !== '') name.push(segment.mapping);
  const words = [...name, showBytes(segment.pages * geometry.pageBytes)].join('  ·  ');
  const last = top + height;
  return [
    text(LEFT, top - 5, cut(words, 110), { size: 11, fill: 'ink' }),
    rect([LEFT, top, place.width, height], 'hatched'),
    {
      kind: 'raster',
      ...{ x: LEFT, y: top, width: place.width, height },
      ...{ columns: course.columns.length, rows: segment.rows },
      pixels: pixelsOf(course, scale, segment),
    },
    text(LEFT - 10, top + 9, address(segment.firstPage), { size: 11, anchor: 'end' }),
    ...(height >= 34
      ? [text(LEFT - 10, last, address(segment.firstPage + segment.pages), { size: 11, anchor: 'end' })]
      : []),
    line([LEFT - 5, top, LEFT - 5, last], 'axis'),
  ];
}

/** Cells that are not known stay clear, so that the hatching below shows. */
function pixelsOf(course: HeatCourse, scale: HeatScale, { firstRow, rows }: Segment): Uint8Array {
  const columns = course.columns.length;
  const pixels = new Uint8Array(rows * columns * 4);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const rate = rateOf(course, firstRow + row, column);
      if (Number.isNaN(rate)) continue;
      pixels.set([...heatColour(scale.place(rate)), 255], 4 * (row * columns + column));
    }
  return pixels;
}

function markShape({ kind, row, at, title }: HeatMark, place: MapPlace): Shape {
  const [x, y] = [place.left + at * place.width, place.topOf(row) + place.rowHeight / 2];
  return { ...markAt(kind, x, y), title };
}

function cut(words: string, most: number): string {
  return words.length <= most ? words : `${words.slice(0, most - 1)}…`;
}

function aboutOf(course: HeatCourse, scale: HeatScale): string {
  const { columns, segments } = course;
  const parts = segments.map(({ mapping, command, pages }) => {
    const size = showBytes(pages * course.geometry.pageBytes);
    return `${size} of ${[command, mapping].filter((one) => one !== '').join(', ') || 'memory'}`;
  });
  return [
    `${columns.length} slices of time to the right, ${course.rows} rows of addresses downwards: ${parts.join('; ')}`,
    `the hottest cell has ${rateInWords(scale.most, scale)}`,
  ].join('. ');
}

function captionOf({ course, scale, marks, notes }: HeatMapInput): readonly string[] {
  const lines = [
    `Dark is cold, light is hot: the lightest cell has ${rateInWords(scale.most, scale)}.`,
    'The darkest colour was looked at, and nothing was seen there. Grey hatching: not known, nothing was recorded.',
  ];
  if (scale.caution !== '') lines.push(scale.caution);
  if (course.huge !== undefined) lines.push('White outlines: at least half of it was mapped by huge pages.');
  if (marks.length > MOST_MARKS)
    lines.push('The triangles above the map count the blocks that were split and collapsed at that time.');
  return [...lines, ...notes];
}

function numbersOf(course: HeatCourse): Figure['numbers'] {
  const rows: string[][] = [];
  for (let row = 0; row < course.rows; row++)
    for (let column = 0; column < course.columns.length; column++) {
      const at = row * course.columns.length + column;
      const rate = rateOf(course, row, column);
      rows.push([
        pageToAddress(pageOfRow(course, row), course.geometry),
        String(course.columns[column].fromMs ?? ''),
        Number.isNaN(rate) ? '' : String(course.samples[at]),
        Number.isNaN(rate) ? '' : String(Number(rate.toPrecision(4))),
      ]);
    }
  return { head: ['address', 'time_ms', 'samples', 'rate'], rows };
}

function cellsOf(course: HeatCourse, scale: HeatScale, place: MapPlace): Cells {
  const { columns, rows, geometry } = course;
  return {
    x: place.left,
    width: place.width,
    columns: columns.map((_, at) => columnName(course, at)),
    rows: Array.from({ length: rows }, (_, row) => [
      place.topOf(row),
      place.rowHeight,
      pageToAddress(pageOfRow(course, row), geometry),
    ]),
    values: Array.from({ length: rows * columns.length }, (_, at) => {
      const rate = rateOf(course, Math.floor(at / columns.length), at % columns.length);
      return Number.isNaN(rate) ? null : Number(rate.toPrecision(3));
    }),
    unit: scale.unit,
  };
}
