import type { PmuSamples } from '../../model/hardware/pmu-samples.js';
import type { RecordedArea, RecordedThread } from './perf-writer.js';

/** What a perf.data file is made from. Times of samples are nanoseconds of virtual time. */
export interface Recording {
  readonly samples: PmuSamples;
  readonly period: number;
  readonly physical: boolean;
  readonly collisions: number;
  readonly cpus: number;
  readonly cpuTitle: string;
  readonly pageBytes: number;
  readonly blockBytes: number;
  readonly threads: readonly RecordedThread[];
  readonly areas: readonly RecordedArea[];
}
