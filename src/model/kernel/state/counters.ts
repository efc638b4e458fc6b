import type { Order } from '../../../vocabulary/units.js';

/** Events that memory management counts for the whole system, as /proc/vmstat names them. */
export const EVENTS = [
  'pgfault', 'pgmajfault', 'pgreuse', 'pgalloc_normal', 'pgfree', 'pgactivate', 'pgdeactivate', 'pglazyfree',
  'pglazyfreed', 'pswpin', 'pswpout', 'swpin_zero', 'swpout_zero', 'zswpin', 'zswpout', 'zswpwb',
  'pgscan_kswapd', 'pgscan_direct', 'pgscan_khugepaged', 'pgscan_proactive', 'pgscan_anon', 'pgscan_file',
  'pgsteal_kswapd', 'pgsteal_direct', 'pgsteal_khugepaged', 'pgsteal_proactive', 'pgsteal_anon', 'pgsteal_file',
  'pgrefill', 'pageoutrun', 'allocstall_normal', 'slabs_scanned', 'drop_pagecache', 'drop_slab', 'oom_kill',
  'workingset_refault_anon', 'workingset_refault_file', 'workingset_activate_anon', 'workingset_restore_anon',
  'pgmigrate_success', 'pgmigrate_fail', 'compact_stall', 'compact_fail', 'compact_success',
  'compact_migrate_scanned', 'compact_free_scanned', 'compact_isolated', 'unevictable_pgs_culled',
  'unevictable_pgs_mlocked', 'unevictable_pgs_munlocked', 'unevictable_pgs_rescued',
  'thp_fault_alloc', 'thp_fault_fallback', 'thp_fault_fallback_charge', 'thp_collapse_alloc',
  'thp_collapse_alloc_failed', 'thp_file_alloc', 'thp_file_fallback', 'thp_file_fallback_charge', 'thp_file_mapped',
  'thp_split_page', 'thp_split_page_failed', 'thp_deferred_split_page', 'thp_underused_split_page', 'thp_split_pmd',
  'thp_scan_exceed_none_pte', 'thp_scan_exceed_swap_pte', 'thp_scan_exceed_share_pte', 'thp_zero_page_alloc',
  'thp_zero_page_alloc_failed', 'thp_swpout', 'thp_swpout_fallback', 'thp_migration_success', 'thp_migration_fail',
  'thp_migration_split', 'nr_foll_pin_acquired', 'nr_foll_pin_released',
] as const; // biome-ignore format: a table

/** Name of a counter in /proc/vmstat. */
export type EventName = (typeof EVENTS)[number];

/** Per-order statistics (/sys/kernel/mm/transparent_hugepage/hugepages-N kB/stats). nr_* are gauges. */
export const ORDER_STATS = [
  'anon_fault_alloc', 'anon_fault_fallback', 'anon_fault_fallback_charge', 'collapse_alloc',
  'collapse_alloc_failed', 'collapse_exceed_none_pte', 'collapse_exceed_shared_pte', 'collapse_exceed_swap_pte',
  'nr_anon', 'nr_anon_partially_mapped', 'shmem_alloc', 'shmem_fallback', 'shmem_fallback_charge', 'split',
  'split_deferred', 'split_failed', 'swpin', 'swpin_fallback', 'swpin_fallback_charge', 'swpout',
  'swpout_fallback', 'zswpout',
] as const; // biome-ignore format: a table

/** Name of a counter of one THP size (hugepages-N/stats). */
export type OrderStat = (typeof ORDER_STATS)[number];

/** Counters of the whole system. Plain numbers that only grow, except the gauges named nr_*. */
export class Counters {
  readonly events: Record<EventName, number>;
  readonly byOrder: Record<OrderStat, Float64Array>;
  /** Folios that a collapse built, by order, for any caller. Linux counts what it allocates for them instead. */
  readonly collapsed: Float64Array;

  constructor(orders: number) {
    this.events = Object.fromEntries(EVENTS.map((name) => [name, 0])) as Record<EventName, number>;
    this.byOrder = Object.fromEntries(
      ORDER_STATS.map((name) => [name, new Float64Array(orders + 1)]),
    ) as Record<OrderStat, Float64Array>;
    this.collapsed = new Float64Array(orders + 1);
  }

  count(event: EventName, by = 1): void {
    this.events[event] += by;
  }

  countOrder(stat: OrderStat, order: Order, by = 1): void {
    this.byOrder[stat][order] += by;
  }
}
