/** A checked configuration, as the agent uses it. */
import type { Given } from '../../config/kinds.js';
import type { HistoryBounds } from '../../history/history.js';
import type { ListenPlace } from '../../host/host.js';
import type { Budgets } from '../../vocabulary/plan.js';
import type { Bytes, Fraction, Milliseconds } from '../../vocabulary/units.js';
import type { GuardOptions } from '../guarding/guard-options.js';
import type { Hours } from '../patterns/hours.js';
import type { Match } from '../patterns/match.js';

/** Bounds over time, 0 for none. Lock time is in milliseconds. */
export interface TimedBudgets {
  readonly blocksPerMinute: number;
  readonly blocksPerHour: number;
  readonly bytesPerMinute: Bytes;
  readonly bytesPerHour: Bytes;
  readonly lockPerMinute: Milliseconds;
  readonly lockPerHour: Milliseconds;
}

/** One entry of `targets`: which processes it takes, and what may be done to them. Defaults are filled in. */
export interface Target {
  readonly name: string;
  readonly match: Match;
  readonly act: boolean;
  readonly policy: string;
  /** Of the policy, by name; `goal` is among them. */
  readonly parameters: Given;
  readonly sources: readonly string[];
  readonly sourceParameters: Given;
  /** All when empty. */
  readonly actuators: readonly string[];
  readonly actuatorParameters: Given;
  readonly everyMs: Milliseconds;
  /** Always when empty. */
  readonly hours: readonly Hours[];
  readonly halfLifeMs: Milliseconds;
  /** Most processes of a turn. */
  readonly processes: number;
  /** Bounds of one turn. */
  readonly budgets: Budgets;
  readonly timed: TimedBudgets;
  readonly guards: GuardOptions;
}

/** Where metrics go, and how many targets have series of their own. */
export interface MetricsOptions {
  readonly listen: ListenPlace | undefined;
  readonly textfile: string | undefined;
  readonly targets: number;
}

/** All that a configuration says, in units: milliseconds, bytes, fractions. */
export interface Configuration {
  readonly watchMs: Milliseconds;
  /** The host's own when undefined. */
  readonly state: string | undefined;
  readonly runtime: string | undefined;
  /** Where the kubelet's pods are listed: a file or a loopback address. */
  readonly pods: string | undefined;
  /** CPU time of the agent, as a share of one core. */
  readonly cpuShare: Fraction;
  readonly metrics: MetricsOptions;
  /** Bounds of the history; undefined when none is kept. */
  readonly history: HistoryBounds | undefined;
  readonly deny: readonly Match[];
  readonly targets: readonly Target[];
  /** Files that it was read from, in order. */
  readonly files: readonly string[];
}
