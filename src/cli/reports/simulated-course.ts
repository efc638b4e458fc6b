/** The course of heat of a simulation, as a grid for pictures. */

import type { HeatMark } from '../../reports/figures/heat-map.js';
import { type HeatCourse, pageOfRow, type Segment } from '../../reports/heat/course.js';
import type { ProcessHeat } from '../../simulator/run/heat-course.js';
import { type Bytes, pageGeometry, pageToAddress } from '../../vocabulary/units.js';

/** Rows of all processes together: a picture has no room for more. */
const MOST_ROWS = 400;

interface Machine {
  readonly pageBytes: Bytes;
  readonly blockBytes: Bytes;
}

/** Processes below each other, all with rows of the same size; undefined without any slice. */
export function simulatedCourse(
  heats: readonly ProcessHeat[],
  { pageBytes, blockBytes }: Machine,
): HeatCourse | undefined {
  const ends = [...new Set(heats.flatMap(({ slices }) => slices.map(({ toMs }) => toMs)))].sort(
    (a, b) => a - b,
  );
  if (ends.length === 0) return undefined;
  let rowPages = Math.max(...heats.map((heat) => heat.rowPages));
  const rowsAt = (size: number) => heats.reduce((sum, { pages }) => sum + Math.ceil(pages / size), 0);
  while (rowsAt(rowPages) > Math.max(MOST_ROWS, heats.length)) rowPages *= 2;
  const segments = segmentsOf(heats, rowPages);
  const rows = segments.reduce((sum, one) => sum + one.rows, 0);
  const begins = ends.map((_, at) =>
    at === 0 ? Math.min(...heats.map(({ fromMs }) => fromMs)) : ends[at - 1],
  );
  const cells = rows * ends.length;
  const course = {
    geometry: pageGeometry(pageBytes, blockBytes),
    clock: 'run' as const,
    originMs: 0,
    columns: ends.map((toMs, at) => ({
      fromMs: begins[at],
      seconds: (toMs - begins[at]) / 1000,
      isGap: false,
    })),
    segments,
    rows,
    rowPages,
    accesses: new Float64Array(cells),
    samples: new Float64Array(cells),
    known: new Uint8Array(cells),
    pagesOfRow: new Float64Array(rows).fill(rowPages),
    huge: new Float64Array(cells).fill(Number.NaN),
  };
  heats.forEach((heat, at) => {
    fill(course, heat, segments[at], ends);
  });
  return course;
}

function segmentsOf(heats: readonly ProcessHeat[], rowPages: number): readonly Segment[] {
  let firstRow = 0;
  return heats.map(({ pid, process, firstPage, pages }) => {
    const rows = Math.ceil(pages / rowPages);
    const segment = { pid, command: process, mapping: '', firstPage, pages, firstRow, rows };
    firstRow += rows;
    return segment;
  });
}

/** Rows of a small process are put together where a larger one needs wider rows. */
function fill(
  { accesses, samples, known, huge, columns, rowPages, pagesOfRow }: HeatCourse & { huge: Float64Array },
  heat: ProcessHeat,
  { firstRow, rows, pages }: Segment,
  ends: readonly number[],
): void {
  const together = rowPages / heat.rowPages;
  for (let row = 0; row < rows; row++)
    pagesOfRow[firstRow + row] = Math.min(rowPages, pages - row * rowPages);
  for (const { toMs, accesses: made, huge: shares } of heat.slices) {
    const column = ends.indexOf(toMs);
    for (let row = 0; row < rows; row++) {
      const at = (firstRow + row) * columns.length + column;
      const [from, to] = [row * together, Math.min(made.length, (row + 1) * together)];
      accesses[at] = sum(made.slice(from, to));
      samples[at] = accesses[at];
      huge[at] = sum(shares.slice(from, to)) / (to - from);
      known[at] = 1;
    }
  }
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Where huge entries went and came from one slice to the next: rows of which at least half changed. */
export function changesOf(course: HeatCourse): readonly HeatMark[] {
  const { columns, rows, huge } = course;
  if (huge === undefined) return [];
  const marks: HeatMark[] = [];
  for (let row = 0; row < rows; row++)
    for (let column = 1; column < columns.length; column++) {
      const change = huge[row * columns.length + column] - huge[row * columns.length + column - 1];
      if (!(Math.abs(change) >= 0.5)) continue;
      const kind = change < 0 ? 'split' : 'collapse';
      const address = pageToAddress(pageOfRow(course, row), course.geometry);
      marks.push({ kind, row, at: column / columns.length, title: `${kind} at ${address}` });
    }
  return marks;
}
