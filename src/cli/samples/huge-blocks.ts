/** Which blocks of recorded processes are huge pages now: a recording itself does not say. */
import { recordedProcesses } from '../../config/recorded-processes.js';
import type { Host } from '../../host/host.js';
import type { HugeBlocks } from '../../hotness/histogram.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import { observe } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { MAPPING_LEVEL, type PageSizes } from '../../vocabulary/page-sizes.js';
import type { BlockNumber, ProcessId } from '../../vocabulary/units.js';

/** Of the processes of a heat file that are still there. RECORDED_GONE when none is, PERMISSION when one is hidden. */
export async function hugeBlocks(
  host: Host,
  source: HeatFileSource,
  path: string,
  pids: ReadonlySet<ProcessId> | undefined,
): Promise<HugeBlocks> {
  const processes = await recordedProcesses(host, [source], path, {});
  const huge = new Map<ProcessId, Set<BlockNumber>>();
  for (const { pid } of processes) {
    if (pids !== undefined && !pids.has(pid)) continue;
    const blocks = hugeUnlessEnded(host, pid);
    if (blocks !== undefined) huge.set(pid, blocks);
  }
  if (huge.size === 0) throw new OctavoError('RECORDED_GONE', { path });
  return huge;
}

/** A process may end while others are looked at. */
function hugeUnlessEnded(host: Host, pid: ProcessId): Set<BlockNumber> | undefined {
  try {
    return hugeOf(observe(host, pid).sizes);
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'TARGET_GONE') return undefined;
    throw problem;
  }
}

/** Blocks that one PMD entry maps, or that one folio of that size fills page by page. */
function hugeOf({ blocks, geometry }: PageSizes): Set<BlockNumber> {
  const huge = new Set<BlockNumber>();
  for (let row = 0; row < blocks.count; row++) {
    const isWhole = blocks.pagesByOrder[row * blocks.orders + geometry.hugeOrder] === geometry.pagesPerBlock;
    if (isWhole || blocks.level[row] === MAPPING_LEVEL.pmd) huge.add(blocks.block[row]);
  }
  return huge;
}
