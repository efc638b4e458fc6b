/** Runs the cells of a comparison on all processors: what is in the cache is not run again, and what ends is kept at once. */
import { CELL_JOB_MODULE, type CellJob } from '../../compare/cell-job.js';
import type { CellAnswer } from '../../compare/cell-run.js';
import { jobOf, type PlannedCell } from '../../compare/matrix.js';
import { PROCESSORS, runJobs } from '../../host/worker-pool.js';
import type { Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import type { CellCache } from './cell-cache.js';

/** Without a terminal, a line so often. */
const TELL_EVERY_NS: Nanoseconds = 30e9;
/** Processor time of a simulated access with all that goes with it, and of a run however short: for a first guess. */
const MS_PER_ACCESS = 8e-5;
const MS_PER_RUN = 200;

/** Results in the order of the requested cells. */
export interface MatrixRun {
  readonly answers: readonly CellAnswer[];
  /** Cells that were taken from the cache. */
  readonly cached: number;
}

/** Results in the order of the cells. */
export async function runMatrix(
  context: OctavoContext,
  cells: readonly PlannedCell[],
  cache: CellCache,
): Promise<MatrixRun> {
  const runner = new Runner(context, cache, cells.length);
  const answers = await runner.run(cells);
  return { answers, cached: runner.cached };
}

class Runner {
  readonly #context: OctavoContext;
  readonly #cache: CellCache;
  readonly #startedAt: Nanoseconds;
  #toldAt: Nanoseconds;
  #ran = 0;
  readonly #total: number;
  cached = 0;
  #known = 0;

  constructor(context: OctavoContext, cache: CellCache, total: number) {
    this.#total = total;
    this.#context = context;
    this.#cache = cache;
    this.#startedAt = context.host.clock.monotonicNs();
    this.#toldAt = this.#startedAt;
  }

  async run(cells: readonly PlannedCell[]): Promise<readonly CellAnswer[]> {
    const jobs = cells.map(jobOf);
    const answers = cells.map((cell, index) => this.#answerOf(cell, jobs[index]));
    const open = [...cells.keys()].filter((index) => answers[index] === undefined);
    await runJobs<CellJob, CellAnswer>(
      { url: CELL_JOB_MODULE },
      open.map((index) => jobs[index]),
      PROCESSORS,
      (_done, _total, answer, index) => {
        answers[open[index]] = answer;
        this.#finished(jobs[open[index]], answer);
      },
      this.#context.signal,
    );
    return answers.map((answer) => answer ?? { kind: 'none', why: 'was not run' });
  }

  #answerOf(cell: PlannedCell, job: CellJob): CellAnswer | undefined {
    if (cell.unable !== undefined) {
      this.#known++;
      return { kind: 'none', why: cell.unable };
    }
    const known = this.#cache.get(job);
    if (known === undefined) return undefined;
    this.#known++;
    this.cached++;
    return known;
  }

  #finished(job: CellJob, answer: CellAnswer): void {
    this.#cache.keep(job, answer);
    this.#ran++;
    const now = this.#context.host.clock.monotonicNs();
    const left = this.#total - this.#ran - this.#known;
    const seconds = ((now - this.#startedAt) / 1e9 / this.#ran) * left;
    const done = this.#ran + this.#known;
    this.#context.progress.show('comparing', done, this.#total, `cells, ${spanOf(seconds)} left`);
    if (this.#context.streams.interactive || now - this.#toldAt < TELL_EVERY_NS) return;
    this.#toldAt = now;
    this.#context.remark(`compare: ${done} of ${this.#total} cells, about ${spanOf(seconds)} left`);
  }
}

/** Returns seconds in words for a progress line: `45 s`, `12 min`. */
export function spanOf(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** Expected wall-clock time of the cells that are not cached, in seconds. */
export function expectedSeconds(cells: readonly PlannedCell[], cache: CellCache): number {
  const open = cells.filter((cell) => cell.unable === undefined && cache.get(jobOf(cell)) === undefined);
  const ms = open.reduce((sum, { scenario }) => sum + expectedMs(scenario), 0);
  return ms / 1000 / PROCESSORS;
}

/** Think time sets how many accesses there are; translation hardly changes that. */
function expectedMs({ processes, duration, host }: PlannedCell['scenario']): Milliseconds {
  const accesses = processes.reduce((sum, { threads, think, start }) => {
    const busy = Math.min(threads, host.cpus);
    return sum + (busy * Math.max(0, duration - start)) / think;
  }, 0);
  return MS_PER_RUN + accesses * MS_PER_ACCESS;
}
