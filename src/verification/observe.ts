/**
 * What a process's memory looks like now, from page tables and frame flags. PAGEMAP_SCAN tells where anything is
 * and which entries are huge; frames are looked up only below a PMD entry, since a PMD-mapped folio is whole.
 */
import { parseCgroup, parseKeyed, parseStat } from '../formats/proc/process-files.js';
import { memoryMounts, parseSmaps, type SmapsEntry } from '../formats/proc/smaps.js';
import type { Host, Refusal } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { Nanoseconds, PageRange, Pages, ProcessId } from '../vocabulary/units.js';
import { BlockRows } from './block-rows.js';
import { FolioOrders } from './folio-orders.js';
import { MappingWalk } from './mapping-walk.js';
import { PagemapReader } from './pagemap-reader.js';
import { PartialFolios } from './partial-folios.js';

/** How much of a process is looked at. */
export interface ObserveOptions {
  /** Look only at these pages; everything when undefined. Ascending. */
  readonly ranges?: readonly PageRange[];
  /** Mappings read moments ago, to save reading smaps again. */
  readonly entries?: readonly SmapsEntry[];
  /**
   * `levels` leaves the frames of what is mapped page by page alone: how much of each block is there and at which level,
   * but no folio orders, no sharing and no unmapped pages of it. Frames of scattered pages cost 50 µs each.
   */
  readonly depth?: 'levels' | 'frames';
}

/** Where the time of an observation went. */
export interface ObserveAccount {
  readonly pages: Pages;
  readonly totalNs: Nanoseconds;
  /** Inside the kernel's reads: smaps, PAGEMAP_SCAN, pagemap, kpageflags. */
  readonly kernelNs: Nanoseconds;
}

/** Page sizes with the smaps entries they were read beside, and what the look cost. */
export interface Observation {
  readonly sizes: PageSizes;
  readonly entries: readonly SmapsEntry[];
  readonly account: ObserveAccount;
}

/** Observes one process. Throws TARGET_GONE or PERMISSION; everything else about it is data. */
export function observe(host: Host, pid: ProcessId, options: ObserveOptions = {}): Observation {
  const started = host.clock.monotonicNs();
  const process = identityOf(host, pid);
  const entries = options.entries ?? mappingsOf(host, pid);
  const smapsNs = host.clock.monotonicNs() - started;
  const rows = new BlockRows(host.identity.geometry);
  const orders = new FolioOrders(host, host.identity.geometry);
  const pagemap = openPagemap(host, pid);
  try {
    const partial = new PartialFolios(host, rows);
    const walk = new MappingWalk(host, pid, { rows, orders, pagemap, partial }, options.depth ?? 'frames');
    entries.forEach((entry, index) => {
      for (const range of clip(entry, options.ranges)) walk.add(entry, index, range);
    });
    if (pagemap.refusal) throw refusalError(pagemap.refusal, pid);
    if (pagemap.endsBefore !== undefined) throw truncated(host, pid, pagemap.endsBefore);
    partial.settle(options.ranges === undefined);
    const sizes: PageSizes = {
      process,
      geometry: host.identity.geometry,
      takenAtMs: host.clock.wallMs(),
      mappings: entries.map((entry) => entry.mapping),
      blocks: rows.columns(),
      ordersKnown: orders.available && walk.framesVisible && options.depth !== 'levels',
      thpDisabledByPrctl: thpDisabled(host, pid),
    };
    const kernelNs = smapsNs + walk.scanNs + pagemap.readNs + orders.readNs;
    const account = { pages: walk.pages, totalNs: host.clock.monotonicNs() - started, kernelNs };
    return { sizes, entries, account };
  } finally {
    pagemap.close();
    orders.close();
  }
}

/** Who a pid is now. Throws TARGET_GONE. */
export function identityOf(host: Host, pid: ProcessId): ProcessIdentity {
  const text = host.files.readText(`/proc/${pid}/stat`);
  const stat = text.ok ? parseStat(text.value) : undefined;
  if (!stat || stat.state === 'Z' || stat.state === 'X') throw new OctavoError('TARGET_GONE', { pid });
  const cgroup = host.files.readText(`/proc/${pid}/cgroup`);
  return {
    pid,
    startTicks: stat.startTicks,
    command: stat.command,
    cgroup: cgroup.ok ? parseCgroup(cgroup.value) : '/',
  };
}

/**
 * Mappings with their smaps fields; from `maps`, which costs next to nothing, without fields and flags. Throws
 * TARGET_GONE or PERMISSION.
 */
export function mappingsOf(
  host: Host,
  pid: ProcessId,
  file: 'smaps' | 'maps' = 'smaps',
): readonly SmapsEntry[] {
  const path = `/proc/${pid}/${file}`;
  const smaps = host.files.readText(path);
  if (!smaps.ok) throw refusalError(smaps.error, pid);
  const mounts = host.files.readText(`/proc/${pid}/mountinfo`);
  const parsed = parseSmaps(smaps.value, host.identity.geometry, mounts.ok ? memoryMounts(mounts.value) : []);
  if (!parsed.ok) {
    const { line, problem } = parsed.error;
    throw new OctavoError('FILE_MALFORMED', { path, problem, place: `line ${line}` });
  }
  return parsed.value;
}

/** The coded error for a refused look into a process. */
export function refusalError(refusal: Refusal, pid: ProcessId): OctavoError {
  if (refusal.errno === 'ESRCH' || refusal.errno === 'ENOENT') return new OctavoError('TARGET_GONE', { pid });
  return new OctavoError('PERMISSION', {
    call: refusal.call,
    errno: refusal.errno,
    needs: 'the same user, or CAP_SYS_PTRACE (root)',
  });
}

/** The kernel ends a pagemap early only when the process goes away; a recording may have been cut. */
function truncated(host: Host, pid: ProcessId, page: number): OctavoError {
  identityOf(host, pid);
  const path = `/proc/${pid}/pagemap`;
  return new OctavoError('FILE_TRUNCATED', { path, offset: page * 8, what: 'the entries of a mapping' });
}

function openPagemap(host: Host, pid: ProcessId): PagemapReader {
  const opened = host.files.open(`/proc/${pid}/pagemap`);
  if (!opened.ok) throw refusalError(opened.error, pid);
  return new PagemapReader(opened.value, host.clock);
}

function thpDisabled(host: Host, pid: ProcessId): boolean {
  const status = host.files.readText(`/proc/${pid}/status`);
  return status.ok && parseKeyed(status.value).get('THP_enabled') === '0';
}

/** The parts of a mapping that were asked for; special mappings have no memory to look at. */
function clip(entry: SmapsEntry, ranges: readonly PageRange[] | undefined): readonly PageRange[] {
  const { mapping } = entry;
  if (mapping.kind === 'special' || mapping.kind === 'hugetlb') return [];
  if (!ranges) return [{ start: mapping.start, end: mapping.end }];
  return ranges
    .map(({ start, end }) => ({ start: Math.max(start, mapping.start), end: Math.min(end, mapping.end) }))
    .filter(({ start, end }) => start < end);
}
