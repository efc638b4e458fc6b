/** Where the accesses of a process went over time, and which of its memory huge entries mapped: for maps of heat. */
import type { Kernel } from '../../model/kernel/state/kernel.js';
import { ENTRY } from '../../model/kernel/state/page-tables.js';
import type { Milliseconds, PageNumber, Pages, ProcessId } from '../../vocabulary/units.js';
import type { RunningProcess } from './running-process.js';

/** Rows of a map, and slices of time, at most. */
const MOST_ROWS = 256;
const MOST_SLICES = 192;

/** Rows are equal pieces of the process's area, slices follow each other. */
export interface ProcessHeat {
  readonly process: string;
  readonly pid: ProcessId;
  readonly firstPage: PageNumber;
  readonly pages: Pages;
  /** Pages of a row: a power of two. */
  readonly rowPages: Pages;
  /** When it began. */
  readonly fromMs: Milliseconds;
  readonly slices: readonly HeatSliceOfProcess[];
}

/** One slice of time. */
export interface HeatSliceOfProcess {
  /** When it ends. */
  readonly toMs: Milliseconds;
  /** Accesses of each row. */
  readonly accesses: readonly number[];
  /** Share of each row that huge entries map at its end, 0 to 1. */
  readonly huge: readonly number[];
}

/** Counts accesses by rows of memory and slices of time. */
export class HeatRecorder {
  readonly #kernel: Kernel;
  readonly #every: Milliseconds;
  readonly #slices = new Map<RunningProcess, HeatSliceOfProcess[]>();
  readonly #began = new Map<RunningProcess, Milliseconds>();
  /** Processes whose last slice is closed: of what comes later nothing is known. */
  readonly #ended = new Set<RunningProcess>();
  #lastMs: Milliseconds = 0;

  /** `durationMs`: of the whole simulation, which decides how long slices are. */
  constructor(kernel: Kernel, durationMs: Milliseconds) {
    this.#kernel = kernel;
    this.#every = durationMs / MOST_SLICES;
  }

  /** Closes a slice of every process; does nothing when the last one was closed just before. */
  note(processes: readonly RunningProcess[], nowMs: Milliseconds): void {
    if (nowMs - this.#lastMs < this.#every) return;
    for (const process of processes) {
      if (this.#ended.has(process)) continue;
      if (process.killed) this.#ended.add(process);
      const slices = this.#slices.get(process) ?? [];
      if (slices.length === 0) this.#began.set(process, this.#lastMs);
      slices.push(this.#sliceOf(process, nowMs));
      this.#slices.set(process, slices);
    }
    this.#lastMs = nowMs;
  }

  get courses(): readonly ProcessHeat[] {
    return [...this.#slices].map(([process, slices]) => ({
      process: process.name,
      pid: process.task.pid,
      firstPage: process.window.firstPage,
      pages: process.window.pages,
      rowPages: rowPagesOf(process.window.pages),
      fromMs: this.#began.get(process) ?? 0,
      slices,
    }));
  }

  #sliceOf(process: RunningProcess, toMs: Milliseconds): HeatSliceOfProcess {
    const { pages } = process.window;
    const rowPages = rowPagesOf(pages);
    const accesses = new Array<number>(Math.ceil(pages / rowPages)).fill(0);
    const { touches } = process;
    if (touches !== undefined) {
      for (let page = 0; page < pages; page++) accesses[Math.floor(page / rowPages)] += touches[page];
      touches.fill(0);
    }
    return { toMs, accesses, huge: this.#hugeShares(process, rowPages, accesses.length) };
  }

  #hugeShares({ task, window }: RunningProcess, rowPages: Pages, rows: number): readonly number[] {
    const { tables, geometry } = this.#kernel;
    const { mm } = task;
    const huge = new Array<number>(rows).fill(0);
    if (mm === undefined) return huge;
    const { pagesPerBlock } = geometry;
    const step = Math.min(rowPages, pagesPerBlock);
    for (let page = 0; page < window.pages; page += step) {
      const block = Math.floor((window.firstPage + page) / pagesPerBlock);
      const bits = tables.pmdBits[tables.pmdOf(mm, block)] ?? 0;
      if ((bits & ENTRY.present) !== 0 && (bits & ENTRY.zero) === 0)
        huge[Math.floor(page / rowPages)] += step;
    }
    return huge.map((count, row) => share(count, Math.min(rowPages, window.pages - row * rowPages)));
  }
}

/** To a hundredth: maps need no more. */
function share(part: number, whole: number): number {
  return Math.round((100 * part) / whole) / 100;
}

function rowPagesOf(pages: Pages): Pages {
  return 2 ** Math.max(0, Math.ceil(Math.log2(pages / MOST_ROWS)));
}
