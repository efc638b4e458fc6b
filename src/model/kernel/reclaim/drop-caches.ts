import { drainAll, isolate } from '../memory/lru.js';
import { shrinkDeferred } from '../split/deferred-split.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { shrinkFolios } from './reclaim.js';

/** drop_caches: bit 0 drops clean, unmapped pages of files; bit 1 runs the shrinkers, the deferred-split one among them. */
export function dropCaches(kernel: Kernel, bits: number): void {
  if (bits & 1) dropPageCache(kernel);
  if ((bits & 2) === 0) return;
  kernel.counters.count('drop_slab');
  for (const memcg of kernel.memcgs)
    if (memcg !== undefined) shrinkDeferred(kernel, memcg, Number.POSITIVE_INFINITY);
}

function dropPageCache(kernel: Kernel): void {
  const { folios } = kernel;
  kernel.counters.count('drop_pagecache');
  drainAll(kernel);
  for (const inode of kernel.inodes.values()) {
    if (inode.kind !== 'file') continue;
    for (const offset of [...inode.offsets()]) {
      const frame = inode.frameAt(offset);
      if (frame < 0) continue;
      const head = folios.headOf(frame);
      if (folios.totalMaps[head] > 0 || folios.has(head, FOLIO.dirty) || !isolate(kernel, head)) continue;
      shrinkFolios(kernel, [head], true);
    }
  }
}
