/** Which samples of a recording a user wants; all where nothing is said. */
import type { Fraction, Nanoseconds, ProcessId } from './units.js';

/** A moment of the recording's clock, or a share of the time from its first to its last sample. */
export type TimeBound =
  | { readonly kind: 'moment'; readonly ns: Nanoseconds }
  | { readonly kind: 'share'; readonly share: Fraction };

/** Open where a bound is absent. */
export interface TimeRange {
  readonly from?: TimeBound;
  readonly to?: TimeBound;
}

/** Which samples are wanted: all of the given properties must fit. */
export interface SampleWish {
  readonly time?: TimeRange;
  readonly tids?: ReadonlySet<ProcessId>;
  /** Names of threads, or of their processes where a thread's is not recorded. */
  readonly commands?: ReadonlySet<string>;
  readonly cpus?: ReadonlySet<number>;
  /** Paths of cgroups, each with those below it. */
  readonly cgroups?: readonly string[];
}

/** Whether a bound needs the first and last time of the recording. */
export function needsMoments({ time }: SampleWish): boolean {
  return time?.from?.kind === 'share' || time?.to?.kind === 'share';
}
