/** What a process's memory looks like in the model, counted from its page tables. */

import type { Kernel } from '../../model/kernel/state/kernel.js';
import type { Mm } from '../../model/kernel/state/mm.js';
import { ENTRY } from '../../model/kernel/state/page-tables.js';
import type { Bytes } from '../../vocabulary/units.js';

/** Memory of a process in bytes. */
export interface MemoryCensus {
  readonly rss: Bytes;
  /** Bytes mapped by PMD entries (AnonHugePages). */
  readonly pmdMapped: Bytes;
  /** Bytes by order of the folio behind them, index = order. */
  readonly byOrder: readonly Bytes[];
  /** Resident bytes that hold nothing but zeroes. */
  readonly bloat: Bytes;
  readonly swapped: Bytes;
}

/** Counts a process's memory by page tables, folios and content. Changes nothing. */
export function takeCensus(kernel: Kernel, mm: Mm): MemoryCensus {
  const { geometry, tables, folios } = kernel;
  const pages: number[] = Array.from({ length: geometry.hugeOrder + 1 }, () => 0);
  let empty = 0;
  let pmdMapped = 0;
  const countFrames = (frame: number, count: number): void => {
    pages[folios.orderOf(frame)] += count;
    for (let i = 0; i < count; i++) if (folios.content[frame + i] === 0) empty++;
  };
  for (const vma of mm.vmas) {
    // A program's text is no memory of its workload.
    if (vma.inode?.kind === 'file') continue;
    const lastBlock = Math.floor((vma.end - 1) / geometry.pagesPerBlock);
    for (let block = Math.floor(vma.start / geometry.pagesPerBlock); block <= lastBlock; block++) {
      const first = block * geometry.pagesPerBlock;
      const from = Math.max(vma.start, first) - first;
      const to = Math.min(vma.end, first + geometry.pagesPerBlock) - first;
      const pmd = tables.pmdOf(mm, block);
      const bits = tables.pmdBits[pmd];
      if ((bits & ENTRY.present) !== 0) {
        if ((bits & ENTRY.zero) !== 0) continue;
        pmdMapped += to - from;
        countFrames(tables.pmdValue[pmd] + from, to - from);
      } else if ((bits & ENTRY.table) !== 0) {
        const table = tables.pmdValue[pmd] * geometry.pagesPerBlock;
        for (let entry = table + from; entry < table + to; entry++) {
          const pte = tables.pteBits[entry];
          if ((pte & ENTRY.present) !== 0 && (pte & ENTRY.zero) === 0) countFrames(tables.pteValue[entry], 1);
        }
      }
    }
  }
  return {
    rss: mm.rss * geometry.pageBytes,
    pmdMapped: pmdMapped * geometry.pageBytes,
    byOrder: pages.map((count) => count * geometry.pageBytes),
    bloat: empty * geometry.pageBytes,
    swapped: mm.swapEntries * geometry.pageBytes,
  };
}
