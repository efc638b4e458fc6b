/**
 * A Linux in memory: faults, khugepaged, reclaim, splits, DAMON and the files that show them, on virtual time.
 * Start here: boot() makes one. Its state is one object in columns; each folder beside this file is one duty of mm/.
 */
import { runKhugepaged } from './collapse/khugepaged.js';
import { KCOMPACTD, watermarks } from './memory/allocation.js';
import { endWait, LRU_DRAIN } from './memory/lru.js';
import { compact, runKcompactd } from './reclaim/compaction.js';
import { reclaim, runKswapd } from './reclaim/reclaim.js';
import { FOLIO } from './state/folios.js';
import { FRAME } from './state/frames.js';
import { Kernel } from './state/kernel.js';
import type { KernelOptions } from './state/options.js';
import { Process } from './state/process.js';
import { KHUGEPAGED } from './thp/khugepaged-list.js';

/** A kernel with everything connected and init running: the way to make one. */
export function boot(options: Partial<KernelOptions> = {}): Kernel {
  const kernel = new Kernel(options);
  connect(kernel);
  kernel.processes.set(
    1,
    new Process({ pid: 1, parent: 0, command: 'init', mm: undefined, startedAt: 0, userId: 0 }),
  );
  for (const [pid, name] of KERNEL_THREADS)
    kernel.processes.set(
      pid,
      new Process({ pid, parent: 2, command: name, mm: undefined, startedAt: 0, userId: 0 }),
    );
  fragment(kernel, kernel.options.fragmentation);
  return kernel;
}

/** Kernel threads that a machine shows, by pid. */
const KERNEL_THREADS: readonly [number, string][] = [
  [2, 'kthreadd'],
  [31, 'khugepaged'],
  [32, 'kswapd0'],
  [33, 'kcompactd0'],
];

/** Connects the calls that go upward and the handlers of timers. Also to be called after loading a snapshot. */
export function connect(kernel: Kernel): void {
  kernel.lowWatermark = watermarks(kernel).low;
  kernel.relief = {
    reclaim: (memcg, pages, reason) => {
      const done = reclaim(kernel, memcg, pages, reason);
      kernel.pressure.stall(done.cost);
      return done;
    },
    compact: (order) => {
      const done = kernel.flushes.batch(() => compact(kernel, order));
      kernel.pressure.stall(done.cost);
      return done;
    },
  };
  kernel.clock.handle(KHUGEPAGED, () => runKhugepaged(kernel));
  kernel.clock.handle(LRU_DRAIN, () => endWait(kernel));
  kernel.clock.handle('kswapd', () => runKswapd(kernel));
  kernel.clock.handle(KCOMPACTD, () => runKcompactd(kernel));
}

/** Puts one unmovable page into a share of the huge blocks, chosen by the seed. */
function fragment(kernel: Kernel, share: number): void {
  const { frames, geometry, random } = kernel;
  for (let block = 1; block < Math.floor(frames.count / geometry.pagesPerBlock); block++) {
    if (random.fraction() >= share) continue;
    const frame = block * geometry.pagesPerBlock + random.below(geometry.pagesPerBlock);
    if (!frames.allocateAt(frame)) continue;
    frames.state[frame] |= FRAME.reserved;
    kernel.folios.flags[frame] = FOLIO.kernel;
  }
}
