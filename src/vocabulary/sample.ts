/**
 * Noun 1: samples, as columns. A source yields batches; a batch is reused by its source after the consumer's
 * turn, so consumers copy what they keep.
 */
import type { SampleNature } from './nature.js';
import type { Fraction, Nanoseconds, Pages } from './units.js';

/** What kind of access a sample is. */
export const SAMPLE_KIND = {
  unknown: 0,
  load: 1,
  store: 2,
  /** Read-modify-write: an atomic, or an operation that both loads and stores. */
  update: 3,
  prefetch: 4,
  /** Instruction fetch. */
  execute: 5,
  /** A page fault: tells that a page was touched first, not how hot it is. */
  fault: 6,
} as const;

/** Properties of a sample, as bits. */
export const SAMPLE_FLAG = {
  /** The access was made in kernel mode. */
  kernel: 1,
  /** The access was made by a virtual machine's guest: its virtual page is a guest's and means nothing on the host. */
  guest: 1 << 1,
  tlbMiss: 1 << 2,
  /** The hardware or kernel said that the page is mapped by a PMD or larger entry. */
  hugeMapped: 1 << 3,
  /** pid and tid are a guess (by context switches) rather than said by the record. */
  guessedThread: 1 << 4,
  remoteMemory: 1 << 5,
  cacheMiss: 1 << 6,
  /** The first-level or second-level TLB had the translation; both bits when it is not said which of them. */
  tlbFirst: 1 << 7,
  tlbSecond: 1 << 8,
} as const;

/** Where the data of an access came from: bits 9 to 12 of the flags. Levels are those of perf_mem_data_src. */
export const DATA_SOURCE = {
  unknown: 0,
  l1: 1,
  /** A line that was on its way already: line fill buffer, miss address buffer. */
  fillBuffer: 2,
  l2: 3,
  /** The last cache of the chip or cluster: L3, system cache. */
  l3: 4,
  /** Another core's or cluster's cache of the same chip. */
  peerCache: 5,
  /** A cache of another chip or socket, or memory behind it where the hardware does not tell them apart. */
  remoteCache: 6,
  /** Memory; of which node is not said. */
  memory: 7,
  localMemory: 8,
  remoteMemory: 9,
  cxl: 10,
  pmem: 11,
  /** Devices and uncached memory. */
  device: 12,
} as const;

const SOURCE_SHIFT = 9;
const SOURCE_BITS = 15 << SOURCE_SHIFT;
const TLB_BITS = SAMPLE_FLAG.tlbMiss | SAMPLE_FLAG.tlbFirst | SAMPLE_FLAG.tlbSecond;

/** DATA_SOURCE value to flags, and back. */
export const sourceFlag = (source: number): number => source << SOURCE_SHIFT;
/** Returns the data source of a sample's flags (DATA_SOURCE). */
export const sourceOf = (flags: number): number => (flags & SOURCE_BITS) >>> SOURCE_SHIFT;

/** Flags with what `more` says beyond them: a data source or TLB outcome that is there already stays. */
export function joinedFlags(flags: number, more: number): number {
  const known = ((flags & SOURCE_BITS) === 0 ? 0 : SOURCE_BITS) | ((flags & TLB_BITS) === 0 ? 0 : TLB_BITS);
  // A miss that either of them saw is one.
  return flags | (more & ~(known & ~SAMPLE_FLAG.tlbMiss));
}

/** Absent virtual or physical page in a column. */
export const NO_PAGE = -1;

