/**
 * A workload: what one process does to its memory. Everything it draws comes from the generator it is given, so
 * that a scenario and a seed determine every access.
 */
import type * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import type { GuestTables } from '../../model/hardware/windows.js';
import type { Bytes, Nanoseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import type { TraceColumns } from './trace-columns.js';

/** What a workload may do to its memory besides accessing it. Offsets count pages from the area's start. */
export interface WorkloadMemory {
  /** madvise(MADV_DONTNEED): gives pages back; the next access finds zeroes. */
  release(offset: Pages, pages: Pages): void;
}

/** Content of files that a workload's parameters name. */
export type Reads = Pick<WorkloadContext, 'readText' | 'readTrace'>;

/** What a workload is made with. */
export interface WorkloadContext {
  readonly random: SeededRandom;
  readonly geometry: PageGeometry;
  readonly memory: WorkloadMemory;
  /** Content of a file that a parameter names (replay). */
  readText(path: string): string;
  /** The rows of a trace that a parameter names. */
  readTrace?(path: string): TraceColumns | undefined;
}

/**
 * A running workload. `next` writes up to `limit` accesses (offset in pages shifted left by one, plus 1 for a
 * store) and returns how many; 0 means that it has nothing to do until time moves on. `now` is the virtual time
 * since the process began.
 */
export interface Workload {
  readonly pages: Pages;
  /** Pages that hold data once everything was touched; `pages` when left out. */
  readonly dataPages?: Pages | undefined;
  readonly guest?: GuestTables | undefined;
  next(into: Uint32Array, limit: number, now: Nanoseconds): number;
}

/** A kind of workload: its parameters, what it is, and how one is made. */
export interface WorkloadKind<Schema extends z.ZodType = z.ZodType> {
  /** One line for `octavo simulate --list` and the documentation. */
  readonly brief: string;
  readonly parameters: Schema;
  make(parameters: z.infer<Schema>, context: WorkloadContext): Workload;
}

/** Declares a workload: name by the catalogue, parameters by a schema. */
export function workloadKind<Schema extends z.ZodType>(kind: WorkloadKind<Schema>): WorkloadKind<Schema> {
  return kind;
}

/** Pages that a workload needs in memory for its data. */
export function dataPagesOf({ pages, dataPages }: Workload): Pages {
  return dataPages ?? pages;
}

/** Whole pages that hold `bytes`. */
export function pagesFor(bytes: Bytes, geometry: PageGeometry): Pages {
  return Math.ceil(bytes / geometry.pageBytes);
}

/** Share of stores as a threshold on the low ten bits of a random word. */
export function storeThreshold(share: number): number {
  return Math.round(share * 1024);
}
