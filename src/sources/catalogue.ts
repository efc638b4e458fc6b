import type { PageGeometry } from '../vocabulary/units.js';
import { DAMON_REGIONS_DEFAULTS, type DamonRegionsOptions, DamonRegionsSource } from './damon-regions.js';
import { OCCUPANCY_DEFAULTS, type OccupancyOptions, OccupancySource } from './occupancy.js';
import { PROBE_DEFAULTS, type ProbeHands, type ProbeOptions, ProbeSource } from './probe.js';
import { SmapsSource } from './smaps.js';
import type { Source } from './source.js';

export interface SourceOptions {
  readonly geometry: PageGeometry;
  readonly occupancy?: Partial<OccupancyOptions>;
  readonly damon?: Partial<DamonRegionsOptions>;
  readonly probe?: Partial<ProbeOptions>;
  /** What the probe acts with; asked for only when the probe is chosen. */
  hands(): ProbeHands;
}

/** Every source that can be chosen by name. */
export const SOURCES = {
  occupancy: (options) => new OccupancySource({ ...OCCUPANCY_DEFAULTS, ...options.occupancy }),
  'damon-regions': (options) =>
    new DamonRegionsSource(options.geometry, { ...DAMON_REGIONS_DEFAULTS, ...options.damon }),
  probe: (options) =>
    new ProbeSource(options.geometry, options.hands(), { ...PROBE_DEFAULTS, ...options.probe }),
  smaps: (options) => new SmapsSource(options.geometry),
} as const satisfies Record<string, (options: SourceOptions) => Source>;

export type SourceName = keyof typeof SOURCES;
