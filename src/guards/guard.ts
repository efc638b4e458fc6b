/**
 * Guards: what stops the agent from acting. Pure: readings of the host go in, a verdict comes out. A guard that is not told
 * what it judges by lets go on, and says so in `blind`; whether that is enough is the configuration's to say.
 */
import type { Bytes, Fraction, Milliseconds, Nanoseconds } from '../vocabulary/units.js';

/** Shares of time in percent, avg10 of a PSI file; undefined where the kernel has none. */
export interface Pressure {
  /** Some task waited. */
  readonly some: number | undefined;
  /** All tasks waited. */
  readonly full: number | undefined;
}

/** Resources that the kernel tells pressure of (PSI). */
export const RESOURCES = ['cpu', 'memory', 'io'] as const;
/** One of `RESOURCES`. */
export type Resource = (typeof RESOURCES)[number];

/** What a turn on one target saw and cost. Every part is absent where it is not known. */
export interface GuardReading {
  /** PSI of the host. */
  readonly host?: Partial<Record<Resource, Pressure>>;
  /** PSI of the target's cgroup; of the worst one where there are several. */
  readonly cgroup?: Partial<Record<Resource, Pressure>>;
  /** Memory that is free in whole huge blocks. */
  readonly freeHugeBytes?: Bytes;
  /** Time since the last reading for which the target's locks were held, and how long that was. */
  readonly lock?: { readonly heldNs: Nanoseconds; readonly overNs: Nanoseconds };
  /** CPU time and memory of the agent, both of its processes. */
  readonly own?: {
    readonly cpuNs: Nanoseconds;
    readonly overNs: Nanoseconds;
    readonly residentBytes: Bytes;
  };
  /** Verdicts since the last reading. */
  readonly verdicts?: { readonly met: number; readonly notMet: number };
  /** The user's own metric, as it was read. */
  readonly metric?: MetricReading;
}

/** The user's metric at one moment. */
export interface MetricReading {
  /** The value of the target; undefined when it could not be had. */
  readonly value: number | undefined;
  /** The same of control processes or blocks that Octavo never acts on, at the same moment. */
  readonly control?: number | undefined;
  /** Why there is no value: `it did not answer within 2 s`. */
  readonly problem?: string;
  /** Whether the agent acted on the target between the last reading and this one. */
  readonly acted: boolean;
}

/** Why a guard stands in the way. */
export interface Objection {
  /** The guard's name: `pressure`, `metric`. */
  readonly guard: string;
  /** One plain sentence with the numbers. */
  readonly why: string;
  /** `hold`: not now; ask again next turn. `stop`: back off, and after several stops only watch. */
  readonly how: 'hold' | 'stop';
}

/** Whether acting may go on, and what could not be judged. */
export interface Verdict {
  /** Empty when nothing stands in the way. */
  readonly objections: readonly Objection[];
  /** What could not be judged, and why. */
  readonly blind: readonly string[];
}

/** Judges readings one after the other and keeps what it needs of earlier ones. */
export interface Guard {
  readonly name: string;
  observe(nowMs: Milliseconds, reading: GuardReading): Verdict;
}

/** The verdict that nothing stands in the way. */
export const CLEAR: Verdict = Object.freeze({ objections: [], blind: [] });

/** Returns a verdict with one objection. */
export function objecting(guard: string, how: Objection['how'], why: string): Verdict {
  return { objections: [{ guard, how, why }], blind: [] };
}

/** Returns a verdict that says what could not be judged. */
export function blind(why: string): Verdict {
  return { objections: [], blind: [why] };
}

/** Returns all objections and blind spots of several verdicts as one. */
export function together(verdicts: readonly Verdict[]): Verdict {
  return {
    objections: verdicts.flatMap(({ objections }) => objections),
    blind: verdicts.flatMap((verdict) => verdict.blind),
  };
}

/** Returns a fraction in percent with three digits, for reasons. */
export const percent = (share: Fraction): string => `${Number((100 * share).toPrecision(3))} %`;
