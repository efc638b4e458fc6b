/** DAMON on the physical address space: paddr (mm/damon/paddr.c). Addresses are in units of addr_unit bytes. */
import { countAccess } from '../core/attributes.js';
import {
  type Context,
  type Filter,
  type Probe,
  probeWeights,
  type Scheme,
  type Target,
} from '../core/context.js';
import type { CoreBehaviour } from '../core/generations.js';
import type { FolioFacts, MonitoredMemory } from '../core/monitored-memory.js';
import type { Applied, Operations } from '../core/operations.js';
import { isFolioRejected } from '../core/ops-filters.js';
import { eachFolioOf } from '../core/physical-walk.js';
import { probeScore } from '../core/region-dynamics.js';
import { MOST_PROBES, type RegionList } from '../core/region-list.js';
import type { Tausworthe } from '../core/tausworthe.js';

/** What pageout adds for the time of one region, unless the scheme has a young filter of its own. */
const REJECT_YOUNG: Filter = {
  type: 'young',
  matching: true,
  allow: false,
  least: 0,
  most: 0,
  memcg: 0,
  target: 0,
};

/** Where folios that pass go, and by which filters; the scheme's own when absent. */
interface Collecting {
  readonly into: FolioFacts[];
  readonly filters?: Scheme['parameters']['opsFilters'];
}

/** Samples frames, and applies actions to the folios of a region. */
export class PhysicalOperations implements Operations {
  readonly isValid = undefined;
  readonly #memory: MonitoredMemory;
  readonly #random: Tausworthe;
  readonly #behaviour: CoreBehaviour;
  #frames = new Float64Array(64);
  #young = new Uint8Array(64);

  constructor(memory: MonitoredMemory, random: Tausworthe, behaviour: CoreBehaviour) {
    this.#memory = memory;
    this.#random = random;
    this.#behaviour = behaviour;
  }

  initialize(): void {}

  update(): number {
    return 0;
  }

  prepareChecks(context: Context): void {
    for (const { regions } of context.targets) {
      this.#chooseSamples(regions);
      this.#memory.physical.markFramesOld(this.#framesOf(context, regions), regions.count);
    }
  }

  checkAccesses(context: Context): number {
    let largest = 0;
    for (const { regions } of context.targets) {
      const frames = this.#framesOf(context, regions);
      this.#memory.physical.wereFramesAccessed(frames, regions.count, this.#young);
      for (let index = 0; index < regions.count; index++) {
        largest = Math.max(largest, countAccess(context, regions, index, this.#young[index]));
      }
    }
    return largest;
  }

  applyProbes(context: Context, chooseSamples: boolean, wantsLargest: boolean): number {
    if (context.probes.length === 0) return 0;
    const weights = probeWeights(context);
    let largest = 0;
    for (const { regions } of context.targets) {
      if (chooseSamples) this.#chooseSamples(regions);
      for (let index = 0; index < regions.count; index++) {
        this.#probeRegion(context, regions, index);
        if (wantsLargest) largest = Math.max(largest, probeScore(regions, index, weights));
      }
    }
    return largest;
  }

  apply(context: Context, target: Target, index: number, scheme: Scheme): Applied {
    const { regions } = target;
    switch (scheme.parameters.action) {
      case 'pageout':
        return this.#pageOut(context, regions, index, scheme);
      case 'lru_prio':
        return this.#sort(context, regions, index, scheme, true);
      case 'lru_deprio':
        return this.#sort(context, regions, index, scheme, false);
      case 'migrate_hot':
      case 'migrate_cold':
        return this.#migrate(context, regions, index, scheme);
      case 'split':
        return this.#split(context, regions, index, scheme);
      case 'stat':
        return this.#measure(context, regions, index, scheme);
      default:
        return { applied: 0, passed: 0 };
    }
  }

  #chooseSamples(regions: RegionList): void {
    for (let index = 0; index < regions.count; index++) {
      regions.sampled[index] = this.#random.between(regions.start[index], regions.end[index]);
    }
  }

  #framesOf(context: Context, regions: RegionList): Float64Array {
    if (this.#frames.length < regions.count) {
      this.#frames = new Float64Array(regions.count * 2);
      this.#young = new Uint8Array(regions.count * 2);
    }
    const { pageBytes } = this.#memory.geometry;
    for (let index = 0; index < regions.count; index++) {
      this.#frames[index] = Math.floor((regions.sampled[index] * context.addressUnit) / pageBytes);
    }
    return this.#frames;
  }

