/** Live targets for end-to-end tests: memory whose page sizes only Octavo changes, and the independent look at it. */
import assert from 'node:assert/strict';
import type { MapAnswer } from '../../demo/protocol.js';
import { blocksOf, isOneFolio, smapsKb } from '../live/page-truth.js';
import { WorkloadClient, WorkloadRefusal } from '../live/workload-client.js';

export const MIB = 2 ** 20;

/**
 * A workload whose memory khugepaged leaves alone: nothing is advised, and where THP is `always` the process asks not
 * to be served (Linux 6.18; older kernels refuse, and then need `madvise`).
 */
export async function quietWorkload(program?: string): Promise<WorkloadClient> {
  const workload = await WorkloadClient.start(program);
  await workload.ask('thp', { disable: 'except-advised' }).catch((problem) => {
    if (!(problem instanceof WorkloadRefusal)) throw problem;
  });
  return workload;
}

/** A region made huge by its owner, block by block, before the test begins. Content is all zeroes. */
export async function hugeRegion(workload: WorkloadClient, name: string, bytes: number): Promise<MapAnswer> {
  const region = await workload.ask('map', { name, bytes });
  await workload.ask('touch', { name, every: region.blockBytes / region.pageBytes, write: true });
  await workload.ask('advise', { name, advice: 'MADV_COLLAPSE' });
  assert.equal(smapsKb(workload.pid, region, 'AnonHugePages'), bytes / 1024, 'the kernel had no huge pages');
  return region;
}

/** Address of a block of a region, as users write it. */
export function blockAddress(region: MapAnswer, block: number): string {
  return `0x${(Number(region.address) + block * region.blockBytes).toString(16)}`;
}

/** `START-END` of a whole region. */
export function addressRange(region: MapAnswer): string {
  return `${region.address}-0x${(Number(region.address) + region.bytes).toString(16)}`;
}

/** For every block of a region: whether it is one huge folio now. */
export function hugeBlocks(pid: number, region: MapAnswer): readonly boolean[] {
  const hugeOrder = Math.log2(region.blockBytes / region.pageBytes);
  return blocksOf(pid, region).map((block) => isOneFolio(block, hugeOrder));
}

/** Number of the region's first block, as plans and journals count blocks. */
export function firstBlock(region: MapAnswer): number {
  return Number(region.address) / region.blockBytes;
}
