/** What the guards of a target are told. */

import type { MetricOptions } from '../../guards/metric.js';
import type { PressureBounds } from '../../guards/pressure.js';
import type { Bytes, Fraction } from '../../vocabulary/units.js';

/** Where the value of a user's metric is read: a file, a command or Prometheus. */
export interface MetricSource {
  /** Exactly one of these says where the value is. */
  readonly file?: string | undefined;
  /** Words of a command whose output is the value. */
  readonly command?: readonly string[] | undefined;
  /** Address of a Prometheus of this machine, and the query whose one value it is. */
  readonly prometheus?: string | undefined;
  readonly query?: string | undefined;
  /** The same of processes that Octavo never acts on. */
  readonly controlFile?: string | undefined;
  readonly controlCommand?: readonly string[] | undefined;
  readonly controlQuery?: string | undefined;
}

/** The bounds that a target's guards hold, as the configuration gives them. */
export interface GuardOptions {
  readonly pressure: PressureBounds;
  /** Memory that must be free in huge blocks; 0 for no bound. */
  readonly freeHuge: Bytes;
  readonly lockShare: Fraction;
  readonly ownCpu: Fraction;
  readonly ownMemory: Bytes;
  /** Share of the verdicts that must be met. */
  readonly success: Fraction;
  readonly metric: (MetricOptions & { readonly source: MetricSource }) | undefined;
}
