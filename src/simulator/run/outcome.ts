/** What a simulation tells: a timeline and an outcome, as plain data. */

import type { TlbCounters } from '../../model/hardware/tlb-counters.js';
import type { Bytes, Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import type { AccessTimeSummary, TimeSpent } from './access-times.js';
import type { KdamondOutcome } from './damon-runs.js';
import type { ProcessHeat } from './heat-course.js';
import type { SplitsAtEnd } from './split-keeping.js';

/** Version of the document `outcome`. */
export const OUTCOME_VERSION = 1;

/** The host at one moment. */
export interface TimelineRow {
  readonly atMs: Milliseconds;
  readonly processes: readonly ProcessRow[];
  /** Since the row before. */
  readonly splits: number;
  readonly collapses: number;
  readonly tlb: TlbCounters;
}

/** A process at one moment. */
export interface ProcessRow {
  readonly name: string;
  readonly rss: Bytes;
  readonly huge: Bytes;
  readonly bloat: Bytes;
  /** Accesses a second of busy time since the row before; 0 when it made none. */
  readonly perSecond: number;
}

/** A process at the end. */
export interface ProcessOutcome {
  readonly name: string;
  readonly workload: string;
  readonly rss: Bytes;
  readonly pmdMapped: Bytes;
  readonly byOrder: readonly Bytes[];
  readonly bloat: Bytes;
  readonly swapped: Bytes;
  /** Resident memory after the warm-up: its mean over time, and its peak. */
  readonly meanRss: Bytes;
  readonly peakRss: Bytes;
  /** After the warm-up. */
  readonly accesses: number;
  readonly perSecond: number;
  /** The same accesses with everything on base pages, and with everything huge. */
  readonly allBasePerSecond: number;
  readonly allHugePerSecond: number;
  /** Mean time of an access after the warm-up, and of the work before it. */
  readonly nsPerAccess: TimeSpent;
  /** Single accesses after the warm-up, without the work between them. */
  readonly accessTime: AccessTimeSummary;
  /** Longest time from the end of one access of a thread to the end of its next. */
  readonly worstGapNs: Nanoseconds;
  /** After the warm-up. */
  readonly majorFaults: number;
}

/** What changes of page sizes cost the host. */
export interface OutcomeCosts {
  /** Folios split, by whomever. */
  readonly splits: number;
  /** Folios built by collapsing, by whomever: khugepaged, MADV_COLLAPSE, DAMOS. */
  readonly collapses: number;
  /** pages_collapsed of khugepaged. */
  readonly khugepagedCollapses: number;
  /** Time of the calls that split or collapsed from outside. */
  readonly callNs: Nanoseconds;
  readonly khugepagedNs: Nanoseconds;
  /** CPU time of khugepaged, kswapd and the kdamonds together. */
  readonly kernelThreadsNs: Nanoseconds;
  /** CPU time of Octavo: reading, sampling, planning and its calls. */
  readonly octavoNs: Nanoseconds;
  /** Times that CPUs were told to drop translations. */
  readonly shootdowns: number;
  /** Time in which splits, collapses and scans blocked a task at a block, a mapping or a page table. */
  readonly heldNs: Nanoseconds;
  readonly faultNs: Nanoseconds;
}

/** What Octavo did in all turns, and what is left of it at the end. */
export interface AgentOutcome {
  readonly turns: number;
  /** Steps by their verdicts. */
  readonly met: number;
  readonly notMet: number;
  readonly splits: SplitsAtEnd;
}

/** What the agent did as a service, and whom it touched. */
export interface ServiceOutcome {
  readonly targets: readonly {
    readonly name: string;
    readonly standing: string;
    readonly reason: string;
    readonly totals: Readonly<Record<string, number>>;
    /** Commands of the processes that it split or collapsed anything of. */
    readonly touched: readonly string[];
  }[];
  /** Commands of the processes that it looked at. */
  readonly observed: readonly string[];
  /** What its state directory takes at the end. */
  readonly stateBytes: Bytes;
  readonly troubles: readonly string[];
}

/** Everything that a simulation tells. */
export interface SimulationOutcome {
  readonly octavo: 'outcome';
  readonly version: typeof OUTCOME_VERSION;
  readonly scenario: string;
  readonly about: string;
  readonly seed: number;
  readonly cpu: string;
  readonly pageBytes: Bytes;
  /** A huge page. */
  readonly blockBytes: Bytes;
  readonly durationMs: Milliseconds;
  readonly timeline: readonly TimelineRow[];
  readonly processes: readonly ProcessOutcome[];
  /** After the warm-up. */
  readonly tlb: TlbCounters;
  readonly usedBytes: Bytes;
  /** Memory in use on the host after the warm-up: its mean over time, and its peak. */
  readonly meanUsedBytes: Bytes;
  readonly peakUsedBytes: Bytes;
  readonly costs: OutcomeCosts;
  /** Counters of /proc/vmstat that are not zero, by name. */
  readonly events: Readonly<Record<string, number>>;
  readonly pmu: Readonly<Record<string, number>> | undefined;
  readonly agent: AgentOutcome | undefined;
  readonly service?: ServiceOutcome | undefined;
  /** What the kdamonds saw and did. */
  readonly damon: readonly KdamondOutcome[];
  /** Where the accesses of each process went over time; kept when asked for. */
  readonly heat?: readonly ProcessHeat[];
  /** What happened, in words: splits and collapses by whom, refusals, back-offs. */
  readonly notes: readonly string[];
}
