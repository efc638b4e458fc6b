/**
 * Octavo as a library: read a recording, build hot maps, look at a process's page sizes, ask a policy. Nothing here changes
 * anything on the machine. Everything else of the package is private and may change with every version.
 */
import type { Host } from '../host/host.js';
import { linuxHost } from '../host/linux/linux-host.js';
import { observe } from '../verification/observe.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { decideOn } from './decide.js';
import type { Decided, DecideOptions, Heat, HeatOptions, ReadOptions, Samples } from './nouns.js';
import { readHeatOn, samplesOn } from './read-heat.js';

export { OctavoError } from '../vocabulary/errors.js';
export type { HotBlock, HotFraction, HotMap, KeptPages } from '../vocabulary/hot-map.js';
export type { Mapping } from '../vocabulary/mapping.js';
export { NATURES, type SampleNature } from '../vocabulary/nature.js';
export { BLOCK_FLAG, type BlockColumns, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
export type { ProcessIdentity } from '../vocabulary/process.js';
export {
  DATA_SOURCE,
  NO_PAGE,
  SAMPLE_FLAG,
  SAMPLE_KIND,
  type SampleBatch,
  type SampleOrigin,
  sourceOf as dataSourceOf,
} from '../vocabulary/sample.js';
export {
  blockToPage,
  type PageGeometry,
  pageGeometry,
  pageToAddress,
  pageToBlock,
} from '../vocabulary/units.js';
export { policies } from './kinds.js';
export type {
  Decided,
  DecideOptions,
  Decision,
  Heat,
  HeatOptions,
  PolicyFacts,
  PolicyParameter,
  ReadOptions,
  Samples,
} from './nouns.js';

let machine: Host | undefined;

function here(): Host {
  machine ??= linuxHost();
  return machine;
}

/** Page sizes of this machine. */
export function geometryHere(): PageSizes['geometry'] {
  return here().identity.geometry;
}

/**
 * Yields the samples of a perf.data file (or directory of `perf record --threads`, or heat file), batch by batch. Throws
 * OctavoError: FILE_UNREADABLE, FILE_MALFORMED, EVENT_ABSENT, STOPPED.
 */
export function readSamples(path: string, options: ReadOptions = {}): AsyncGenerator<Samples> {
  return samplesOn(here(), path, options);
}

/**
 * Reads recordings and heat files together into one hot map for each process. Throws OctavoError: as readSamples, and
 * HEAT_REPEATED.
 */
export function readHeat(paths: readonly string[], options: HeatOptions = {}): Promise<Heat> {
  return readHeatOn(here(), paths, options);
}

/** What the memory of a live process looks like now. Throws OctavoError: TARGET_GONE, PERMISSION. */
export function pageSizesOf(pid: number): PageSizes {
  return observe(here(), pid).sizes;
}

/** Asks a policy what it would do to a process. Throws OctavoError: KIND_UNKNOWN, PARAMETER_INVALID. */
export function decide(policy: string, options: DecideOptions): Decided {
  return decideOn(here(), policy, options);
}
