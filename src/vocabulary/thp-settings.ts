import type { Order, Pages } from './units.js';

/** Value of a THP switch. */
export type ThpMode = 'always' | 'madvise' | 'never';
/** Value of the switch of one size; `absent` where the kernel does not have it. */
export type SizeMode = ThpMode | 'inherit' | 'absent';

/** What /sys/kernel/mm/transparent_hugepage says now. */
export interface ThpSettings {
  /** False on a kernel without THP; the rest then holds harmless values. */
  readonly present: boolean;
  readonly enabled: ThpMode;
  /** Anonymous folio sizes by order, ascending. */
  readonly sizes: readonly {
    readonly order: Order;
    readonly enabled: SizeMode;
    /** hugepages-*kB/shmem_enabled; undefined where the kernel has none. */
    readonly shmem?: string;
  }[];
  /** always, within_size, advise, never, deny or force. */
  readonly shmemEnabled: string;
  readonly khugepaged: {
    readonly maxPtesNone: Pages;
    readonly maxPtesShared: Pages;
    readonly maxPtesSwap: Pages;
    readonly pagesToScan: Pages;
    readonly scanSleepMs: number;
    /** Whether khugepaged collapses to orders below the PMD's (shown by its per-size counters). */
    readonly collapsesSmall: boolean;
  };
}
