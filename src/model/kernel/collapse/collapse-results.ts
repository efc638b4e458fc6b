import type { ErrnoName } from '../../../vocabulary/errno.js';

/** How an attempt to collapse ended (enum scan_result, as the tracepoints spell it). */
export type ScanResult =
  | 'succeeded'
  | 'no_pte_table'
  | 'pmd_mapped'
  | 'exceed_none_pte'
  | 'exceed_swap_pte'
  | 'exceed_shared_pte'
  | 'pte_non_present'
  | 'pte_uffd'
  | 'pte_mapped_hugepage'
  | 'lack_referenced_page'
  | 'page_lazyfree'
  | 'page_null'
  | 'page_count'
  | 'page_lru'
  | 'page_locked'
  | 'page_anon'
  | 'page_filled'
  | 'truncated'
  | 'vma_check'
  | 'vma_null'
  | 'address_range'
  | 'alloc_huge_page_failed'
  | 'cgroup_charge_failed'
  | 'swap_in_failed'
  | 'any_process_exit';

/** What madvise(MADV_COLLAPSE) returns for the last block that failed (madvise_collapse_errno()). */
export function collapseErrno(result: ScanResult): ErrnoName {
  switch (result) {
    case 'alloc_huge_page_failed':
      return 'ENOMEM';
    case 'cgroup_charge_failed':
    case 'exceed_none_pte':
      return 'EBUSY';
    case 'page_count':
    case 'page_locked':
    case 'page_lru':
    case 'page_filled':
      return 'EAGAIN';
    default:
      return 'EINVAL';
  }
}

/** Failures after which MADV_COLLAPSE goes on with the next block. */
export const SOFT_FAILURES: ReadonlySet<ScanResult> = new Set<ScanResult>([
  'no_pte_table',
  'pte_non_present',
  'pte_uffd',
  'lack_referenced_page',
  'page_null',
  'page_count',
  'page_locked',
  'page_lru',
  'page_anon',
]);

/** Failures after which khugepaged may still make smaller folios of the same block. */
export const TRY_SMALLER: ReadonlySet<ScanResult> = new Set<ScanResult>([
  'alloc_huge_page_failed',
  'exceed_none_pte',
  'exceed_swap_pte',
  'exceed_shared_pte',
  'lack_referenced_page',
  'page_count',
  'page_locked',
  'page_lru',
  'page_null',
  'pte_non_present',
  'pte_uffd',
  'page_lazyfree',
  'swap_in_failed',
]);

/** Failures for want of memory: a forced collapse ends with these. */
export const OUT_OF_MEMORY: ReadonlySet<ScanResult> = new Set<ScanResult>([
  'alloc_huge_page_failed',
  'cgroup_charge_failed',
]);