/** Rows of samples as columns. */
export interface SampleBatch {
  /** Rows in use; the columns may be longer. */
  readonly count: number;
  /** Time of the batch's origin in nanoseconds of the recording's clock, exact. */
  readonly timeOrigin: bigint;
  /** Nanoseconds after `timeOrigin`, or NaN when a sample has no time. */
  readonly time: Float64Array;
  /** −1 when unknown. */
  readonly pid: Int32Array;
  readonly tid: Int32Array;
  /** Virtual page number (address / base page size), or NO_PAGE. */
  readonly virtualPage: Float64Array;
  /** Physical page frame number, or NO_PAGE. */
  readonly physicalPage: Float64Array;
  /** SAMPLE_KIND values. */
  readonly kind: Uint8Array;
  /** How many accesses this row stands for (its period); 1 when the source does not say. */
  readonly weight: Float64Array;
  /** How many samples each row stands for; absent when each row is one sample. */
  readonly times?: Float64Array;
  /** SAMPLE_FLAG bits. */
  readonly flags: Uint16Array;
  /** Bits that any row has; undefined when that is not known. */
  readonly flagsSeen?: number | undefined;
  /** The same of times, weights and pages. */
  inCommon?: InCommon | undefined;
}

/** What holds for all rows of a batch. */
export interface InCommon {
  /** Of the times; undefined when a row may have none. */
  readonly span: { readonly first: Nanoseconds; readonly last: Nanoseconds } | undefined;
  /** Weight of each row; undefined when they differ. */
  readonly weight: number | undefined;
  /** Rows that have a virtual page. */
  readonly virtualRows: number;
}

/** How finely a source sees: decides which policies may build on it. */
export interface Granularity {
  /** Base pages that one observation speaks for: 1 for address samples, a region's or mapping's size otherwise. */
  readonly pages: Pages;
  /** True when a PMD-mapped THP reads as one unit in this source (accessed bits): blind below 2 MiB (T2). */
  readonly blindInsideHugePages: boolean;
  /** True when translations that stay in the TLB can hide accesses from this source (accessed bits, T1). */
  readonly blindToCachedTranslations: boolean;
}

/** Where samples came from, carried into the hot map and every reason built on it. */
export interface SampleOrigin {
  /** Source name of sources/kinds/catalogue.ts. */
  readonly source: string;
  /** The file, event or process the samples came from. */
  readonly detail: string;
  /** heat: accesses in a window; content: which sub-pages hold data; presence: only that memory is there. */
  readonly tells: 'heat' | 'content' | 'presence';
  readonly granularity: Granularity;
  /** What the samples are samples of: decides what may be concluded from them. */
  readonly nature: SampleNature;
  /** The event that was sampled, as the recording names it; empty where there is none. */
  readonly event: string;
  /** Share of the accesses in the window that the samples cannot speak for: lost, throttled, not counted. 0 to 1. */
  readonly unseenShare: Fraction;
  /** Share of their weight that the samples still have at their age: 1 for fresh ones, 0 for those that mean nothing any more. */
  readonly fade: Fraction;
  /** Length of the observed window, when known. */
  readonly windowNs: Nanoseconds | undefined;
  /** Accesses from each sample to the next, by event, where that never varies; absent where it does, or is not known. */
  readonly stepPeriods?: readonly number[];
}

/** Samples that are fresh, and of which none was lost. */
export const COMPLETE = { event: '', unseenShare: 0, fade: 1 } as const;

/** A writable batch with room for `capacity` rows. */
export interface SampleColumns extends SampleBatch {
  count: number;
  flagsSeen?: number | undefined;
  timeOrigin: bigint;
}

/** Returns columns with room for `capacity` rows. */
export function sampleColumns(capacity: number): SampleColumns {
  return {
    count: 0,
    timeOrigin: 0n,
    time: new Float64Array(capacity),
    pid: new Int32Array(capacity),
    tid: new Int32Array(capacity),
    virtualPage: new Float64Array(capacity),
    physicalPage: new Float64Array(capacity),
    kind: new Uint8Array(capacity),
    weight: new Float64Array(capacity),
    flags: new Uint16Array(capacity),
  };
}

/** Appends a row of a batch to columns with room for it. */
export function copySample(from: SampleBatch, row: number, to: SampleColumns): void {
  const at = to.count++;
  to.time[at] = from.time[row];
  to.pid[at] = from.pid[row];
  to.tid[at] = from.tid[row];
  to.virtualPage[at] = from.virtualPage[row];
  to.physicalPage[at] = from.physicalPage[row];
  to.kind[at] = from.kind[row];
  to.weight[at] = from.weight[row];
  to.flags[at] = from.flags[row];
}
