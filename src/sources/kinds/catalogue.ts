import type { RecordingKind, SourceKind } from '../source.js';
import { damonRegions } from './damon-regions.js';
import { heatFile } from './heat-file.js';
import { occupancy } from './occupancy.js';
import { perfFile } from './perf-file.js';
import { smaps } from './smaps.js';

/** Every source that can be chosen by name for a plan. The probe is none of them, because it acts (`octavo probe`). */
export const SOURCES = {
  occupancy,
  'damon-regions': damonRegions,
  smaps,
} as const satisfies Record<string, SourceKind>;

/** Name of a source that `--source` takes. */
export type SourceName = keyof typeof SOURCES;

/** Every source of files, chosen by giving them; in the order in which they are read. */
export const RECORDINGS = {
  'perf-file': perfFile,
  'heat-file': heatFile,
} as const satisfies Record<string, RecordingKind>;
