import type { Order } from '../../../vocabulary/units.js';

/** Value of transparent_hugepage/enabled. */
export type TopEnabled = 'always' | 'madvise' | 'never';
/** Value of hugepages-N/enabled. */
export type OrderEnabled = 'always' | 'inherit' | 'madvise' | 'never';
/** Value of transparent_hugepage/defrag. */
export type Defrag = 'always' | 'defer' | 'defer+madvise' | 'madvise' | 'never';
/** Value of transparent_hugepage/shmem_enabled. */
export type TopShmemEnabled = 'always' | 'within_size' | 'advise' | 'never' | 'deny' | 'force';
/** Value of hugepages-N/shmem_enabled. */
export type OrderShmemEnabled = 'always' | 'inherit' | 'within_size' | 'advise' | 'never';

/** Everything under /sys/kernel/mm/transparent_hugepage that can be written, with the kernel's defaults. */
export class ThpSettings {
  enabled: TopEnabled = 'always';
  defrag: Defrag = 'madvise';
  useZeroPage = true;
  shmemEnabled: TopShmemEnabled = 'never';
  shrinkUnderused = true;
  /** By order; order 1 is never allowed for anonymous memory. */
  readonly anonEnabled: OrderEnabled[] = [];
  readonly orderShmemEnabled: OrderShmemEnabled[] = [];
  khugepagedDefrag = true;
  maxPtesNone: number;
  maxPtesSwap: number;
  maxPtesShared: number;
  pagesToScan: number;
  scanSleepMs = 10_000;
  allocSleepMs = 60_000;
  /** Read-only figures of khugepaged. */
  pagesCollapsed = 0;
  fullScans = 0;

  constructor(hugeOrder: Order) {
    const pages = 2 ** hugeOrder;
    for (let order = 0; order <= hugeOrder; order++) {
      this.anonEnabled.push(order === hugeOrder ? 'inherit' : 'never');
      this.orderShmemEnabled.push(order === hugeOrder ? 'inherit' : 'never');
    }
    this.maxPtesNone = pages - 1;
    this.maxPtesSwap = pages / 8;
    this.maxPtesShared = pages / 2;
    this.pagesToScan = pages * 8;
  }
}
