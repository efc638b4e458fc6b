/**
 * A processor as the model sees it: data, every number with where it comes from. Nothing here is code that knows
 * a CPU by name; a new one is a new file of figures and a line in the catalogue.
 */
import type { Bytes } from '../../vocabulary/units.js';

/**
 * How far a figure can be trusted.
 * - register: read from the processor's own identification registers.
 * - measured: a published measurement on that processor.
 * - manual: as the vendor's manual or optimisation guide gives it, not measured here.
 * - assumed: no source; a plausible value that the user may want to replace.
 */
export type Certainty = 'register' | 'measured' | 'manual' | 'assumed';

/** A number, how certain it is, and where it comes from. */
export interface Figure {
  readonly value: number;
  readonly certainty: Certainty;
  readonly source: string;
}

/** Returns a figure with its source: a manual, a measurement, a paper. */
export const figure = (value: number, certainty: Certainty, source: string): Figure =>
  Object.freeze({ value, certainty, source });
/** Returns a figure that is not published, with the reason for its value. */
export const assumed = (value: number, why: string): Figure => figure(value, 'assumed', why);

/**
 * What one entry translates: a base page, a run of base pages that hardware or the contiguous bit merges, or a
 * whole PMD block.
 */
export type EntryKind = 'base' | 'run' | 'huge';

/** One TLB array. `ways` equal to `entries` means fully associative. */
export interface TlbArray {
  readonly holds: readonly EntryKind[];
  readonly entries: Figure;
  readonly ways: Figure;
  /** Most entries that huge translations may take of it; absent when they may take all. */
  readonly hugeEntries?: Figure;
}

/** How neighbouring base pages come to share one entry. */
export interface Coalescing {
  /**
   * contiguous-bit: software marks aligned runs inside one large folio (arm64 contpte).
   * physical: hardware merges aligned runs whose frames follow each other, however that came about (AMD).
   */
  readonly by: 'contiguous-bit' | 'physical';
  /** Base pages in a run; a power of two. */
  readonly pages: Figure;
}

/** Cost of a walk, in cycles. Each level that is not in the paging-structure cache is one memory reference. */
export interface WalkFigures {
  /** Page-table levels of the base page walk. */
  readonly levels: Figure;
  /** Entries of the cache that holds upper-level entries (PDE cache, walk cache): one covers a PMD block. */
  readonly directoryEntries: Figure;
  /** A reference that finds its line in the L1 or L2 data cache. */
  readonly nearCycles: Figure;
  /** A reference that goes to memory. */
  readonly farCycles: Figure;
  /** Lines of page tables that stay in the near caches beside the program's own data. */
  readonly cachedLines: Figure;
}

/** What a PMU needs besides the general rules of its kind. */
export type PmuFigures = SpeFigures | IbsFigures | PebsFigures;

/** Arm's Statistical Profiling Extension of a CPU. */
export interface SpeFigures {
  readonly kind: 'spe';
  /** Nanoseconds that one sample takes of the CPU that it is of. */
  readonly sampleNs: Figure;
  /** MIDR_EL1, as HEADER_CPUID and AUXTRACE_INFO carry it. */
  readonly midr: number;
  /** Smallest interval in operations that the driver accepts. */
  readonly minInterval: Figure;
  /** Bytes between the starts of two records in the buffer. */
  readonly recordBytes: Figure;
}

/** AMD's Instruction-Based Sampling of a CPU. */
export interface IbsFigures {
  readonly kind: 'ibs';
  readonly sampleNs: Figure;
  /** HEADER_CPUID, as `AuthenticAMD,25,1,1`. */
  readonly cpuid: string;
  /** Whether perf announces zen4_ibs_extensions. */
  readonly zen4Extensions: boolean;
}

/** Intel's sampling of loads and stores by PEBS on a CPU. */
export interface PebsFigures {
  readonly kind: 'pebs';
  readonly sampleNs: Figure;
  readonly cpuid: string;
  /** Raw event numbers of the sampled loads and stores. */
  readonly loadsEvent: number;
  readonly storesEvent: number;
}

/** All figures of a CPU that the model uses. */
export interface Cpu {
  /** Name in scenarios: `neoverse-n1`. */
  readonly name: string;
  /** What people call it, with products that contain it. */
  readonly title: string;
  readonly architecture: 'x64' | 'arm64';
  readonly clockGhz: Figure;
  readonly first: readonly TlbArray[];
  readonly second: TlbArray;
  /** Extra cycles when the first level misses and the second hits. */
  readonly secondHitCycles: Figure;
  readonly walk: WalkFigures;
  /**
   * Share of a translation's time in which the core goes on with other work: several walkers and out-of-order windows
   * hide it. What programs wait for is the rest.
   */
  readonly walkOverlap: Figure;
  readonly coalescing?: Coalescing;
  readonly pmu: PmuFigures;
  /** How long kernel work takes, as a multiple of the table in kernel/state/costs.ts, which was measured on Zen 3. */
  readonly kernelTime: Figure;
}

/** Share of the time of TLB misses that a program waits for. */
export function waitedShare({ walkOverlap }: Cpu): number {
  return 1 - walkOverlap.value;
}

/** Bytes that the second level (or the first, if larger) translates when it holds nothing but `kind`. */
export function reachBytes(cpu: Cpu, kind: EntryKind, pageBytes: Bytes, blockBytes: Bytes): Bytes {
  const unit = { base: pageBytes, run: pageBytes * runPages(cpu), huge: blockBytes }[kind];
  return Math.max(...[...cpu.first, cpu.second].map((array) => entriesOf(array, kind))) * unit;
}

/** Entries of an array that translations of `kind` can use. */
export function entriesOf(array: TlbArray, kind: EntryKind): number {
  if (!array.holds.includes(kind)) return 0;
  return kind === 'huge' ? (array.hugeEntries ?? array.entries).value : array.entries.value;
}

/** Returns how many base pages one entry can translate where they follow each other; 1 without coalescing. */
export function runPages(cpu: Cpu): number {
  return cpu.coalescing?.pages.value ?? 1;
}
