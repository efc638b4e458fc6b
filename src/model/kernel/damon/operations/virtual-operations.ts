/** DAMON on virtual address spaces: vaddr and fvaddr (mm/damon/vaddr.c). */
import type { PageGeometry, PageNumber } from '../../../../vocabulary/units.js';
import { countAccess } from '../core/attributes.js';
import type { Context, Scheme, Target } from '../core/context.js';
import type { ActionName, CoreBehaviour } from '../core/generations.js';
import type {
  AddressSpace,
  FolioFacts,
  MonitoredMemory,
  RegionAdvice,
  VmaBounds,
} from '../core/monitored-memory.js';
import type { Applied, Operations } from '../core/operations.js';
import { isFolioRejected } from '../core/ops-filters.js';
import { type AddressRange, fitRegions } from '../core/range-fitting.js';
import { alignDown, alignUp } from '../core/region-dynamics.js';
import type { RegionList } from '../core/region-list.js';
import type { Tausworthe } from '../core/tausworthe.js';

const ADVICE: Partial<Record<ActionName, RegionAdvice>> = {
  willneed: 'MADV_WILLNEED',
  cold: 'MADV_COLD',
  pageout: 'MADV_PAGEOUT',
  hugepage: 'MADV_HUGEPAGE',
  nohugepage: 'MADV_NOHUGEPAGE',
};

/** Samples pages of processes, and applies actions to ranges of them. */
export class VirtualOperations implements Operations {
  readonly #memory: MonitoredMemory;
  readonly #random: Tausworthe;
  readonly #behaviour: CoreBehaviour;
  #young = new Uint8Array(64);

  constructor(memory: MonitoredMemory, random: Tausworthe, behaviour: CoreBehaviour) {
    this.#memory = memory;
    this.#random = random;
    this.#behaviour = behaviour;
  }

  readonly isValid = (target: Target): boolean =>
    target.space !== undefined && this.#memory.virtual.hasTask(target.space);

