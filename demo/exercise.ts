/** The threads that use a region while something else is done to its memory, and what they saw. */
import { Worker } from 'node:worker_threads';
import { CONTROL, type ExerciseOrder, type ThreadReport } from './exercise-order.js';
import { GapHistogram } from './gap-histogram.js';
import type { ExerciseReport, ExerciseRequest } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';
import { ACCESS, type Region } from './region.js';

const MAX_THREADS = 16;

interface Thread {
  readonly role: ExerciseOrder['role'];
  readonly ready: Promise<unknown>;
  readonly report: Promise<ThreadReport>;
}

export class Exercise {
  readonly pages: number;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL.words * 4));
  readonly #threads: readonly Thread[];
  #startedAt = 0;

  constructor(region: Region, request: ExerciseRequest) {
    const { readers, writers } = request;
    const used = region.usedPages(writers > 0 ? ACCESS.write : ACCESS.read);
    this.pages = used.length;
    checkThreads(readers, writers, used.length);
    const order = (role: ExerciseOrder['role'], index: number): ExerciseOrder => ({
      address: region.address,
      pages: region.pages,
      pageBytes: region.geometry.pageBytes,
      seed: region.seed,
      counts: region.counts,
      used,
      role,
      index,
      writers,
      restUs: request.restUs ?? 0,
      control: this.#control,
    });
    this.#threads = [
      ...Array.from({ length: readers }, (_, index) => startThread(order('reader', index))),
      ...Array.from({ length: writers }, (_, index) => startThread(order('writer', index))),
    ];
  }

  get threads(): number {
    return this.#threads.length;
  }

  /** Lets all threads go at the same moment, once each of them stands ready. */
  async begin(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.ready));
    this.#startedAt = performance.now();
    Atomics.store(this.#control, CONTROL.go, 1);
    Atomics.notify(this.#control, CONTROL.go);
  }

  async end(): Promise<ExerciseReport> {
    Atomics.store(this.#control, CONTROL.stop, 1);
    const durationMs = performance.now() - this.#startedAt;
    const reports = await Promise.all(this.#threads.map((thread) => thread.report));
    return { ...merged(reports), ...accesses(this.#threads, reports), durationMs: round(durationMs, 1) };
  }
}

function startThread(order: ExerciseOrder): Thread {
  const worker = new Worker(new URL('./exercise-thread.js', import.meta.url), { workerData: order });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  const ready = new Promise((resolve) => worker.once('message', resolve));
  const report = ready.then(() => new Promise<ThreadReport>((resolve) => worker.once('message', resolve)));
  return { role: order.role, ready: Promise.race([ready, failed]), report: Promise.race([report, failed]) };
}

function checkThreads(readers: number, writers: number, pages: number): void {
  const right = [readers, writers].every((count) => Number.isInteger(count) && count >= 0);
  if (!right || readers + writers < 1 || readers + writers > MAX_THREADS) {
    throw new WorkloadRefusal('EINVAL', `${readers} readers and ${writers} writers`);
  }
  if (pages < Math.max(writers, 1)) throw new WorkloadRefusal('ENODATA', `${pages} pages with data`);
}

function accesses(threads: readonly Thread[], reports: readonly ThreadReport[]) {
  const of = (role: ExerciseOrder['role']) =>
    reports.reduce((sum, report, index) => sum + (threads[index].role === role ? report.accesses : 0), 0);
  return { reads: of('reader'), writes: of('writer') };
}

function merged(reports: readonly ThreadReport[]) {
  const histogram = new GapHistogram();
  for (const report of reports) histogram.add(new GapHistogram(report.bins));
  const worst = reports.reduce((left, right) => (right.worstGapNs > left.worstGapNs ? right : left));
  const known = reports.every((report) => report.cpuWaitKnown);
  return {
    errors: reports.reduce((sum, report) => sum + report.errors, 0),
    firstErrors: reports.flatMap((report) => report.firstErrors),
    worstGapUs: microseconds(worst.worstGapNs),
    worstGapCpuWaitUs: known ? microseconds(worst.worstGapCpuWaitNs) : null,
    worstStallUs: known ? microseconds(Math.max(...reports.map((report) => report.worstStallNs))) : null,
    p50GapUs: microseconds(histogram.quantile(0.5)),
    p99GapUs: microseconds(histogram.quantile(0.99)),
  };
}

function microseconds(nanoseconds: number): number {
  return round(nanoseconds / 1000, 3);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
