import type { PageGeometry } from '../vocabulary/units.js';
import { DAMON_REGIONS_DEFAULTS, type DamonRegionsOptions, DamonRegionsSource } from './damon-regions.js';
import { OCCUPANCY_DEFAULTS, type OccupancyOptions, OccupancySource } from './occupancy.js';
import { SmapsSource } from './smaps.js';
import type { Source } from './source.js';

export interface SourceOptions {
  readonly geometry: PageGeometry;
  readonly occupancy?: Partial<OccupancyOptions>;
  readonly damon?: Partial<DamonRegionsOptions>;
}

/** Every source that can be chosen by name for a plan. The probe is none of them, because it acts (`octavo probe`). */
export const SOURCES = {
  occupancy: (options) => new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...options.occupancy }),
  'damon-regions': (options) =>
    new DamonRegionsSource(options.geometry, { ...DAMON_REGIONS_DEFAULTS, ...options.damon }),
  smaps: (options) => new SmapsSource(options.geometry),
} as const satisfies Record<string, (options: SourceOptions) => Source>;

export type SourceName = keyof typeof SOURCES;
