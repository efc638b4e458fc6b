import { defined } from '../../../base/assert.js';
import { watermarks } from '../memory/allocation.js';
import { mappedAnon } from '../memory/mapped-anon.js';
import { dropCaches } from '../reclaim/drop-caches.js';
import type { EventName } from '../state/counters.js';
import type { Kernel } from '../state/kernel.js';
import { LRU } from '../state/memcg.js';
import {
  MEMINFO_6_12,
  MEMINFO_6_18,
  MEMINFO_7_3,
  VMSTAT_6_12,
  VMSTAT_6_18,
  VMSTAT_7_3,
} from './counter-names.js';

const BY_RELEASE = [
  ['6.12', VMSTAT_6_12, MEMINFO_6_12],
  ['6.18', VMSTAT_6_18, MEMINFO_6_18],
  ['', VMSTAT_7_3, MEMINFO_7_3],
] as const;

function namesFor(kernel: Kernel) {
  return defined(
    BY_RELEASE.find(([release]) => kernel.features.release.startsWith(release)),
    'the last row fits every release',
  );
}

/** Totals that several files show, in pages. */
export function totals(kernel: Kernel) {
  const sum = { anon: 0, file: 0, shmem: 0, lru: [0, 0, 0, 0, 0], tables: 0 };
  for (const memcg of kernel.memcgs) {
    if (memcg === undefined) continue;
    sum.anon += mappedAnon(kernel, memcg);
    sum.file += memcg.file;
    sum.shmem += memcg.shmem;
    sum.tables += memcg.pageTables;
    memcg.lruPages.forEach((pages, list) => {
      sum.lru[list] += pages;
    });
  }
  return sum;
}

/** /proc/meminfo. */
export function meminfoText(kernel: Kernel): string {
  const values = meminfoValues(kernel);
  return namesFor(kernel)[2]
    .map((name) => meminfoLine(name, values[name] ?? 0))
    .join('');
}

function meminfoLine(name: string, value: number): string {
  const unit = name.startsWith('HugePages_') ? '' : ' kB';
  const label = `${name}:`.padEnd(16);
  return `${label}${String(value).padStart(24 - label.length)}${unit}\n`;
}

function meminfoValues(kernel: Kernel): Record<string, number> {
  const { geometry, frames, swap } = kernel;
  const kb = (pages: number) => (pages * geometry.pageBytes) / 1024;
  const all = totals(kernel);
  const cached = all.file;
  let locked = 0;
  for (const memcg of kernel.memcgs) locked += memcg?.lruPages[LRU.unevictable] ?? 0;
  return {
    MemTotal: kb(frames.count - geometry.pagesPerBlock),
    MemFree: kb(frames.freeFrames),
    MemAvailable: kb(Math.max(0, frames.freeFrames - watermarks(kernel).low + cached - all.shmem)),
    Cached: kb(cached),
    Active: kb(all.lru[LRU.activeAnon] + all.lru[LRU.activeFile]),
    Inactive: kb(all.lru[LRU.inactiveAnon] + all.lru[LRU.inactiveFile]),
    'Active(anon)': kb(all.lru[LRU.activeAnon]),
    'Inactive(anon)': kb(all.lru[LRU.inactiveAnon]),
    'Active(file)': kb(all.lru[LRU.activeFile]),
    'Inactive(file)': kb(all.lru[LRU.inactiveFile]),
    Unevictable: kb(locked),
    Mlocked: kb(locked),
    SwapTotal: kb(swap.slots),
    SwapFree: kb(swap.free),
    Zswap: kb(Math.ceil(swap.compressedPages / 3)),
    Zswapped: kb(swap.compressedPages),
    AnonPages: kb(all.anon),
    Mapped: kb(mappedCache(kernel)),
    Shmem: kb(all.shmem),
    PageTables: kb(all.tables),
    CommitLimit: kb(Math.floor(frames.count / 2) + swap.slots),
    Committed_AS: kb(all.anon + all.shmem),
    VmallocTotal: 13743895347199,
    AnonHugePages: kb(kernel.anonPmdMapped),
    ShmemHugePages: kb(kernel.shmemHuge),
    ShmemPmdMapped: kb(kernel.shmemPmdMapped),
    FileHugePages: kb(kernel.fileHuge),
    FilePmdMapped: kb(kernel.filePmdMapped),
    Hugepagesize: geometry.blockBytes / 1024,
    DirectMap2M: kb(frames.count),
  };
}

