import type { PageGeometry } from '../vocabulary/units.js';
import { OCCUPANCY_DEFAULTS, type OccupancyOptions, OccupancySource } from './occupancy.js';
import { SmapsSource } from './smaps.js';
import type { Source } from './source.js';

export interface SourceOptions {
  readonly geometry: PageGeometry;
  readonly occupancy?: Partial<OccupancyOptions>;
}

/** Every source that can be chosen by name. */
export const SOURCES = {
  occupancy: (options) => new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...options.occupancy }),
  smaps: (options) => new SmapsSource(options.geometry),
} as const satisfies Record<string, (options: SourceOptions) => Source>;

export type SourceName = keyof typeof SOURCES;
