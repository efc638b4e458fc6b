/** What can be reached with the accesses that were counted in a stretch of time: the bound, and the best that is known. */
import type { Cpu } from '../model/cpus/cpu.js';
import type { Machine } from '../simulator/run/host-machine.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import type { Nanoseconds, PageGeometry } from '../vocabulary/units.js';
import { type KnownLayout, knownLayouts, knownSavings } from './best-layouts.js';
import { leastTogether } from './bound-together.js';
import { type CountedPages, countedPages, joined, ratesOf, smallEntries, translationCosts } from './rates.js';
import { leastTimes } from './speed-bound.js';

/** Bounds at each share of the bloat removed, in nanoseconds for an access. */
export interface StretchBounds {
  /** At each share of the bloat removed: least time of translation for an access in any layout. */
  readonly leastNs: Float64Array;
  /** What the best known layout saves of the time that it takes in small pages alone. */
  readonly knownNs: Float64Array;
}

/** Of pages whose accesses share one TLB. */
export function boundsOf(pages: CountedPages, geometry: PageGeometry, cpu: Cpu): StretchBounds {
  const layouts = knownLayouts(pages, geometry, cpu);
  const costs = translationCosts(cpu);
  const { secondEntries } = costs;
  const all = { ...costs, smallEntries: Math.min(secondEntries, smallEntries(pages, cpu)) };
  const rates = ratesOf(pages, geometry, cpu);
  return {
    leastNs: leastTimes(rates, all, layouts, knownTimes(layouts)),
    knownNs: knownSavings(layouts),
  };
}

/**
 * Of several processes. One does not know on which CPU each was, so that it may have had one for itself: entries that another
 * process never pushes out. The known layouts are played on one TLB for all.
 */
export function boundsTogether(
  processes: readonly CountedPages[],
  geometry: PageGeometry,
  cpu: Cpu,
): StretchBounds {
  const pages = joined(processes);
  if (processes.length <= 1) return boundsOf(pages, geometry, cpu);
  const layouts = knownLayouts(pages, geometry, cpu);
  const known = knownTimes(layouts);
  const all = accessesOf(pages);
  const least = leastTogether(
    processes.map((own) => ({
      share: accessesOf(own) / Math.max(1, all),
      bloat: ratesOf(own, geometry, cpu).reduce((sum, { emptyBytes }) => sum + emptyBytes, 0),
      leastNs: boundsOf(own, geometry, cpu).leastNs,
    })),
  );
  return {
    leastNs: least.map((ns, step) => Math.min(ns, known[step])),
    knownNs: knownSavings(layouts),
  };
}

export function boundsOfStretch(machine: Machine, processes: readonly RunningProcess[]): StretchBounds {
  const { kernel, cpu } = machine;
  const counted = processes.filter(({ killed }) => !killed).map((process) => countedPages(kernel, process));
  return boundsTogether(counted, kernel.geometry, cpu);
}

/** What the known layouts take, at each share of the bloat removed. */
function knownTimes(layouts: readonly KnownLayout[]): Float64Array {
  const smallNs: Nanoseconds = layouts.at(-1)?.translationNs ?? 0;
  return knownSavings(layouts).map((saved) => smallNs - saved);
}

function accessesOf({ counts }: CountedPages): number {
  let sum = 0;
  for (let page = 0; page < counts.length; page++) sum += counts[page];
  return sum;
}
