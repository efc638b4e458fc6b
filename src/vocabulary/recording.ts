/** What is known of the recordings that heat was made of: to tell them apart, and whose heat it is. */
import type { SampleNature } from './nature.js';
import type { Fraction, Milliseconds, Nanoseconds, ProcessId } from './units.js';

/** When a recording was made, by the wall clock in milliseconds since 1970. */
export interface RecordedSpan {
  readonly fromMs: Milliseconds | undefined;
  readonly toMs: Milliseconds;
  /** False when `toMs` is only the time at which its file was last written: it ended then or earlier. */
  readonly isExact: boolean;
}

/** One recording. */
export interface RecordingFacts {
  /** The file or event, for messages. */
  readonly name: string;
  /** Hash of all samples whatever their order and container, in hexadecimal. */
  readonly fingerprint: string;
  /** The smallest hashes of its samples (see fingerprint.ts): what two recordings share shows in them. */
  readonly sketch: readonly string[];
  /** The same of moments to the microsecond; absent where it was not kept. */
  readonly coarseSketch?: readonly string[] | undefined;
  /** Its moments are told to the microsecond only. */
  readonly isCoarse?: boolean | undefined;
  readonly samples: number;
  /** As the recording names it; several that count together by ` + `. */
  readonly event: string;
  /** Undefined when it varied (a frequency was asked for) or is not known. */
  readonly period: number | undefined;
  readonly nature: SampleNature;
  readonly unseenShare: Fraction;
  readonly span: RecordedSpan | undefined;
  /** Boot in which it was made, when known. */
  readonly bootId: string | undefined;
  readonly host: string;
  readonly kernel: string;
  readonly cpu: string;
}

/** A process as it was when it was recorded. */
export interface RecordedProcess {
  readonly pid: ProcessId;
  /** Empty when not recorded. */
  readonly command: string;
  /** As ProcessIdentity has it; undefined when not recorded. */
  readonly startTicks: number | undefined;
}

/** What heat was made of. */
export interface HeatProvenance {
  readonly recordings: readonly RecordingFacts[];
  readonly processes: readonly RecordedProcess[];
  /** Why it cannot be told what the heat was made of; empty when it can. */
  readonly unknown: string;
}

/** Time that recordings cover together, overlapping times once; undefined when one of them does not say. */
export function coveredNs(spans: readonly (RecordedSpan | undefined)[]): Nanoseconds | undefined {
  const known = spans.flatMap((span) =>
    span?.fromMs === undefined ? [] : [[span.fromMs, span.toMs] as const],
  );
  if (known.length < spans.length || known.length === 0) return undefined;
  let covered = 0;
  let reached = Number.NEGATIVE_INFINITY;
  for (const [from, to] of [...known].sort((left, right) => left[0] - right[0])) {
    covered += Math.max(0, to - Math.max(from, reached));
    reached = Math.max(reached, to);
  }
  return covered * 1e6;
}
