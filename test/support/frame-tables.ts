/**
 * A host whose page tables and frame tables are given entry by entry, and what a naive walk over every page finds in
 * them: for tests of what reads them in large pieces.
 */
import { failure, success } from '../../src/base/result.js';
import { KPF } from '../../src/formats/proc/kpageflags.js';
import { type Answer, type Host, type OpenFile, PAGE_IS, type PagemapScan } from '../../src/host/host.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';
import { GEOMETRY_4K, type PageGeometry, pageToAddress } from '../../src/vocabulary/units.js';
import { PID, ScriptedHost } from './scripted-host.js';

export interface Entry {
  /** 0 where the frame is hidden from the reader. */
  readonly frame?: number;
  readonly exclusive?: boolean;
  readonly swapped?: boolean;
  /** Mapped by a PMD entry. */
  readonly pmd?: boolean;
}

/** What a frame is part of. */
export interface Folio {
  readonly head: number;
  readonly order: number;
  readonly zero?: boolean;
  /** Page cache when false. */
  readonly anon?: boolean;
}

export interface DrawnMapping {
  readonly start: number;
  readonly end: number;
  readonly permissions?: string;
  readonly name?: string;
  readonly inode?: number;
  /** Lines of smaps behind the header. */
  readonly fields?: string;
}

export interface Tables {
  readonly geometry?: PageGeometry;
  readonly mappings: DrawnMapping[];
  readonly entries: Map<number, Entry>;
  readonly folios: Map<number, Folio>;
  /** Mappings of a frame by everybody; 0 when absent. */
  readonly counts: Map<number, number>;
  readonly scan?: boolean;
  /** Files that cannot be opened or read, with the answer. */
  readonly refused?: Readonly<Record<string, ErrnoName>>;
  readonly texts?: Readonly<Record<string, string>>;
  /** Bytes of a table that can be read, by path. */
  readonly ends?: Readonly<Record<string, number>>;
}

export interface TablesHost {
  readonly host: Host;
  /** `path first-byte length` of every read of a table. */
  readonly reads: string[];
  readonly scans: PagemapScan[];
  readonly closed: string[];
}

export function tablesHost(tables: Tables): TablesHost {
  const scripted = new ScriptedHost([]);
  const geometry = tables.geometry ?? GEOMETRY_4K;
  const reads: string[] = [];
  const scans: PagemapScan[] = [];
  const closed: string[] = [];
  const words: Record<string, (index: number) => bigint> = {
    [`/proc/${PID}/pagemap`]: (page) => pagemapWord(tables.entries.get(page)),
    '/proc/kpageflags': (frame) => flagsWord(tables.folios.get(frame), frame),
    '/proc/kpagecount': (frame) => BigInt(tables.counts.get(frame) ?? 0),
  };
  const refusal = (path: string): ErrnoName | undefined => tables.refused?.[path];
  const open = (path: string): Answer<OpenFile> => {
    const errno = refusal(path) ?? (words[path] ? undefined : 'ENOENT');
    if (errno) return failure({ errno, call: `open ${path}` });
    const file: OpenFile = {
      path,
      read: (into, position) => {
        reads.push(`${path} ${position} ${into.length}`);
        const errno = refusal(`read ${path}`);
        if (errno) return failure({ errno, call: `read ${path}` });
        const end = tables.ends?.[path] ?? Number.POSITIVE_INFINITY;
        const length = Math.max(0, Math.min(into.length, end - position));
        const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
        for (let at = 0; at + 8 <= length; at += 8)
          view.setBigUint64(at, words[path]((position + at) / 8), true);
        return success(length);
      },
      close: () => void closed.push(path),
    };
    return success(file);
  };
  const readText = (path: string): Answer<string> => {
    const errno = refusal(path);
    if (errno) return failure({ errno, call: `read ${path}` });
    const text = tables.texts?.[path];
    if (text !== undefined) return success(text);
    if (path === `/proc/${PID}/maps`) return success(headers(tables.mappings, geometry, false));
    if (path === `/proc/${PID}/smaps`) return success(headers(tables.mappings, geometry, true));
    return scripted.files.readText(path);
  };
  const calls: Host['calls'] = {
    ...scripted.calls,
    scanPagemap: (_pid, scan) => {
      scans.push(scan);
      if (tables.scan === false) return failure({ errno: 'ENOTTY', call: 'PAGEMAP_SCAN' });
      return success(regions(tables, scan));
    },
  };
  const host: Host = {
    files: { ...scripted.files, open, readText },
    calls,
    clock: scripted.clock,
    random: scripted.random,
    identity: { ...scripted.identity, geometry },
  };
  return { host, reads, scans, closed };
}

function pagemapWord(entry: Entry | undefined): bigint {
  if (!entry) return 0n;
  if (entry.swapped) return (1n << 62n) | 5n;
  return (1n << 63n) | (entry.exclusive === false ? 0n : 1n << 56n) | BigInt(entry.frame ?? 0);
}

function flagsWord(folio: Folio | undefined, frame: number): bigint {
  if (!folio) return BigInt(KPF.NOPAGE);
  const kind = folio.zero ? KPF.ZERO_PAGE : folio.anon === false ? KPF.LRU : KPF.ANON | KPF.LRU;
  if (folio.order === 0) return BigInt(kind);
  return BigInt(
    frame === folio.head
      ? kind | KPF.COMPOUND_HEAD | KPF.THP
      : (kind & KPF.ZERO_PAGE) | KPF.COMPOUND_TAIL | KPF.THP,
  );
}

function headers(mappings: readonly DrawnMapping[], geometry: PageGeometry, fields: boolean): string {
  return mappings
    .map(({ start, end, permissions = 'rw-p', name = '', inode = 0, fields: more = '' }) => {
      const [from, to] = [start, end].map((page) => pageToAddress(page, geometry).slice(2));
      return `${from}-${to} ${permissions} 00000000 00:00 ${inode} ${name}\n${fields ? more : ''}`;
    })
    .join('');
}

function categories(tables: Tables, page: number): number {
  const entry = tables.entries.get(page);
  if (!entry) return 0;
  const huge = entry.pmd ? PAGE_IS.HUGE : 0;
  if (entry.swapped) return PAGE_IS.SWAPPED | huge;
  const zero = tables.folios.get(entry.frame ?? 0)?.zero ? PAGE_IS.PFNZERO : 0;
  return PAGE_IS.PRESENT | zero | huge;
}

/** Neighbouring pages of equal categories, as PAGEMAP_SCAN gives them. */
function regions(tables: Tables, { range, anyOf, report, inverted, mask }: PagemapScan) {
  const starts: number[] = [];
  const ends: number[] = [];
  const kinds: number[] = [];
  for (let page = range.start; page < range.end; page++) {
    const all = categories(tables, page) ^ inverted;
    if ((all & mask) !== mask || (anyOf !== 0 && (all & anyOf) === 0)) continue;
    const kind = (all ^ inverted) & report;
    if (ends.at(-1) === page && kinds.at(-1) === kind) ends[ends.length - 1] = page + 1;
    else {
      starts.push(page);
      ends.push(page + 1);
      kinds.push(kind);
    }
  }
  return {
    count: starts.length,
    starts: Float64Array.from(starts),
    ends: Float64Array.from(ends),
    categories: Uint32Array.from(kinds),
  };
}
