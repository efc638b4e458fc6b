import type { FrameNumber, Pages } from '../../../vocabulary/units.js';

/** LRU lists of a memcg, in the order of their list heads. */
export const LRU = {
  inactiveAnon: 0,
  activeAnon: 1,
  inactiveFile: 2,
  activeFile: 3,
  unevictable: 4,
} as const;
/** LRU lists of a cgroup: anonymous and file, inactive and active, and the unevictable one. */
export const LRU_LISTS = 5;
/** Most cgroups that a model can hold. */
export const MAX_MEMCGS = 1024;

/** Events that memory.stat and memory.events count for each cgroup. */
export const MEMCG_EVENTS = [
  'pgfault', 'pgmajfault', 'pgscan', 'pgsteal', 'pgscan_kswapd', 'pgscan_direct', 'pgscan_khugepaged',
  'pgscan_proactive', 'pgsteal_kswapd', 'pgsteal_direct', 'pgsteal_khugepaged', 'pgsteal_proactive', 'pgrefill',
  'pgactivate', 'pgdeactivate', 'pglazyfree', 'pglazyfreed', 'swpin_zero', 'swpout_zero', 'zswpin', 'zswpout',
  'zswpwb', 'thp_fault_alloc', 'thp_collapse_alloc', 'thp_swpout', 'thp_swpout_fallback',
  'low', 'high', 'max', 'oom', 'oom_kill', 'oom_group_kill',
] as const; // biome-ignore format: a table

/** Name of a counter in memory.events or memory.stat. */
export type MemcgEvent = (typeof MEMCG_EVENTS)[number];

/** A memory cgroup. Charges are counted in it and in every ancestor; LRU lists hold only its own folios. */
export class Memcg {
  readonly id: number;
  readonly path: string;
  readonly parent: Memcg | undefined;
  readonly inode: number;
  readonly children: Memcg[] = [];
  /** Pages charged here and below. */
  charged: Pages = 0;
  peak: Pages = 0;
  swapped: Pages = 0;
  max: Pages = Number.POSITIVE_INFINITY;
  high: Pages = Number.POSITIVE_INFINITY;
  min: Pages = 0;
  low: Pages = 0;
  swapMax: Pages = Number.POSITIVE_INFINITY;
  /** memory.oom.group: all of it is killed together. */
  oomGroup = false;
  readonly events: Record<MemcgEvent, number>;
  /** Pages on each of the LRU lists. */
  readonly lruPages: number[] = [0, 0, 0, 0, 0];
  /** Pages by kind, own ones only. */
  anon: Pages = 0;
  file: Pages = 0;
  shmem: Pages = 0;
  /** Anonymous pages mapped by PMD (anon_thp), and pages of PMD-size shmem and file folios. */
  anonThp: Pages = 0;
  shmemThp: Pages = 0;
  fileThp: Pages = 0;
  pageTables: Pages = 0;
  /** Folios waiting for the deferred-split shrinker, in order of arrival. */
  readonly deferred = new Set<FrameNumber>();

  constructor(id: number, path: string, parent: Memcg | undefined) {
    this.id = id;
    this.path = path;
    this.parent = parent;
    this.inode = id + 1;
    this.events = Object.fromEntries(MEMCG_EVENTS.map((name) => [name, 0])) as Record<MemcgEvent, number>;
    parent?.children.push(this);
  }

  /** Whether `pages` more fit under the limits of this cgroup and its ancestors; the first that refuses, if not. */
  overLimit(pages: Pages): Memcg | undefined {
    let memcg: Memcg | undefined = this;
    while (memcg !== undefined && memcg.charged + pages <= memcg.max) memcg = memcg.parent;
    return memcg;
  }

  charge(pages: Pages): void {
    for (let memcg: Memcg | undefined = this; memcg !== undefined; memcg = memcg.parent) {
      memcg.charged += pages;
      memcg.peak = Math.max(memcg.peak, memcg.charged);
    }
  }

  chargeSwap(pages: Pages): void {
    for (let memcg: Memcg | undefined = this; memcg !== undefined; memcg = memcg.parent)
      memcg.swapped += pages;
  }

  /** Pages of swap that this cgroup and its ancestors still allow. */
  swapLeft(): Pages {
    let left = Number.POSITIVE_INFINITY;
    for (let memcg: Memcg | undefined = this; memcg !== undefined; memcg = memcg.parent)
      left = Math.min(left, memcg.swapMax - memcg.swapped);
    return left;
  }

  /** Counts an event here and in every ancestor. */
  count(event: MemcgEvent, by = 1): void {
    for (let memcg: Memcg | undefined = this; memcg !== undefined; memcg = memcg.parent)
      memcg.events[event] += by;
  }

  /** This cgroup and everything below it. */
  *subtree(): Generator<Memcg> {
    yield this;
    for (const child of this.children) yield* child.subtree();
  }
}
