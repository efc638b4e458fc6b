/**
 * How often each sub-page of a few split blocks was in use during a window. DAMON sees reads and writes; where it
 * cannot be had, soft-dirty bits see writes.
 */
import { missingDamon } from '../../damon/features.js';
import { DamonSlot } from '../../damon/slot.js';
import { watchRanges } from '../../damon/watch.js';
import type { Host } from '../../host/host.js';
import type { AddressRange } from '../../vocabulary/damon.js';
import type { BlockNumber, Milliseconds, ProcessId } from '../../vocabulary/units.js';

export interface PageWatch {
  readonly pid: ProcessId;
  readonly blocks: readonly BlockNumber[];
  readonly windowMs: Milliseconds;
  /** Waits so long, or less when the watch is to end early. */
  wait(duration: Milliseconds): Promise<void>;
}

/** Counts by block and sub-page, or why there are none. */
export type PageCounts = Map<BlockNumber, Float64Array> | string;

const PAGEMAP_SOFT_DIRTY_HIGH = 1 << 23;
const PAGEMAP_WORD = 8;
/** /proc/PID/clear_refs: forget which pages were written. */
const CLEAR_SOFT_DIRTY = '4';
const NO_SOFT_DIRTY = 'this kernel keeps no soft-dirty bits (CONFIG_MEM_SOFT_DIRTY)';

/** Counts, with the reason when DAMON could not be had for them. */
export async function watchPages(
  host: Host,
  watch: PageWatch,
  shareDamon: boolean,
): Promise<{ readonly counts: PageCounts; readonly withoutDamon: string }> {
  const absent = missingDamon(host);
  if (absent) return { counts: await watchWrites(host, watch), withoutDamon: absent };
  const slot = await DamonSlot.open(host, { share: shareDamon });
  if (!slot.ok) {
    const withoutDamon = `DAMON is used by ${slot.error.owner}`;
    return { counts: await watchWrites(host, watch), withoutDamon };
  }
  try {
    return { counts: await watchByDamon(slot.value, watch), withoutDamon: '' };
  } finally {
    await slot.value.close();
  }
}

/** One fvaddr region for each page. */
async function watchByDamon(slot: DamonSlot, { pid, blocks, windowMs, wait }: PageWatch) {
  const { geometry } = slot.host.identity;
  const page = BigInt(geometry.pageBytes);
  const ranges: AddressRange[] = [...blocks]
    .sort((one, other) => one - other)
    .flatMap((block) => {
      const first = BigInt(block) * BigInt(geometry.blockBytes);
      return Array.from({ length: geometry.pagesPerBlock }, (_, index) => {
        const start = first + BigInt(index) * page;
        return { start, end: start + page };
      });
    });
  const watched = await watchRanges(slot, { pid, ranges, windowMs, wait });
  if (!watched.ok) return `huge pages not watched: ${watched.error.errno} for ${watched.error.call}`;
  const counts = new Map(blocks.map((block) => [block, new Float64Array(geometry.pagesPerBlock)]));
  for (const { start, accesses } of watched.value.regions) {
    const number = Number(start / page);
    const pages = counts.get(Math.floor(number / geometry.pagesPerBlock));
    if (pages) pages[number % geometry.pagesPerBlock] = accesses;
  }
  return counts;
}

/** Clears the soft-dirty bits of the process, waits, and takes every page that was written since. */
async function watchWrites(host: Host, { pid, blocks, windowMs, wait }: PageWatch): Promise<PageCounts> {
  if (!keepsSoftDirty(host, pid)) return `huge pages not watched: ${NO_SOFT_DIRTY}`;
  const cleared = host.files.writeKernelFile(`/proc/${pid}/clear_refs`, CLEAR_SOFT_DIRTY);
  if (!cleared.ok) return `huge pages not watched: ${cleared.error.errno} for ${cleared.error.call}`;
  await wait(windowMs);
  const { pagesPerBlock } = host.identity.geometry;
  const pagemap = host.files.open(`/proc/${pid}/pagemap`);
  if (!pagemap.ok) return `huge pages not watched: ${pagemap.error.errno} for ${pagemap.error.call}`;
  const bytes = Buffer.alloc(pagesPerBlock * PAGEMAP_WORD);
  const counts = new Map<BlockNumber, Float64Array>();
  try {
    for (const block of blocks) {
      const read = pagemap.value.read(bytes, block * pagesPerBlock * PAGEMAP_WORD);
      if (!read.ok || read.value < bytes.length) continue;
      counts.set(block, dirtyPages(bytes, pagesPerBlock));
    }
  } finally {
    pagemap.value.close();
  }
  return counts;
}

function dirtyPages(bytes: Buffer, pages: number): Float64Array {
  const counts = new Float64Array(pages);
  for (let page = 0; page < pages; page++) {
    const high = bytes.readUInt32LE(page * PAGEMAP_WORD + 4);
    if ((high & PAGEMAP_SOFT_DIRTY_HIGH) !== 0) counts[page] = 1;
  }
  return counts;
}

/**
 * Whether this kernel keeps soft-dirty bits. One without CONFIG_MEM_SOFT_DIRTY takes the write to clear_refs all the
 * same and then shows no page as written, so that everything would look unused. New mappings carry the flag `sd`.
 */
export function keepsSoftDirty(host: Host, pid: ProcessId): boolean {
  return [host.identity.pid, pid].some((process) => {
    const smaps = host.files.readText(`/proc/${process}/smaps`);
    return smaps.ok && /^VmFlags:.* sd(?: |$)/m.test(smaps.value);
  });
}

/** Why the sub-pages of a process cannot be watched at all, undefined when they can. */
export function unwatchable(host: Host, pid: ProcessId): string | undefined {
  const absent = missingDamon(host);
  if (!absent || keepsSoftDirty(host, pid)) return undefined;
  return `${absent}, and ${NO_SOFT_DIRTY}`;
}
