/**
 * What the workload is asked and what it answers: one JSON document a line, requests on standard input, answers on
 * standard output in the order of the requests. Pages are counted from the start of a region.
 */

import type { MappingReport } from './mapping-order.js';

export type MemoryKind = 'anon' | 'memfd' | 'tmpfs';

export interface MapRequest {
  readonly name: string;
  /** Rounded up to whole base pages. */
  readonly bytes: number;
  readonly kind?: MemoryKind;
  /** MADV_HUGEPAGE, MADV_NOHUGEPAGE or neither, given before the first touch. */
  readonly huge?: 'advise' | 'never' | 'default';
  /** Where the file of `tmpfs` memory lives until it is mapped; /dev/shm when absent. */
  readonly directory?: string;
  /** MADV_POPULATE_WRITE: all of it resident, zero-filled. */
  readonly populate?: boolean;
}

export interface MapAnswer {
  readonly name: string;
  /** Hexadecimal; aligned to the PMD size. */
  readonly address: string;
  /** The address divided by the base page size. */
  readonly firstPage: number;
  readonly pages: number;
  readonly bytes: number;
  readonly pageBytes: number;
  readonly blockBytes: number;
}

/** Which pages of a region get data. */
export type Pattern =
  | { readonly all: true }
  /** Every n-th page, starting with page `first` (0 when absent). */
  | { readonly every: number; readonly first?: number }
  /** How many sub-pages of each PMD-sized block, scattered over it; the list is repeated to the end of the region. */
  | { readonly perBlock: readonly number[] }
  /** Each page with this probability, drawn from the seed. */
  | { readonly share: number }
  | { readonly pages: readonly number[] };

export interface Stretch {
  readonly name: string;
  /** First page; 0 when absent. */
  readonly from?: number;
  /** How many; up to the end of the region when absent. */
  readonly pages?: number;
}

export type OwnAdvice =
  | 'MADV_HUGEPAGE'
  | 'MADV_NOHUGEPAGE'
  | 'MADV_FREE'
  | 'MADV_DONTNEED'
  | 'MADV_COLLAPSE'
  | 'MADV_GUARD_INSTALL'
  | 'MADV_GUARD_REMOVE'
  | 'MADV_COLD'
  | 'MADV_PAGEOUT'
  | 'MADV_POPULATE_READ'
  | 'MADV_POPULATE_WRITE';

export interface ExerciseRequest {
  readonly name: string;
  readonly readers: number;
  readonly writers: number;
  /** Rest of each thread after every 256 accesses, so that it does not keep a CPU to itself; 0 when absent. */
  readonly restUs?: number;
}

/** What the threads of `start` saw until `stop`. */
export interface ExerciseReport {
  readonly reads: number;
  readonly writes: number;
  /** Reads that found something else than what was written. Never anything but 0 on a sound kernel. */
  readonly errors: number;
  /** The first few of them in words. */
  readonly firstErrors: readonly string[];
  /** Longest time one access took from the end of the one before it, rests not counted. */
  readonly worstGapUs: number;
  /** How much of that gap the thread was ready to run and waiting for a CPU; null when the kernel does not tell. */
  readonly worstGapCpuWaitUs: number | null;
  /** Longest gap after the time spent waiting for a CPU is taken out; null when the kernel does not tell. */
  readonly worstStallUs: number | null;
  readonly p50GapUs: number;
  readonly p99GapUs: number;
  readonly durationMs: number;
}

export interface ChecksumAnswer {
  /** 16 hexadecimal digits over the content of every page. */
  readonly checksum: string;
  /** The same over what the content has to be. */
  readonly expected: string;
  readonly intact: boolean;
  readonly dataPages: number;
  /** Pages that have to be zero. */
  readonly zeroPages: number;
  readonly wrongPages: number;
  /** The first few of them in words. */
  readonly firstWrong: readonly string[];
  /** Pages without access (protected or unmapped), which cannot be checked. */
  readonly inaccessible: number;
  /** Pages given to MADV_FREE, right with their content and right without. */
  readonly lazyPages: number;
}

/** Verb → what is asked, what is answered. */
export interface Dialogue {
  map: { ask: MapRequest; answer: MapAnswer };
  fill: {
    ask: { readonly name: string; readonly pattern: Pattern; readonly seed?: number };
    answer: { readonly pages: number };
  };
  zero: { ask: Stretch; answer: { readonly pages: number } };
  checksum: { ask: { readonly name: string }; answer: ChecksumAnswer };
  start: { ask: ExerciseRequest; answer: { readonly threads: number; readonly pages: number } };
  stop: { ask: { readonly name: string }; answer: ExerciseReport };
  /** A thread that maps, faults and unmaps all the time, and what it waited for the locks of the process. */
  startMapping: { ask: { readonly restUs?: number }; answer: Done };
  stopMapping: { ask: Empty; answer: MappingReport };
  advise: { ask: Stretch & { readonly advice: OwnAdvice }; answer: Done };
  mlock: { ask: Stretch; answer: Done };
  munlock: { ask: Stretch; answer: Done };
  /** Holds extra references on up to 16 pages by vmsplice(2) into a pipe that is never read. */
  pin: { ask: Stretch; answer: { readonly pinnedBytes: number } };
  unpin: { ask: { readonly name: string }; answer: Done };
  /** A child that shares all memory copy-on-write and sleeps; it ends with the workload. */
  fork: { ask: Empty; answer: { readonly pid: number } };
  reap: { ask: { readonly pid: number }; answer: Done };
  /** Reads or rewrites one word of each page with what is in it already. */
  touch: {
    ask: Stretch & { readonly every?: number; readonly write?: boolean };
    answer: { readonly pages: number };
  };
  protect: { ask: Stretch & { readonly access: 'none' | 'read' | 'write' }; answer: Done };
  unmap: { ask: Stretch; answer: Done };
  /** Arms the pages with userfaultfd: a thread that touches one that is not there waits until the workload ends. */
  userfault: { ask: Stretch; answer: Done };
  /** PR_SET_THP_DISABLE of the workload itself. */
  thp: { ask: { readonly disable: 'no' | 'completely' | 'except-advised' }; answer: Done };
  exit: { ask: Empty; answer: Done };
}

export type Verb = keyof Dialogue;
export type Empty = Readonly<Record<string, never>>;
export type Done = Readonly<Record<string, never>>;

export type RequestLine = { readonly id: number; readonly verb: Verb } & Readonly<Record<string, unknown>>;

export type AnswerLine =
  | { readonly id: number; readonly ok: true; readonly answer: unknown }
  | { readonly id: number; readonly ok: false; readonly errno: string; readonly call: string };

/** First line of the workload, before any request. */
export interface Greeting {
  readonly workload: 1;
  readonly pid: number;
  readonly pageBytes: number;
  readonly blockBytes: number;
}
