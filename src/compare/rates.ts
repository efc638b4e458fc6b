/** Exact rates of accesses during a run, as the bound needs them, and what a walk took in it. */
import { type Cpu, entriesOf, runPages, waitedShare } from '../model/cpus/cpu.js';
import type { TlbCounters } from '../model/hardware/tlb-counters.js';
import type { Kernel } from '../model/kernel/state/kernel.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import type { Nanoseconds, PageGeometry, Pages } from '../vocabulary/units.js';
import { eachResident } from './layout-watch.js';
import type { BlockRates, WalkCosts } from './speed-bound.js';

/** Of every block with memory: accesses by run of pages since they were last counted. */
export function blockRates(kernel: Kernel, processes: readonly RunningProcess[], cpu: Cpu): BlockRates[] {
  return processes.flatMap((process) => (process.killed ? [] : ratesOf(kernel, process, cpu)));
}

function ratesOf(kernel: Kernel, process: RunningProcess, cpu: Cpu): BlockRates[] {
  const { pagesPerBlock, pageBytes } = kernel.geometry;
  const touches = process.touches ?? new Uint32Array(process.window.pages);
  const resident = new Uint32Array(Math.ceil(process.window.pages / pagesPerBlock));
  eachResident(kernel, process, (offset) => resident[Math.floor(offset / pagesPerBlock)]++);
  const pages = Math.min(runPages(cpu), pagesPerBlock);
  return [...resident.keys()]
    .filter((block) => resident[block] > 0)
    .map((block) => {
      const runs = runsOf(touches, block, kernel.geometry, pages);
      return { runs, emptyBytes: (pagesPerBlock - resident[block]) * pageBytes };
    });
}

/** Counts of a block's pages, put together in runs of so many. */
export function runsOf(
  counts: ArrayLike<number>,
  block: number,
  { pagesPerBlock }: PageGeometry,
  pages: Pages,
): Float64Array {
  const runs = new Float64Array(pagesPerBlock / pages);
  const first = block * pagesPerBlock;
  for (let page = 0; page < pagesPerBlock; page++)
    runs[Math.floor(page / pages)] += counts[first + page] ?? 0;
  return runs;
}

/** Time that an access waits for a cycle of translation. */
export function nsOfCycle(cpu: Cpu): Nanoseconds {
  return waitedShare(cpu) / cpu.clockGhz.value;
}

/**
 * Entries of both levels together. A small walk takes what it took on average in this run, where all pages were small; a
 * huge one at least one reference that hits near.
 */
export function walkCosts(cpu: Cpu, spent: TlbCounters): WalkCosts {
  const second = Math.max(entriesOf(cpu.second, 'base'), entriesOf(cpu.second, 'run'));
  const first = cpu.first.reduce((sum, array) => sum + array.entries.value, 0);
  const cycles = Math.max(1, spent.cycles);
  const hits = Math.max(0, spent.firstLevelMisses - spent.walks) * cpu.secondHitCycles.value;
  const nsPerCycle = nsOfCycle(cpu);
  return {
    entries: first + second,
    smallNs: (Math.max(0, cycles - hits) * nsPerCycle) / Math.max(1, spent.walks),
    hugeNs: cpu.walk.nearCycles.value * nsPerCycle,
  };
}
