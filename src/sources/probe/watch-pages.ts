/**
 * How often each sub-page of a few split blocks was in use during a window. DAMON sees reads and writes; where it
 * cannot be had, soft-dirty bits see writes.
 */
import { missingDamon } from '../../damon/damon-features.js';
import { DamonSlot } from '../../damon/slot.js';
import { watchRanges } from '../../damon/watch.js';
import type { Host } from '../../host/host.js';
import type { AddressRange } from '../../vocabulary/damon.js';
import type { BlockNumber, Milliseconds, ProcessId } from '../../vocabulary/units.js';

/** Which blocks of a process to watch, and for how long. */
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

/** Watches pages of one process. Close it when done. */
export interface PageWatcher {
  /** Why DAMON does not watch, empty when it does. */
  readonly withoutDamon: string;
  watch(watch: PageWatch): Promise<PageCounts>;
  close(): Promise<void>;
}

/**
 * Opens a watcher that has proved to work: DAMON was taken and has watched `block` for a moment, or the kernel keeps
 * soft-dirty bits and this user may clear them. Returns the reason where nothing can watch the process, so that nobody
 * acts on memory that he cannot watch.
 */
export async function openWatcher(
  host: Host,
  pid: ProcessId,
  block: BlockNumber,
  shareDamon: boolean,
): Promise<PageWatcher | string> {
  const byDamon = await openDamon(host, pid, block, shareDamon);
  if (typeof byDamon !== 'string') return byDamon;
  const missing = whyNoSoftDirty(host, pid);
  if (missing) return `${byDamon}, and ${missing}`;
  return {
    withoutDamon: byDamon,
    watch: (watch) => watchWrites(host, watch),
    close: async () => undefined,
  };
}

async function openDamon(
  host: Host,
  pid: ProcessId,
  block: BlockNumber,
  share: boolean,
): Promise<PageWatcher | string> {
  const absent = missingDamon(host);
  if (absent) return absent;
  const slot = await DamonSlot.open(host, { share });
  if (!slot.ok) return `DAMON is used by ${slot.error.owner}`;
  const wait = (duration: Milliseconds) => host.clock.sleep(duration);
  const tried = await watchByDamon(slot.value, { pid, blocks: [block], windowMs: 0, wait });
  if (typeof tried !== 'string') {
    return {
      withoutDamon: '',
      watch: (watch) => watchByDamon(slot.value, watch),
      close: () => slot.value.close(),
    };
  }
  await slot.value.close();
  return `DAMON does not watch here (${tried})`;
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

/** Why writes to a process's pages cannot be seen, empty when they can. */
function whyNoSoftDirty(host: Host, pid: ProcessId): string {
  if (!keepsSoftDirty(host, pid)) return NO_SOFT_DIRTY;
  const path = `/proc/${pid}/clear_refs`;
  const clears = host.files.canWrite(path);
  return clears.ok ? '' : `${path}: ${clears.error.errno}`;
}
