/**
 * What the configuration allows, as the acting side has read it by itself. The deciding side has its own copy and plans
 * by it; this one is what holds.
 */
import type { ActuatorName } from '../../actuators/kinds/catalogue.js';
import type { Given } from '../../config/kinds.js';
import type { Budgets } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Bytes, Fraction, Milliseconds } from '../../vocabulary/units.js';
import type { Look } from './protocol.js';

/** What may be done to the processes of one target. */
export interface Grant {
  /** The target's name in the configuration. */
  readonly name: string;
  /** False: it is only watched. */
  readonly act: boolean;
  readonly actions: readonly ('split' | 'collapse')[];
  readonly actuators: readonly ActuatorName[];
  /** Parameters of the actuators, by name. */
  readonly actuatorParameters?: Given;
  readonly looks: readonly Look[];
  /** Bounds of one run; those of a plan hold where they are narrower. */
  readonly budgets: Budgets;
  /** Bytes of memory split or collapsed within any hour; 0 for no bound. */
  readonly bytesPerHour: Bytes;
  /** Time between the end of one run and the beginning of the next. */
  readonly pauseMs: Milliseconds;
  /** Content read in a second. */
  readonly readBytesPerSecond: Bytes;
  /** Share of the time that looks at one process may take: they hold its mmap_lock. */
  readonly lookShare: Fraction;
  /** Whether the hours in which the target may be acted on have this moment in them. */
  isOpen(atMs: Milliseconds): boolean;
}

/** All that is allowed on this host. */
export interface Grants {
  readonly targets: readonly Pick<Grant, 'name' | 'act'>[];
  /** Share of one CPU that sampling may take on the acting side. */
  readonly sampleShare: Fraction;
  /** The first target that has a process; undefined for one that no target has, or that is on the deny list. */
  grantOf(process: ProcessIdentity): Grant | undefined;
}

/** Share of the time that looks take where nothing else is said. */
export const USUAL_LOOK_SHARE: Fraction = 0.05;
/** Share of one CPU that sampling may take where nothing else is said. */
export const USUAL_SAMPLE_SHARE: Fraction = 0.05;
/** Pause between runs where nothing else is said: no second has more of a target's lock time than its share. */
export const LEAST_PAUSE_MS: Milliseconds = 1000;