  /** Only vaddr derives regions; fvaddr keeps what the user gave. */
  initialize(context: Context): void {
    if (context.operations !== 'vaddr') return;
    for (const target of context.targets) {
      if (target.regions.count > 0) continue;
      this.#fitToThreeRanges(target);
      if (!this.#behaviour.enforcesMinimum) divideEvenly(target.regions, context);
    }
  }

  update(context: Context): number {
    if (context.operations !== 'vaddr') return 0;
    return context.targets.reduce((vmas, target) => vmas + this.#fitToThreeRanges(target), 0);
  }

  prepareChecks(context: Context): void {
    for (const { space, regions } of context.targets) {
      for (let index = 0; index < regions.count; index++) {
        regions.sampled[index] = this.#random.between(regions.start[index], regions.end[index]);
      }
      if (space !== undefined) this.#memory.virtual.markOld(space, regions.sampled, regions.count);
    }
  }

  checkAccesses(context: Context): number {
    let largest = 0;
    for (const { space, regions } of context.targets) {
      largest = Math.max(largest, space === undefined ? 0 : this.#countAccesses(context, space, regions));
    }
    return largest;
  }

  /** No probe hook on virtual address spaces. */
  applyProbes(): number {
    return 0;
  }

  apply(_context: Context, target: Target, index: number, scheme: Scheme): Applied {
    const { space, regions } = target;
    if (space === undefined) return { applied: 0, passed: 0 };
    const start = alignUp(regions.start[index], this.#memory.geometry.pageBytes);
    const end = start + alignUp(regions.size(index), this.#memory.geometry.pageBytes);
    const { action } = scheme.parameters;
    if (action === 'stat') return this.#measure(space, start, end, scheme);
    if (action === 'split') return this.#split(space, start, end, scheme);
    if (action === 'migrate_hot' || action === 'migrate_cold')
      return this.#migrate(space, start, end, scheme);
    return { applied: this.#act(space, start, end, scheme), passed: 0 };
  }

  #act(space: AddressSpace, start: number, end: number, scheme: Scheme): number {
    const { virtual } = this.#memory;
    const { action, targetOrder } = scheme.parameters;
    if (action === 'collapse') {
      if (targetOrder !== 0) return this.#collapse(space, start, end, scheme);
      return virtual.advise(space, start, end, 'MADV_COLLAPSE') === undefined ? end - start : 0;
    }
    const advice = ADVICE[action];
    if (advice === undefined) return 0;
    return virtual.advise(space, start, end, advice) === undefined ? end - start : 0;
  }

  /** Nothing more of an address space is tried in a walk that found no memory for it. */
  #collapse(space: AddressSpace, start: number, end: number, scheme: Scheme): number {
    const { virtual } = this.#memory;
    if (scheme.outOfMemory === space) return 0;
    if (!scheme.drained) virtual.drain();
    scheme.drained = true;
    const done = virtual.collapse(space, start, end, scheme.parameters.targetOrder);
    if (done.outOfMemory) scheme.outOfMemory = space;
    return done.bytes;
  }

  #countAccesses(context: Context, space: AddressSpace, regions: RegionList): number {
    if (this.#young.length < regions.count) this.#young = new Uint8Array(regions.count * 2);
    this.#memory.virtual.wereAccessed(space, regions.sampled, regions.count, this.#young);
    let largest = 0;
    for (let index = 0; index < regions.count; index++) {
      const accesses = countAccess(context, regions, index, this.#young[index]);
      if (accesses > largest) largest = accesses;
    }
    return largest;
  }

  /** Returns how many VMAs there are. */
  #fitToThreeRanges(target: Target): number {
    const bounds = target.space && this.#memory.virtual.vmas(target.space);
    const ranges = bounds && threeRanges(bounds, this.#memory.geometry);
    if (ranges !== undefined) fitRegions(target.regions, ranges, this.#memory.geometry.pageBytes);
    return bounds?.count ?? 0;
  }

  /** The stat action looks at folios only when there is an ops filter to measure. */
  #measure(space: AddressSpace, start: number, end: number, scheme: Scheme): Applied {
    const outcome = { applied: 0, passed: 0 };
    if (!this.#behaviour.opsFiltersOnVaddr || scheme.parameters.opsFilters.length === 0) return outcome;
    const { pageBytes } = this.#memory.geometry;
    this.#memory.virtual.walkFolios(space, start, end, (folio) => {
      if (folio.firstFrame === scheme.lastFolio) return;
      scheme.lastFolio = folio.firstFrame;
      if (!this.#isRejected(scheme, folio)) outcome.passed += folio.pages * pageBytes;
    });
    return outcome;
  }

  /**
   * Collects first and splits then, as the walk's locks ask for. What was split is what was applied. A folio that is
   * mapped in pieces is visited once (the kernel remembers eight).
   */
  #split(space: AddressSpace, start: number, end: number, scheme: Scheme): Applied {
    const { pageBytes } = this.#memory.geometry;
    const chosen: FolioFacts[] = [];
    let passed = 0;
    const seen = new Set<number>();
    this.#memory.virtual.walkFolios(space, start, end, (folio, { whole }) => {
      if (seen.has(folio.firstFrame)) return;
      seen.add(folio.firstFrame);
      if (this.#isRejected(scheme, folio)) return;
      passed += folio.pages * pageBytes;
      if (whole || !this.#behaviour.splitsInsideOnly) chosen.push(folio);
    });
    let pages = 0;
    for (const folio of chosen) pages += this.#memory.physical.split(folio, scheme.parameters.targetOrder);
    return { applied: pages * pageBytes, passed };
  }

  /** To target_nid, or spread over the destinations by weight, a folio at a time by its offset. */
  #migrate(space: AddressSpace, start: number, end: number, scheme: Scheme): Applied {
    const { pageBytes } = this.#memory.geometry;
    const { destinations, targetNode } = scheme.parameters;
    const chosen = new Map<number, FolioFacts[]>();
    this.#memory.virtual.walkFolios(space, start, end, (folio, { offset }) => {
      if (this.#behaviour.opsFiltersOnVaddr && this.#isRejected(scheme, folio)) return;
      const node = destinations.length === 0 ? targetNode : destinationOf(scheme, folio, offset);
      if (node === undefined || node === folio.node) return;
      const list = chosen.get(node) ?? [];
      list.push(folio);
      chosen.set(node, list);
    });
    let pages = 0;
    for (const [node, folios] of chosen) pages += this.#memory.physical.migrate(folios, node);
    return { applied: pages * pageBytes, passed: 0 };
  }

  #isRejected(scheme: Scheme, folio: FolioFacts): boolean {
    const { physical, geometry } = this.#memory;
    return isFolioRejected(scheme, folio, geometry.pageBytes, (asked) => {
      const young = physical.isYoung(asked);
      if (young) physical.clearYoung(asked);
      return young;
    });
  }
}

/** Interleaving by weight over the folio's own number of pages (damos_va_migrate_dests_add()). */
function destinationOf(scheme: Scheme, folio: FolioFacts, offset: PageNumber): number | undefined {
  const { destinations } = scheme.parameters;
  let total = 0;
  for (const { weight } of destinations) total += weight;
  if (total === 0) return undefined;
  let rest = Math.floor(offset / folio.pages) % total;
  for (const { node, weight } of destinations) {
    if (rest < weight) return node;
    rest -= weight;
  }
  return undefined;
}

/**
 * The address space without its two largest gaps (__damon_va_three_regions()). Undefined when there are not two
 * non-empty gaps.
 */
export function threeRanges(bounds: VmaBounds, geometry: PageGeometry): readonly AddressRange[] | undefined {
  const { starts, ends, count } = bounds;
  let first = { start: 0, end: 0 };
  let second = { start: 0, end: 0 };
  for (let vma = 1; vma < count; vma++) {
    const gap = { start: ends[vma - 1], end: starts[vma] };
    if (sizeOf(gap) > sizeOf(first)) {
      second = first;
      first = gap;
    } else if (sizeOf(gap) > sizeOf(second)) second = gap;
  }
  if (sizeOf(first) === 0 || sizeOf(second) === 0) return undefined;
  if (first.start > second.start) [first, second] = [second, first];
  const bound = (address: number) => alignUp(address, geometry.pageBytes);
  return [
    { start: bound(starts[0]), end: bound(first.start) },
    { start: bound(first.end), end: bound(second.start) },
    { start: bound(second.end), end: bound(ends[count - 1]) },
  ];
}

const sizeOf = (range: AddressRange): number => range.end - range.start;

/** Until 6.12 the first regions were divided evenly, so that there are about the least number of them. */
function divideEvenly(regions: RegionList, context: Context): void {
  const limit = Math.max(
    Math.floor(regions.totalSize() / context.attributes.leastRegions),
    context.leastRegion,
  );
  for (let index = regions.count - 1; index >= 0; index--) {
    const pieces = Math.floor(regions.size(index) / limit);
    const piece = pieces < 2 ? 0 : alignDown(regions.size(index) / pieces, context.leastRegion);
    if (piece === 0) continue;
    for (let cut = 0; cut < pieces - 1; cut++) regions.splitAt(index + cut, piece);
  }
}
