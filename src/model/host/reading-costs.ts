/**
 * What it costs to read files of the model's kernel: measured on Linux 6.18 in an AMD Milan guest. Sizes count where
 * others run meanwhile; a user who looks at a model by hand sees the same instant for longer.
 */

import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';
import type { Kernel } from '../kernel/state/kernel.js';
import type { Mm } from '../kernel/state/mm.js';
import { ENTRY } from '../kernel/state/page-tables.js';

/** Opening a file, or one read of it: nothing happens in no time at all. */
const LOOK_NS = 1000;
/** pagemap: 15 us for the 512 entries of a page table. */
const PAGEMAP_NS_PER_BYTE = 15_000 / 4096;
/** kpageflags, kpagecount and kpagecgroup: 55 us for 512 frames. */
const KPAGE_NS_PER_BYTE = 55_000 / 4096;
/** smaps and smaps_rollup: 7.4 ms for 256 page tables, 64 us for 256 blocks that are mapped by PMD. */
const SMAPS_TABLE_NS = 7_400_000 / 256;
const SMAPS_PMD_NS = 64_000 / 256;
/** PAGEMAP_SCAN walks page tables as pagemap does, without an entry for each page to write. */
const SCAN_TABLE_NS = 5_000;
const SCAN_PMD_NS = 500;

/** One look at a file. Events that are due by now run before it. */
export function lookAt(kernel: Kernel, path: string): void {
  kernel.clock.settle();
  kernel.clock.spend(LOOK_NS);
  if (!kernel.clock.isShared) return;
  const pid = /^\/proc\/(\d+)\/smaps(_rollup)?$/.exec(path)?.[1];
  const mm = pid === undefined ? undefined : kernel.processes.get(Number(pid))?.mm;
  if (mm !== undefined) kernel.clock.spend(walkCost(kernel, mm, SMAPS_TABLE_NS, SMAPS_PMD_NS));
}

/** `bytes` of a binary file were read. */
export function spendReading(kernel: Kernel, path: string, bytes: Bytes): void {
  if (!kernel.clock.isShared) return;
  if (/^\/proc\/\d+\/pagemap$/.test(path)) kernel.clock.spend(bytes * PAGEMAP_NS_PER_BYTE);
  else if (path.startsWith('/proc/kpage')) kernel.clock.spend(bytes * KPAGE_NS_PER_BYTE);
}

/** PAGEMAP_SCAN over an address space. */
export function spendScan(kernel: Kernel, mm: Mm): void {
  if (kernel.clock.isShared) kernel.clock.spend(walkCost(kernel, mm, SCAN_TABLE_NS, SCAN_PMD_NS));
}

/** A walk over all mappings: so much for each page table, and for each block mapped by PMD. */
function walkCost(kernel: Kernel, mm: Mm, tableNs: Nanoseconds, pmdNs: Nanoseconds): Nanoseconds {
  const { tables, geometry } = kernel;
  const scale = geometry.pagesPerBlock / 512;
  let cost = 0;
  for (const { start, end } of mm.vmas) {
    const last = Math.floor((end - 1) / geometry.pagesPerBlock);
    for (let block = Math.floor(start / geometry.pagesPerBlock); block <= last; block++) {
      const bits = tables.pmdBits[tables.pmdOf(mm, block)];
      if (bits & ENTRY.present) cost += pmdNs;
      else if (bits & ENTRY.table) cost += tableNs * scale;
    }
  }
  return cost;
}
