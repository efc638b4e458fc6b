/**
 * A contender: whatever decides about page sizes on a host. It is settings of the kernel, schemes of DAMON and calls
 * that the programs make, a rule in user space that goes through Octavo's whole cycle, or any of these together. One
 * file each in `contenders/`, with its source and with what was simplified.
 */
import type * as z from 'zod';
import type { Host } from '../../host/host.js';
import type { PolicyKind } from '../../policies/policy.js';
import type { KdamondText } from '../../simulator/scenario/damon-text.js';
import type { Scenario, ScenarioEvent } from '../../simulator/scenario/scenario.js';
import type { Nanoseconds, PageGeometry } from '../../vocabulary/units.js';

/** What a contender may build on when it takes its place on a host. */
export interface Place {
  readonly scenario: Scenario;
  readonly geometry: PageGeometry;
  /** When user space first acts, and how often from then on: the same for all contenders. */
  readonly start: Nanoseconds;
  readonly every: Nanoseconds;
}

/** What acts on the host beside the kernel. */
export interface Rule {
  readonly kind: PolicyKind;
  /** Parameters of the kind; its own fallbacks for the rest. */
  readonly parameters?: Readonly<Record<string, number | string | boolean>>;
  /** Beside the content of memory, which every rule gets: samples of accesses. */
  readonly samples: boolean;
}

/** Turns a knob of the kernel every second, by what it reads from the host's files. */
export type Steering = (host: Host, processes: readonly string[]) => void;

/** One way to decide about page sizes, with its source in the literature. */
export interface Contender {
  readonly name: string;
  /** The rule, in one line. */
  readonly brief: string;
  /** Where the rule is written down. */
  readonly source: string;
  /** What was left out or replaced; empty when nothing was. */
  readonly simplified: string;
  /** Written below transparent_hugepage at boot, over what the scenario says. */
  thp(place: Place): Readonly<Record<string, string | number>>;
  /** kdamonds beside the scenario's own. */
  damon?(place: Place): readonly z.input<typeof KdamondText>[];
  /** Calls and writes by others, beside the scenario's own. */
  events?(place: Place): readonly ScenarioEvent[];
  /** Made anew for each run: a rule may remember what it saw in earlier turns of the run. */
  rule?(place: Place): Rule;
  steer?(place: Place): Steering;
  /** Why it cannot run there; undefined when it can. */
  unable?(place: Place): string | undefined;
}

/** THP everywhere, as most distributions ship it. */
export const ALWAYS = () => ({ enabled: 'always' });

/**
 * The host of contenders that split: THP everywhere, and khugepaged told to leave blocks alone that are four fifths
 * empty. 409 of 512 is what Meta runs the kernel's own shrinker with; without it khugepaged undoes any split.
 */
export const SPLITTING = ({ geometry }: Place) => ({
  enabled: 'always',
  'khugepaged/max_ptes_none': Math.round((409 / 512) * geometry.pagesPerBlock),
});

/** The host of contenders that collapse: memory begins small, and who asked for it gets huge pages. */
export const COLLAPSING = () => ({ enabled: 'madvise' });

/** Returns the names of all processes of the scenario. */
export const processNames = ({ scenario }: Place): readonly string[] =>
  scenario.processes.map(({ name }) => name);

/** Every program advises its whole area MADV_HUGEPAGE once it has loaded its data, so that khugepaged may build. */
export function adviseAll({ scenario, start }: Place): readonly ScenarioEvent[] {
  return scenario.processes
    .filter((process) => process.start <= start)
    .map(({ name }) => ({
      at: start,
      advise: { process: name, advice: 'MADV_HUGEPAGE' as const, from: 0, bytes: Number.MAX_SAFE_INTEGER },
    }));
}
