/** The course of heat that a heat file holds, as a grid for pictures. */

import { loopTurns } from '../../host/loop-turns.js';
import { seesSubPages } from '../../hotness/hot-map-builder.js';
import { HeatGrid, type HeatRow, type HeatSpans, HeatSurvey } from '../../reports/heat/build.js';
import type { Column, HeatCourse } from '../../reports/heat/course.js';
import { type HeatScale, heatScale, heatWords } from '../../reports/heat/scale.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { Milliseconds, PageNumber } from '../../vocabulary/units.js';

/** Which part of the heat is wanted. */
export interface HeatWindow {
  readonly pids?: ReadonlySet<number>;
  /** Milliseconds after the beginning of the first slice; slices that begin in it are shown. */
  readonly fromMs?: Milliseconds;
  readonly toMs?: Milliseconds;
  /** Pages [first, end). */
  readonly firstPage?: PageNumber;
  readonly endPage?: PageNumber;
}

/** Bounds of the grid: rows of time, and segments of addresses. */
export interface GridWish {
  readonly mostRows: number;
  readonly mostSegments: number;
}

/** Undefined where the window holds no sample. Reads the file twice. */
export async function heatCourse(
  source: HeatFileSource,
  window: HeatWindow,
  wish: GridWish,
): Promise<HeatCourse | undefined> {
  const { geometry, facts, origin } = source;
  const originMs = await firstTime(source, window);
  const isIn = windowTest(window, originMs ?? 0);
  const survey = new HeatSurvey(geometry);
  for await (const row of rowsOf(source)) if (isIn(row)) survey.add(row);
  if (survey.isEmpty) return undefined;
  const seesPages = seesSubPages(origin);
  const leastPages = seesPages ? 1 : geometry.pagesPerBlock;
  const layout = survey.layout({ ...wish, leastPages });
  const columns = survey.columns(spansOf(source));
  const grid = new HeatGrid(geometry, layout, columns, {
    clock: facts.slices.clock,
    originMs,
    granularity: leastPages,
    isThinned: facts.thinned_to > 1,
  });
  for await (const row of rowsOf(source)) if (isIn(row)) grid.add(row);
  return grid.course;
}

/** Returns the scale of colours for a course, worded by what the samples are samples of. */
export function heatScaleOf(source: HeatFileSource, course: HeatCourse): HeatScale {
  return heatScale(course, heatWords(source.facts.nature, isTimed(course.columns)));
}

/** Whether all slices with samples know how long they are. */
export const isTimed = (columns: readonly Column[]): boolean =>
  columns.every(({ seconds, isGap }) => isGap || seconds !== undefined);

/** Rows of a heat file one by one, by process and address. */
export async function* rowsOf(source: HeatFileSource): AsyncIterable<HeatRow> {
  const { pageBytes } = source.geometry;
  const turn = loopTurns();
  for await (const group of source.groups()) {
    // A signal, or who else uses the thread, does not wait for the whole file.
    await turn();
    for (let row = 0; row < group.count; row++)
      yield {
        pid: group.pid[row],
        command: group.command[row],
        mapping: group.mapping[row],
        // Addresses of pages are exact in a double.
        page: Number(group.address[row]) / pageBytes,
        samples: group.samples[row],
        accesses: group.accesses[row],
        timeMs: Number(group.timeMs[row]),
      };
  }
}

/** Where times of the window count from; undefined when it names none. */
async function firstTime(
  source: HeatFileSource,
  { fromMs, toMs }: HeatWindow,
): Promise<Milliseconds | undefined> {
  if (fromMs === undefined && toMs === undefined) return undefined;
  let first = Number.POSITIVE_INFINITY;
  for await (const { timeMs } of rowsOf(source)) if (timeMs >= 0) first = Math.min(first, timeMs);
  return first;
}

function windowTest(
  { pids, fromMs, toMs, firstPage = 0, endPage = Number.POSITIVE_INFINITY }: HeatWindow,
  origin: Milliseconds,
): (row: HeatRow) => boolean {
  const from = fromMs === undefined ? Number.NEGATIVE_INFINITY : origin + fromMs;
  const to = toMs === undefined ? Number.POSITIVE_INFINITY : origin + toMs;
  const isTimed = fromMs !== undefined || toMs !== undefined;
  return ({ pid, page, timeMs }) =>
    (pids === undefined || pids.has(pid)) &&
    page >= firstPage &&
    page < endPage &&
    (!isTimed || (timeMs >= 0 && timeMs >= from && timeMs < to));
}

/** Slices of a heat file, and when it was recorded. */
export function spansOf(source: HeatFileSource): HeatSpans {
  const { slices } = source.facts;
  const { windowNs } = source.origin;
  const recorded =
    slices.clock !== 'wall'
      ? []
      : source
          .provenance()
          .recordings.flatMap(({ span }) =>
            span?.isExact === true && span.fromMs !== undefined ? [[span.fromMs, span.toMs] as const] : [],
          );
  return {
    clock: slices.clock,
    widthMs: slices.widthMs,
    recorded,
    seconds: windowNs === undefined ? undefined : windowNs / 1e9,
  };
}
