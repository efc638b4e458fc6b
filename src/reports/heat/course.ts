/**
 * Heat over time and addresses as a grid: what every picture of it is made from. Rows are equal pieces of the address
 * space, columns are slices of time. A cell says how many accesses a second each page of it had, or that it is not known.
 */
import type { BlockNumber, PageGeometry, PageNumber, Pages, ProcessId } from '../../vocabulary/units.js';

/** Pages that lie side by side, with the rows that show them. */
export interface Segment {
  readonly pid: ProcessId;
  readonly command: string;
  /** The mapping that most of its samples are of; empty when not recorded. */
  readonly mapping: string;
  readonly firstPage: PageNumber;
  readonly pages: Pages;
  readonly firstRow: number;
  readonly rows: number;
}

/** A slice of time. */
export interface Column {
  /** When it begins, in milliseconds of the clock; undefined where the samples have no time. */
  readonly fromMs: number | undefined;
  /** Seconds of it that were sampled; undefined when not known. */
  readonly seconds: number | undefined;
  /** Nothing was recorded in it. */
  readonly isGap: boolean;
}

/** The grid with its axes. Rates are by cell, row after row; NaN where not known. */
export interface HeatCourse {
  readonly geometry: PageGeometry;
  /** Milliseconds of the time line; `run`: of virtual time. */
  readonly clock: 'wall' | 'recording' | 'run' | 'none';
  /** What times are told after: the beginning of the heat, also where only a part of it is shown. */
  readonly originMs: number;
  readonly columns: readonly Column[];
  readonly segments: readonly Segment[];
  readonly rows: number;
  /** Pages of a row: a power of two. */
  readonly rowPages: Pages;
  /** Accesses and samples by row and column: at row × columns + column. */
  readonly accesses: Float64Array;
  readonly samples: Float64Array;
  /** 1 where a cell is known: with or without accesses. */
  readonly known: Uint8Array;
  /** Pages of each row that the accesses are of. */
  readonly pagesOfRow: Float64Array;
  /** Share of a cell that is mapped by huge entries, NaN where it is not known; undefined where it was not read. */
  readonly huge: Float64Array | undefined;
}

/** A touched block, as the first look at the heat finds it. */
export interface TouchedBlock {
  readonly pid: ProcessId;
  readonly command: string;
  readonly mapping: string;
  readonly block: BlockNumber;
  readonly samples: number;
}

/** Bounds of the grid. */
export interface GridSize {
  readonly mostRows: number;
  readonly mostSegments: number;
  /** Least pages of a row: those of a block where the source sees no sub-pages. */
  readonly leastPages: Pages;
}

/** Which addresses the rows stand for. */
export interface Layout {
  readonly segments: readonly Segment[];
  readonly rows: number;
  readonly rowPages: Pages;
}

/** Blocks ascend by process and address. */
export function layOutRows(
  blocks: readonly TouchedBlock[],
  { pagesPerBlock }: PageGeometry,
  { mostRows, mostSegments, leastPages }: GridSize,
): Layout {
  const runs = runsOf(blocks, mostSegments);
  let rowPages = leastPages;
  const rowsOf = (run: readonly TouchedBlock[]) =>
    Math.ceil(((run[run.length - 1].block - run[0].block + 1) * pagesPerBlock) / rowPages);
  const all = () => runs.reduce((sum, run) => sum + rowsOf(run), 0);
  while (all() > Math.max(mostRows, runs.length)) rowPages *= 2;
  let firstRow = 0;
  const segments = runs.map((run) => {
    const rows = rowsOf(run);
    const segment = {
      pid: run[0].pid,
      command: run[0].command,
      mapping: mainMapping(run),
      firstPage: run[0].block * pagesPerBlock,
      pages: (run[run.length - 1].block - run[0].block + 1) * pagesPerBlock,
      firstRow,
      rows,
    };
    firstRow += rows;
    return segment;
  });
  return { segments, rows: firstRow, rowPages };
}

/** Parts of the address space, divided at its widest gaps; each process has its own. */
function runsOf(blocks: readonly TouchedBlock[], most: number): readonly (readonly TouchedBlock[])[] {
  for (let gap = 8; ; gap *= 2) {
    const runs: TouchedBlock[][] = [];
    for (const one of blocks) {
      const run = runs.at(-1);
      const last = run?.at(-1);
      const isNear = last !== undefined && last.pid === one.pid && one.block - last.block <= gap;
      if (run !== undefined && isNear) run.push(one);
      else runs.push([one]);
    }
    const processes = new Set(blocks.map(({ pid }) => pid)).size;
    if (runs.length <= Math.max(most, processes) || gap > 2 ** 52) return runs;
  }
}

function mainMapping(run: readonly TouchedBlock[]): string {
  const samples = new Map<string, number>();
  for (const one of run) samples.set(one.mapping, (samples.get(one.mapping) ?? 0) + one.samples);
  return [...samples].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

/** Accesses a second and page of a cell; NaN where it is not known. */
export function rateOf(course: HeatCourse, row: number, column: number): number {
  const at = row * course.columns.length + column;
  const { seconds } = course.columns[column];
  if (course.known[at] === 0) return Number.NaN;
  return course.accesses[at] / Math.max(1, course.pagesOfRow[row]) / (seconds ?? 1);
}

/** The segment that a row is of. */
export function segmentOf(course: HeatCourse, row: number): Segment | undefined {
  return course.segments.find(({ firstRow, rows }) => row >= firstRow && row < firstRow + rows);
}

/** First page of a row. */
export function pageOfRow(course: HeatCourse, row: number): PageNumber {
  const segment = segmentOf(course, row) ?? course.segments[0];
  return segment.firstPage + (row - segment.firstRow) * course.rowPages;
}

/** The row of a page of a process; undefined where none shows it. */
export function rowOfPage(
  { segments, rowPages }: Layout,
  pid: ProcessId,
  page: PageNumber,
): number | undefined {
  const segment = segments.find(
    (one) => one.pid === pid && page >= one.firstPage && page < one.firstPage + one.pages,
  );
  return segment && segment.firstRow + Math.floor((page - segment.firstPage) / rowPages);
}

/** Least and largest rate that is not 0; undefined where nothing was accessed. */
export function rateRange(course: HeatCourse): { readonly least: number; readonly most: number } | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (let row = 0; row < course.rows; row++)
    for (let column = 0; column < course.columns.length; column++) {
      const rate = rateOf(course, row, column);
      if (!(rate > 0)) continue;
      least = Math.min(least, rate);
      most = Math.max(most, rate);
    }
  return most > 0 ? { least, most } : undefined;
}
