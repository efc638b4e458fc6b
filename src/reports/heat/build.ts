/** A grid of heat from counted rows, which come twice: once to find what there is, once to fill the grid. Pure. */
import type { PageGeometry, PageNumber, Pages, ProcessId } from '../../vocabulary/units.js';
import {
  type Column,
  type GridSize,
  type HeatCourse,
  type Layout,
  layOutRows,
  rowOfPage,
  type TouchedBlock,
} from './course.js';

/** Samples of a page (or of a region that begins at it) in a slice of time. */
export interface HeatRow {
  readonly pid: ProcessId;
  readonly command: string;
  readonly mapping: string;
  readonly page: PageNumber;
  readonly samples: number;
  readonly accesses: number;
  /** Negative where it is not known. */
  readonly timeMs: number;
}

/** Which times a recording covers. */
export interface HeatSpans {
  readonly clock: 'wall' | 'recording' | 'none';
  readonly widthMs: number | null;
  /** Times of the clock in which something was recorded; empty when not known. */
  readonly recorded: readonly (readonly [fromMs: number, toMs: number])[];
  /** Seconds of the whole recording; undefined when not known. */
  readonly seconds: number | undefined;
}

/** Slices between two with samples that are drawn as a gap of their own; longer ones are cut short to one. */
const LONGEST_GAP = 24;

/** The first pass: which blocks and times there are. */
export class HeatSurvey {
  readonly #geometry: PageGeometry;
  readonly #blocks = new Map<string, TouchedBlock & { samples: number }>();
  readonly #times = new Set<number>();
  /** The block of the row before: rows come by process and address. */
  #last: (TouchedBlock & { samples: number }) | undefined;

  constructor(geometry: PageGeometry) {
    this.#geometry = geometry;
  }

  add({ pid, command, mapping, page, samples, timeMs }: HeatRow): void {
    const block = Math.floor(page / this.#geometry.pagesPerBlock);
    let last = this.#last;
    if (last === undefined || last.block !== block || last.pid !== pid) {
      const key = `${pid}/${block}`;
      last = this.#blocks.get(key) ?? { pid, command, mapping, block, samples: 0 };
      this.#blocks.set(key, last);
      this.#last = last;
    }
    last.samples += samples;
    this.#times.add(timeMs < 0 ? -1 : timeMs);
  }

  get isEmpty(): boolean {
    return this.#blocks.size === 0;
  }

  layout(size: GridSize): Layout {
    const heat = new Map<ProcessId, number>();
    for (const { pid, samples } of this.#blocks.values()) heat.set(pid, (heat.get(pid) ?? 0) + samples);
    const most = (pid: ProcessId) => heat.get(pid) ?? 0;
    const blocks = [...this.#blocks.values()].sort(
      (a, b) => most(b.pid) - most(a.pid) || a.pid - b.pid || a.block - b.block,
    );
    return layOutRows(blocks, this.#geometry, size);
  }

  /** Slices in order, those without a time first. */
  columns({ widthMs, recorded, seconds }: HeatSpans): readonly Column[] {
    const times = [...this.#times].sort((a, b) => a - b);
    const columns: Column[] = [];
    for (const time of times) {
      const last = columns.at(-1)?.fromMs;
      if (time < 0 || widthMs === null) {
        columns.push({ fromMs: undefined, seconds: times.length === 1 ? seconds : undefined, isGap: false });
        continue;
      }
      if (last !== undefined) columns.push(...gapBetween(last, time, widthMs, recorded));
      columns.push({ fromMs: time, seconds: coveredSeconds(time, widthMs, recorded), isGap: false });
    }
    return columns;
  }
}

/** Slices without a sample between two with some: looked at where the recording went on, else not known. */
function gapBetween(
  last: number,
  next: number,
  widthMs: number,
  recorded: HeatSpans['recorded'],
): readonly Column[] {
  const count = Math.round((next - last) / widthMs) - 1;
  const shown = count > LONGEST_GAP ? 1 : count;
  return Array.from({ length: shown }, (_, at) => {
    const fromMs = last + (at + 1) * widthMs;
    const isRecorded = recorded.some(([from, to]) => from <= fromMs && to >= fromMs + widthMs);
    return { fromMs, seconds: widthMs / 1000, isGap: !isRecorded || shown < count };
  });
}

/** Seconds of a slice in which something was recorded, as far as that is known. */
function coveredSeconds(fromMs: number, widthMs: number, recorded: HeatSpans['recorded']): number {
  const covered = recorded.reduce(
    (most, [from, to]) => Math.max(most, Math.min(to, fromMs + widthMs) - Math.max(from, fromMs)),
    0,
  );
  return (covered > 0 ? covered : widthMs) / 1000;
}

/** How rows of heat fall into the grid. */
export interface HeatGridOptions {
  readonly clock: HeatCourse['clock'];
  /** As HeatCourse has it; that of the first column when undefined. */
  readonly originMs: number | undefined;
  /** Pages that a row of the heat speaks of: 1, or those of a region. */
  readonly granularity: Pages;
  /** Whether blocks were left out at random: then what has no sample is not known. */
  readonly isThinned: boolean;
}

/** The second pass: adds up the accesses of each cell. */
export class HeatGrid {
  readonly #course: HeatCourse;
  readonly #columnOf = new Map<number, number>();
  readonly #options: HeatGridOptions;
  /** Last block counted for a row of a thinned file. */
  #lastBlock = -1;

  constructor(geometry: PageGeometry, layout: Layout, columns: readonly Column[], options: HeatGridOptions) {
    const cells = layout.rows * columns.length;
    this.#options = options;
    this.#course = {
      geometry,
      clock: options.clock,
      originMs: options.originMs ?? columns.find(({ fromMs }) => fromMs !== undefined)?.fromMs ?? 0,
      columns,
      ...layout,
      accesses: new Float64Array(cells),
      samples: new Float64Array(cells),
      known: new Uint8Array(cells),
      pagesOfRow: new Float64Array(layout.rows),
      huge: undefined,
    };
    for (const [at, { fromMs, isGap }] of columns.entries()) if (!isGap) this.#columnOf.set(fromMs ?? -1, at);
    if (!options.isThinned) this.#knowAll();
  }

  /** Rows ascend by process and address. */
  add({ pid, page, samples, accesses, timeMs }: HeatRow): void {
    const { columns, pagesOfRow, geometry, rowPages } = this.#course;
    const row = rowOfPage(this.#course, pid, page);
    const column = this.#columnOf.get(timeMs < 0 ? -1 : timeMs);
    if (row === undefined || column === undefined) return;
    const at = row * columns.length + column;
    this.#course.samples[at] += samples;
    this.#course.accesses[at] += accesses * this.#options.granularity;
    if (!this.#options.isThinned) return;
    const block = Math.floor(page / geometry.pagesPerBlock);
    if (block !== this.#lastBlock || pagesOfRow[row] === 0)
      pagesOfRow[row] += Math.min(rowPages, geometry.pagesPerBlock);
    this.#lastBlock = block;
    this.#know(row);
  }

  get course(): HeatCourse {
    return this.#course;
  }

  #knowAll(): void {
    const { segments, rowPages, pagesOfRow } = this.#course;
    for (const { firstRow, rows, pages } of segments)
      for (let row = firstRow; row < firstRow + rows; row++) {
        pagesOfRow[row] = Math.min(rowPages, pages - (row - firstRow) * rowPages);
        this.#know(row);
      }
  }

  #know(row: number): void {
    const { columns, known } = this.#course;
    for (const [at, { isGap }] of columns.entries()) if (!isGap) known[row * columns.length + at] = 1;
  }
}