function mappedCache(kernel: Kernel): number {
  let pages = 0;
  for (const mm of kernel.mms.values()) pages += mm.rssFile + mm.rssShmem;
  return pages;
}

/** /proc/vmstat. */
export function vmstatText(kernel: Kernel): string {
  const gauges = vmstatGauges(kernel);
  const { events } = kernel.counters;
  return namesFor(kernel)[1]
    .map((name) => `${name} ${gauges[name] ?? events[name as EventName] ?? 0}\n`)
    .join('');
}

function vmstatGauges(kernel: Kernel): Record<string, number> {
  const { frames, geometry, counters } = kernel;
  const all = totals(kernel);
  const huge = (pages: number) => pages / geometry.pagesPerBlock;
  return {
    nr_free_pages: frames.freeFrames,
    nr_free_pages_blocks: frames.available(geometry.hugeOrder) * geometry.pagesPerBlock,
    nr_zone_inactive_anon: all.lru[LRU.inactiveAnon],
    nr_zone_active_anon: all.lru[LRU.activeAnon],
    nr_zone_inactive_file: all.lru[LRU.inactiveFile],
    nr_zone_active_file: all.lru[LRU.activeFile],
    nr_zone_unevictable: all.lru[LRU.unevictable],
    nr_mlock: all.lru[LRU.unevictable],
    nr_inactive_anon: all.lru[LRU.inactiveAnon],
    nr_active_anon: all.lru[LRU.activeAnon],
    nr_inactive_file: all.lru[LRU.inactiveFile],
    nr_active_file: all.lru[LRU.activeFile],
    nr_unevictable: all.lru[LRU.unevictable],
    nr_anon_pages: all.anon,
    nr_mapped: mappedCache(kernel),
    nr_file_pages: all.file,
    nr_shmem: all.shmem,
    nr_shmem_hugepages: huge(kernel.shmemHuge),
    nr_shmem_pmdmapped: huge(kernel.shmemPmdMapped),
    nr_file_hugepages: huge(kernel.fileHuge),
    nr_file_pmdmapped: huge(kernel.filePmdMapped),
    nr_anon_transparent_hugepages: huge(kernel.anonPmdMapped),
    nr_page_table_pages: all.tables,
    numa_hit: counters.events.pgalloc_normal,
    numa_local: counters.events.pgalloc_normal,
  };
}

/** /proc/buddyinfo: one node, one zone. */
export function buddyinfoText(kernel: Kernel): string {
  const counts = [];
  for (let order = 0; order <= kernel.frames.maxOrder; order++)
    counts.push(String(kernel.frames.freeOfOrder(order)).padStart(6));
  return `Node 0, zone   Normal ${counts.join(' ')} \n`;
}

/** /proc/zoneinfo, the lines that describe free memory. */
export function zoneinfoText(kernel: Kernel): string {
  const { frames } = kernel;
  const { min, low, high } = watermarks(kernel);
  const row = (name: string, value: number) => `        ${name.padEnd(8)} ${value}\n`;
  return [
    'Node 0, zone   Normal\n',
    `  pages free     ${frames.freeFrames}\n`,
    '        boost    0\n',
    row('min', min),
    row('low', low),
    row('high', high),
    row('spanned', frames.count),
    row('present', frames.count),
    row('managed', frames.count - kernel.geometry.pagesPerBlock),
    '        cma      0\n',
    `      nr_free_pages ${frames.freeFrames}\n`,
  ].join('');
}

/** Takes what was written to /proc/sys/vm/drop_caches: 1 page cache, 2 shrinkers, 3 both. */
export function writeDropCaches(kernel: Kernel, written: string): 'EINVAL' | undefined {
  if (!/^\s*[1-4]\s*$/.test(written)) return 'EINVAL';
  dropCaches(kernel, Number(written));
  return undefined;
}
