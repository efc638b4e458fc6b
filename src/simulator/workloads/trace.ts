/**
 * A recorded trace, in the order of time. Rows of a trace of all accesses are played one after the other, at the pace
 * of the recording where it has times; rows of samples stand for accesses that were not recorded one by one: within a
 * slice of time, pages are drawn in proportion to their weights.
 */

import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { Nanoseconds, Pages } from '../../vocabulary/units.js';
import { StepText } from './quantities.js';
import type { TraceColumns } from './trace-columns.js';
import { WeightedPhases } from './weighted-phases.js';
import { type Workload, workloadKind } from './workload.js';

/** The workload `trace` with its parameters. */
export const trace = workloadKind({
  brief: 'a recorded trace in the order of time (lackey, DynamoRIO, perf script, Parquet)',
  parameters: z.strictObject({
    file: z.string(),
    /** `recorded`: accesses come when they came then, if the trace has times; `think`: as fast as they can be made. */
    pace: z.enum(['recorded', 'think']).default('recorded'),
    /** Length of the slices in which samples are drawn. */
    slice: StepText.default(100e6),
    /** Whether it begins again at its end; else the process is idle then. */
    repeat: z.boolean().default(true),
  }),
  make({ file, pace, slice, repeat }, { random, readTrace }) {
    const columns = readTrace?.(file);
    if (columns === undefined) throw new Error(`assertion failed: nobody read the trace ${file}`);
    if (columns.sampled) return sampledTrace(columns, slice, random);
    return new WholeTrace(columns, pace === 'recorded' && columns.timed, repeat);
  },
});

/** Every access in its order. */
class WholeTrace implements Workload {
  readonly pages: Pages;
  readonly dataPages: Pages;
  readonly #columns: TraceColumns;
  readonly #isPaced: boolean;
  readonly #repeats: boolean;
  /** Length of one round; the last row lasts as long as rows do on average. */
  readonly #round: Nanoseconds;
  #row = 0;
  /** Accesses of the row that were made already. */
  #made = 0;
  #rounds = 0;

  constructor(columns: TraceColumns, isPaced: boolean, repeats: boolean) {
    this.pages = columns.pages;
    this.dataPages = columns.dataPages;
    this.#columns = columns;
    this.#isPaced = isPaced;
    this.#repeats = repeats;
    const rows = columns.page.length;
    const last = columns.timeNs[rows - 1] ?? 0;
    this.#round = last + Math.max(1, last / Math.max(1, rows - 1));
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    const { page, write, weight } = this.#columns;
    let count = 0;
    while (count < limit && this.#isDue(now)) {
      const row = this.#row;
      const copies = Math.min(weight[row] - this.#made, limit - count);
      into.fill(((page[row] << 1) | write[row]) >>> 0, count, count + copies);
      count += copies;
      this.#made += copies;
      if (this.#made >= weight[row]) this.#nextRow();
    }
    return count;
  }

  #isDue(now: Nanoseconds): boolean {
    if (this.#rounds > 0 && !this.#repeats) return false;
    return !this.#isPaced || this.#rounds * this.#round + this.#columns.timeNs[this.#row] <= now;
  }

  #nextRow(): void {
    this.#made = 0;
    if (++this.#row < this.#columns.page.length) return;
    this.#row = 0;
    this.#rounds++;
  }
}

/** Samples by slices of time; without times they are one slice. */
function sampledTrace(columns: TraceColumns, slice: Nanoseconds, random: SeededRandom): Workload {
  const { page, write, weight, timeNs } = columns;
  const sliceOf = (row: number) => Math.floor((timeNs[row] ?? 0) / slice);
  const phases: { from: number; to: number; start: Nanoseconds }[] = [];
  for (let row = 0; row < page.length; row++) {
    const start = sliceOf(row) * slice;
    const last = phases.at(-1);
    if (last !== undefined && last.start === start) last.to = row + 1;
    else phases.push({ from: row, to: row + 1, start });
  }
  return new WeightedPhases(
    columns,
    phases.map(({ from, to, start }) => ({
      start,
      weights: Float64Array.from(weight.subarray(from, to)),
      outcomes: Uint32Array.from(
        { length: to - from },
        (_, i) => ((page[from + i] << 1) | write[from + i]) >>> 0,
      ),
    })),
    slice,
    random,
  );
}
