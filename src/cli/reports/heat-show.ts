/** Draws a heat file in the terminal. */
import { type HeatCourse, pageOfRow, rateOf } from '../../reports/heat/course.js';
import type { HeatScale } from '../../reports/heat/scale.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import { type PageGeometry, pageToAddress } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { heatPicture, mapWidth } from '../print/heat-picture.js';
import { PLAIN, type TextStyle } from '../print/terminal-text.js';
import { nothingInHeat } from '../samples/nothing-sampled.js';
import { type HeatWindow, heatCourse, heatScaleOf } from './heat-course.js';
import type { AddressWindow, SHADES } from './heat-window.js';

/** Parsed options of `octavo heat show`: processes, times, addresses and shades. */
export type HeatShowFlags = {
  readonly pid?: ReadonlySet<number>;
  readonly from?: Milliseconds;
  readonly to?: Milliseconds;
  readonly address?: AddressWindow;
  readonly shades?: (typeof SHADES)[number];
  readonly json: boolean;
};

/** As wide as a pipe's lines are; so that no line has to be scrolled. */
const WIDEST = 240;
const OF_A_PIPE = 100;
const MOST_SEGMENTS = 8;

/**
 * Reads a heat file and writes its map to standard output. Throws an OctavoError where nothing falls into the
 * window.
 */
export async function heatShow(
  context: OctavoContext,
  source: HeatFileSource,
  path: string,
  flags: HeatShowFlags,
): Promise<void> {
  const style = styleFor(context, flags.shades);
  const wish = { mostRows: mapWidth(style.width) * 2, mostSegments: MOST_SEGMENTS };
  const course = await heatCourse(source, windowOf(flags, source.geometry), wish);
  if (flags.json) context.printJson(courseDocument(path, course, course && heatScaleOf(source, course)));
  else if (course === undefined) tellNothing(context, source, flags);
  else {
    const scale = heatScaleOf(source, course);
    for (const { text, isPainted } of heatPicture(course, scale, style)) {
      if (isPainted) context.printExact(text);
      else context.print(text);
    }
    if (scale.caution !== '') context.print(scale.caution);
  }
}

/** `all` shades are asked for even where the terminal does not say that it has them. */
function styleFor({ streams }: OctavoContext, shades: HeatShowFlags['shades']): TextStyle {
  const { shades: own, ...style } = streams.outStyle ?? PLAIN;
  const width = Number.isFinite(style.width) ? Math.min(WIDEST, style.width) : OF_A_PIPE;
  if (shades === 'none') return { ...style, width, colour: false };
  if (shades !== undefined) return { ...style, width, colour: true, shades };
  return { ...style, width, ...(own === undefined ? {} : { shades: own }) };
}

function windowOf({ pid, from, to, address }: HeatShowFlags, { pageBytes }: PageGeometry): HeatWindow {
  const bytes = BigInt(pageBytes);
  return {
    ...(pid === undefined ? {} : { pids: pid }),
    ...(from === undefined ? {} : { fromMs: from }),
    ...(to === undefined ? {} : { toMs: to }),
    ...(address === undefined
      ? {}
      : { firstPage: Number(address.start / bytes), endPage: Number((address.end + bytes - 1n) / bytes) }),
  };
}

function tellNothing(
  context: OctavoContext,
  { facts }: HeatFileSource,
  { pid, from, to, address }: HeatShowFlags,
): void {
  const isPart = from !== undefined || to !== undefined || address !== undefined;
  if (isPart) {
    context.print(
      'There is no heat in the part that was asked for. Without --from, --to and --address all of it is shown.',
    );
    return;
  }
  const { why, remedy } = nothingInHeat(facts, pid);
  context.print(`There is no heat to show: ${why}.`);
  context.print(remedy);
}

/** The grid as numbers: rates by row and column, null where they are not known. */
function courseDocument(path: string, course: HeatCourse | undefined, scale: HeatScale | undefined): object {
  const head = { octavo: 'heat-course', version: 1, heat: path };
  if (course === undefined || scale === undefined)
    return { ...head, unit: null, clock: 'none', columns: [], segments: [], rows: [] };
  const { geometry, columns, segments, rows, clock, rowPages } = course;
  return {
    ...head,
    unit: scale.unit,
    clock,
    rowBytes: rowPages * geometry.pageBytes,
    columns: columns.map(({ fromMs, seconds }) => ({ fromMs: fromMs ?? null, seconds: seconds ?? null })),
    segments: segments.map(({ pid, command, mapping, firstPage, pages, firstRow, rows: count }) => ({
      ...{ pid, command, mapping, address: pageToAddress(firstPage, geometry) },
      ...{ bytes: pages * geometry.pageBytes, firstRow, rows: count },
    })),
    rows: Array.from({ length: rows }, (_, row) => ({
      address: pageToAddress(pageOfRow(course, row), geometry),
      rates: columns.map((_column, column) => known(rateOf(course, row, column))),
    })),
  };
}

const known = (rate: number): number | null => (Number.isNaN(rate) ? null : Number(rate.toPrecision(6)));
