/** Exact rates of accesses during a run, as the bound needs them, and what a walk took in it. */
import { type Cpu, entriesOf, runPages, type TlbArray, waitedShare } from '../model/cpus/cpu.js';
import { setsOf } from '../model/hardware/set-associative.js';
import type { Kernel } from '../model/kernel/state/kernel.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import type { Bytes, Nanoseconds, PageGeometry, PageNumber, Pages } from '../vocabulary/units.js';
import { eachResident } from './layout-watch.js';
import type { BlockRates, Piece, TranslationCosts } from './speed-bound.js';

/** Accesses of each page, and whether it holds data. */
export interface CountedPages {
  readonly counts: ArrayLike<number>;
  readonly used: Uint8Array;
}

/** Pages of a process since they were last counted, up to the end of its last block. */
export function countedPages(kernel: Kernel, process: RunningProcess): CountedPages {
  const { pagesPerBlock } = kernel.geometry;
  const pages = Math.ceil(process.window.pages / pagesPerBlock) * pagesPerBlock;
  const [counts, used] = [new Uint32Array(pages), new Uint8Array(pages)];
  if (process.touches !== undefined) counts.set(process.touches);
  eachResident(kernel, process, (offset) => {
    used[offset] = 1;
  });
  return { counts, used };
}

/** Pages of several processes in a row, each from a block of its own on. */
export function joined(parts: readonly CountedPages[]): CountedPages {
  const total = parts.reduce((sum, { used }) => sum + used.length, 0);
  const [counts, used] = [new Uint32Array(total), new Uint8Array(total)];
  let first = 0;
  for (const part of parts) {
    counts.set(part.counts, first);
    used.set(part.used, first);
    first += part.used.length;
  }
  return { counts, used };
}

/** Without the blocks of which no page is in use: no layout makes them huge. */
export function blocksInUse(pages: CountedPages, pagesPerBlock: Pages): CountedPages {
  const firsts: PageNumber[] = [];
  for (let first = 0; first < pages.used.length; first += pagesPerBlock)
    if (residentOf(pages, first, first + pagesPerBlock) > 0) firsts.push(first);
  const total = firsts.length * pagesPerBlock;
  const [counts, used] = [new Float64Array(total), new Uint8Array(total)];
  for (const [block, first] of firsts.entries()) {
    counts.set(countsOf(pages, first, pagesPerBlock), block * pagesPerBlock);
    used.set(pages.used.subarray(first, first + pagesPerBlock), block * pagesPerBlock);
  }
  return { counts, used };
}

/** Returns accesses and residency of every block in use, in pieces as the CPU's TLB would merge them. */
export function ratesOf(pages: CountedPages, geometry: PageGeometry, cpu: Cpu): BlockRates[] {
  const { pagesPerBlock, pageBytes } = geometry;
  const blocks = Math.ceil(pages.used.length / pagesPerBlock);
  const piecesOf = cpu.coalescing?.by === 'contiguous-bit' ? folioPieces : mergedPieces;
  return Array.from({ length: blocks }, (_, block) => block * pagesPerBlock)
    .map((first) => ({ first, resident: residentOf(pages, first, first + pagesPerBlock) }))
    .filter(({ resident }) => resident > 0)
    .map(({ first, resident }) => ({
      pieces: piecesOf(pages, first, geometry, Math.min(runPages(cpu), pagesPerBlock)),
      emptyBytes: (pagesPerBlock - resident) * pageBytes,
    }));
}

/** Entries of small pages, where hardware merges runs of which every page has its frame; others stand for themselves. */
function mergedPieces(
  pages: CountedPages,
  first: number,
  { pagesPerBlock }: PageGeometry,
  run: number,
): readonly Piece[] {
  const entries: number[] = [];
  for (let start = first; start < first + pagesPerBlock; start += run) {
    const counts = countsOf(pages, start, run);
    if (residentOf(pages, start, start + run) < run) entries.push(...counts);
    else entries.push(counts.reduce((sum, count) => sum + count, 0));
  }
  return [{ entries: Float64Array.from(entries), emptyBytes: undefined }];
}

/** Each run as a folio of its own, whose empty pages are kept where it is to have one entry. */
function folioPieces(
  pages: CountedPages,
  first: number,
  { pagesPerBlock, pageBytes }: PageGeometry,
  run: number,
): readonly Piece[] {
  return Array.from({ length: pagesPerBlock / run }, (_, index) => first + index * run).map((start) => {
    const emptyBytes: Bytes = (run - residentOf(pages, start, start + run)) * pageBytes;
    return { entries: Float64Array.from(countsOf(pages, start, run)), emptyBytes };
  });
}

function countsOf({ counts }: CountedPages, first: number, pages: number): readonly number[] {
  return Array.from({ length: pages }, (_, page) => counts[first + page] ?? 0);
}

function residentOf({ used }: CountedPages, from: number, to: number): number {
  let resident = 0;
  for (let page = from; page < to; page++) resident += used[page] ?? 0;
  return resident;
}

/** Time that an access waits for a cycle of translation. */
export function nsOfCycle(cpu: Cpu): Nanoseconds {
  return waitedShare(cpu) / cpu.clockGhz.value;
}

/** All entries that there are, and nothing but what every hit and every walk to a huge page takes at least. */
export function translationCosts(cpu: Cpu): TranslationCosts {
  const { walk, first, second } = cpu;
  return {
    ...firstEntries(first),
    secondEntries: Math.max(entriesOf(second, 'base'), entriesOf(second, 'run')),
    hitNs: cpu.secondHitCycles.value * nsOfCycle(cpu),
    hugeNs: walk.nearCycles.value * nsOfCycle(cpu),
  };
}

/** Where huge translations share the array of the others, there is one; else all others together, and that of the huge ones. */
function firstEntries(
  first: readonly TlbArray[],
): Pick<TranslationCosts, 'firstEntries' | 'hugeFirstEntries'> {
  const entries = (isOfSmall: boolean) =>
    first
      .filter(({ holds }) => holds.some((kind) => kind !== 'huge') === isOfSmall)
      .reduce((sum, array) => sum + array.entries.value, 0);
  const ofHuge = entries(false);
  return { firstEntries: entries(true), ...(ofHuge === 0 ? {} : { hugeFirstEntries: ofHuge }) };
}

/**
 * Entries of the second level that small pages can have together: each set holds its ways, and pages at one distance from
 * each other may all fall into few sets.
 */
export function smallEntries({ counts, used }: CountedPages, cpu: Cpu): number {
  const [entries, ways] = [cpu.second.entries.value, cpu.second.ways.value];
  const inSet = new Uint32Array(setsOf(entries, ways));
  const run = runPages(cpu);
  const isFolio = cpu.coalescing?.by === 'contiguous-bit';
  for (let start = 0; start < used.length; start += run) {
    let [hot, resident] = [0, 0];
    for (let page = start; page < start + run; page++) {
      resident += used[page];
      if (used[page] === 0 || counts[page] === 0) continue;
      hot++;
      inSet[page % inSet.length]++;
    }
    if (run > 1 && hot > 0 && (isFolio || resident === run)) inSet[(start / run) % inSet.length]++;
  }
  return inSet.reduce((sum, count) => sum + Math.min(ways, count), 0);
}
