/** What can be reached with the accesses that were counted in a stretch of time: the bound, and the best that is known. */
import type { Cpu } from '../model/cpus/cpu.js';
import type { Machine } from '../simulator/run/host-machine.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import type { PageGeometry } from '../vocabulary/units.js';
import { knownLayouts, knownSavings } from './best-layouts.js';
import { type CountedPages, countedPages, ratesOf, smallEntries, translationCosts } from './rates.js';
import { leastTimes } from './speed-bound.js';

/** Bounds at each share of the bloat removed, in nanoseconds for an access. */
export interface StretchBounds {
  /** At each share of the bloat removed: least time of translation for an access in any layout. */
  readonly leastNs: Float64Array;
  /** What the best known layout saves of the time that it takes in small pages alone. */
  readonly knownNs: Float64Array;
}

/** `tlbs`: of how many CPUs, each with its own entries. */
export function boundsOf(pages: CountedPages, geometry: PageGeometry, cpu: Cpu, tlbs = 1): StretchBounds {
  const layouts = knownLayouts(pages, geometry, cpu);
  const costs = translationCosts(cpu);
  const { firstEntries, hugeFirstEntries, secondEntries } = costs;
  const all = {
    ...costs,
    firstEntries: tlbs * firstEntries,
    ...(hugeFirstEntries === undefined ? {} : { hugeFirstEntries: tlbs * hugeFirstEntries }),
    secondEntries: tlbs * secondEntries,
    smallEntries: tlbs * Math.min(secondEntries, smallEntries(pages, cpu)),
  };
  const knownNs = knownSavings(layouts);
  const smallNs = layouts.at(-1)?.translationNs ?? 0;
  const known = knownNs.map((saved) => smallNs - saved);
  return { leastNs: leastTimes(ratesOf(pages, geometry, cpu), all, layouts, known), knownNs };
}

/** Of all processes of a run together: one does not know on which CPU each was, so that it may have had one for itself. */
export function boundsOfStretch(machine: Machine, processes: readonly RunningProcess[]): StretchBounds {
  const { kernel, cpu, scenario } = machine;
  const tlbs = Math.max(1, Math.min(scenario.host.cpus, processes.length));
  return boundsOf(countedPages(kernel, processes), kernel.geometry, cpu, tlbs);
}
