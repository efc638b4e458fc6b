/**
 * All that DAMON needs of the memory it watches. The model kernel implements it over its page tables and folios;
 * tests implement it over a drawing. Addresses are bytes, ascending in every batch.
 */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type {
  Bytes,
  FrameNumber,
  Nanoseconds,
  Order,
  PageGeometry,
  PageNumber,
  Pages,
  ProcessId,
} from '../../../../vocabulary/units.js';

/** A process that a target pins, so that its pid cannot come to mean another one. */
export interface AddressSpace {
  readonly pid: ProcessId;
}

/** A folio as ops filters and actions see it. */
export interface FolioFacts {
  readonly firstFrame: FrameNumber;
  readonly pages: Pages;
  readonly anonymous: boolean;
  readonly active: boolean;
  /** Id of its memory cgroup, 0 when it has none. */
  readonly memcg: number;
  readonly mapped: boolean;
  readonly node: number;
}

/** Advice that DAMOS gives on ranges of a process. */
export type RegionAdvice =
  | 'MADV_WILLNEED'
  | 'MADV_COLD'
  | 'MADV_PAGEOUT'
  | 'MADV_HUGEPAGE'
  | 'MADV_NOHUGEPAGE'
  | 'MADV_COLLAPSE';

/** VMA bounds of one process in bytes, ascending and disjoint. */
export interface VmaBounds {
  readonly count: number;
  readonly starts: Float64Array;
  readonly ends: Float64Array;
}

/** How a folio was met. */
export interface FolioPlace {
  /** Offset of the page in what backs it; its own page number for anonymous memory. */
  readonly offset: PageNumber;
  /** The folio lies in the range from its first to its last page, if it is mapped in one piece. */
  readonly whole: boolean;
}

/** Told of each folio of a range, and where the range holds it. */
export type VisitFolio = (folio: FolioFacts, place: FolioPlace) => void;

/** Bytes that are huge now, and whether memory ran out. */
export interface CollapsedBytes {
  readonly bytes: Bytes;
  readonly outOfMemory: boolean;
}

/** Memory by the address spaces of processes. */
export interface VirtualMemory {
  /** The process of a pid or thread id; undefined when there is none. */
  findSpace(pid: ProcessId): AddressSpace | undefined;
  /** True while a task of it is left, a zombie too. */
  hasTask(space: AddressSpace): boolean;
  /** VMA bounds, undefined when the process has no memory left. */
  vmas(space: AddressSpace): VmaBounds | undefined;
  /** Clears the accessed bit of the entry that maps each address, without flushing any TLB. */
  markOld(space: AddressSpace, addresses: Float64Array, count: number): void;
  /** Sets into[i] to 1 where the entry is young, or its folio is not idle; 0 for absent pages. */
  wereAccessed(space: AddressSpace, addresses: Float64Array, count: number, into: Uint8Array): void;
  /** One madvise(2) over the range from another task. Returns the refusal, undefined for success. */
  advise(space: AddressSpace, start: Bytes, end: Bytes, advice: RegionAdvice): ErrnoName | undefined;
  /** Waits until no CPU has pages that are on no LRU list yet (lru_add_drain_all()). */
  drain(): void;
  /** Collapses every naturally aligned block of the order inside the range, until there is no memory for one. */
  collapse(space: AddressSpace, start: Bytes, end: Bytes, order: Order): CollapsedBytes;
  /** Visits the folio of each present entry in the range, each folio once per run of its pages. */
  walkFolios(space: AddressSpace, start: Bytes, end: Bytes, visit: VisitFolio): void;
}

/** Memory by its frames. */
export interface PhysicalMemory {
  /** Bytes [start, end) of system RAM. */
  systemRam(): { readonly start: Bytes; readonly end: Bytes };
  /** The folio that holds a frame and is on an LRU list. */
  folioAt(frame: FrameNumber): FolioFacts | undefined;
  /** Clears the accessed bits of all mappings of the folios that hold these frames, and marks them idle. */
  markFramesOld(frames: Float64Array, count: number): void;
  wereFramesAccessed(frames: Float64Array, count: number, into: Uint8Array): void;
  isYoung(folio: FolioFacts): boolean;
  clearYoung(folio: FolioFacts): void;
  /** Reclaims folios. Returns the pages freed. */
  reclaim(folios: readonly FolioFacts[]): Pages;
  /** Moves a folio to the active or inactive list. */
  setActive(folio: FolioFacts, active: boolean): void;
  /** Splits a folio to the order, if it is larger and can be split. Returns its pages, 0 when it was left. */
  split(folio: FolioFacts, order: Order): Pages;
  /** Moves folios to a node. Returns the pages moved. */
  migrate(folios: readonly FolioFacts[], node: number): Pages;
}

/** What watermarks and quota goals measure. */
export interface MemoryMetrics {
  freePages(): Pages;
  totalPages(): Pages;
  /** Anonymous pages that are mapped by PMD. */
  hugePages(): Pages;
  /** Microseconds for which some task waited for memory since boot. */
  somePressureUs(): number;
  /** Pages of a node, undefined for a node that is not there. */
  node(id: number): { readonly total: Pages; readonly free: Pages } | undefined;
  /** LRU pages of a memory cgroup on a node. */
  memcgPages(memcg: number, node: number): Pages;
  lruPages(): { readonly active: Pages; readonly inactive: Pages };
  /** Id of an online memory cgroup by its path under the mount; undefined when there is none. */
  memcgByPath(path: string): number | undefined;
}

/** Both views of memory, its counters and its clock. */
export interface MonitoredMemory {
  readonly geometry: PageGeometry;
  readonly virtual: VirtualMemory;
  readonly physical: PhysicalMemory;
  readonly metrics: MemoryMetrics;
  nowNs(): Nanoseconds;
  random32(): number;
  /** CPU time that actions took since they were last asked for, so that quotas and periods see it. */
  takeActionNs(): Nanoseconds;
}