  #probeRegion(context: Context, regions: RegionList, index: number): void {
    const { pageBytes } = this.#memory.geometry;
    const frame = Math.floor((regions.sampled[index] * context.addressUnit) / pageBytes);
    const folio = this.#memory.physical.folioAt(frame);
    context.probes.forEach((probe, place) => {
      if (probePasses(probe, folio)) regions.hits[index * MOST_PROBES + place]++;
    });
  }

  #pageOut(context: Context, regions: RegionList, index: number, scheme: Scheme): Applied {
    const { opsFilters } = scheme.parameters;
    const hasYoung = opsFilters.some((filter) => filter.type === 'young');
    const filters = hasYoung ? opsFilters : [...opsFilters, REJECT_YOUNG];
    const chosen: FolioFacts[] = [];
    const passed = this.#collect(context, regions, index, scheme, { into: chosen, filters });
    const { pageBytes } = this.#memory.geometry;
    const pages = this.#memory.physical.reclaim(chosen);
    return { applied: (pages * pageBytes) / context.addressUnit, passed };
  }

  #sort(context: Context, regions: RegionList, index: number, scheme: Scheme, active: boolean): Applied {
    const chosen: FolioFacts[] = [];
    const passed = this.#collect(context, regions, index, scheme, { into: chosen });
    let pages = 0;
    for (const folio of chosen) {
      this.#memory.physical.setActive(folio, active);
      pages += folio.pages;
    }
    return { applied: (pages * this.#memory.geometry.pageBytes) / context.addressUnit, passed };
  }

  #migrate(context: Context, regions: RegionList, index: number, scheme: Scheme): Applied {
    const chosen: FolioFacts[] = [];
    const passed = this.#collect(context, regions, index, scheme, { into: chosen });
    const pages = this.#memory.physical.migrate(chosen, scheme.parameters.targetNode);
    return { applied: (pages * this.#memory.geometry.pageBytes) / context.addressUnit, passed };
  }

  #split(context: Context, regions: RegionList, index: number, scheme: Scheme): Applied {
    const { physical, geometry } = this.#memory;
    const chosen: FolioFacts[] = [];
    let passed = 0;
    eachFolioOf(context, this.#memory, regions, index, (folio, inside) => {
      const bytes = folio.pages * geometry.pageBytes;
      if (isFolioRejected(scheme, folio, geometry.pageBytes, (asked) => this.#takeYoung(asked))) return;
      passed += bytes / context.addressUnit;
      if (inside === bytes || !this.#behaviour.splitsInsideOnly) chosen.push(folio);
    });
    let pages = 0;
    for (const folio of chosen) pages += physical.split(folio, scheme.parameters.targetOrder);
    return { applied: (pages * geometry.pageBytes) / context.addressUnit, passed };
  }

  #measure(context: Context, regions: RegionList, index: number, scheme: Scheme): Applied {
    if (scheme.parameters.opsFilters.length === 0) return { applied: 0, passed: 0 };
    return { applied: 0, passed: this.#collect(context, regions, index, scheme, { into: [] }) };
  }

  /** Folios of the region that pass the ops filters, each once. Returns their bytes. */
  #collect(
    context: Context,
    regions: RegionList,
    index: number,
    scheme: Scheme,
    { into, filters = scheme.parameters.opsFilters }: Collecting,
  ): number {
    const { geometry } = this.#memory;
    let passed = 0;
    let last = scheme.lastFolio;
    eachFolioOf(context, this.#memory, regions, index, (folio) => {
      if (folio.firstFrame === scheme.lastFolio) return;
      last = folio.firstFrame;
      const rejected = isFolioRejected(
        scheme,
        folio,
        geometry.pageBytes,
        (asked) => this.#takeYoung(asked),
        filters,
      );
      if (rejected) return;
      passed += (folio.pages * geometry.pageBytes) / context.addressUnit;
      into.push(folio);
    });
    scheme.lastFolio = last;
    return passed;
  }

  #takeYoung(folio: FolioFacts): boolean {
    const young = this.#memory.physical.isYoung(folio);
    if (young) this.#memory.physical.clearYoung(folio);
    return young;
  }
}

/** First matching filter decides; else the inverse of the last filter. No filter is a hit. */
function probePasses(probe: Probe, folio: FolioFacts | undefined): boolean {
  let passes = true;
  for (const filter of probe.filters) {
    const has = folio !== undefined && (filter.type === 'anon' ? folio.anonymous : isOf(folio, filter.memcg));
    if (has === filter.matching) return filter.allow;
    passes = !filter.allow;
  }
  return passes;
}

const isOf = (folio: FolioFacts, memcg: number): boolean => folio.memcg !== 0 && folio.memcg === memcg;
