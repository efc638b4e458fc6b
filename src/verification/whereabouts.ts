/**
 * Where a process's memory is: lines that add up to its RSS, and lines that add up to what its cgroup is charged. What
 * the two differ by gets a name of its own. Pure.
 */
import type { ChargedMemory } from '../formats/proc/memory-cgroup.js';
import type { SmapsEntry } from '../formats/proc/smaps.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { BlockNumber, Bytes, Fraction, Pages } from '../vocabulary/units.js';
import { censusTotals } from './census.js';
import type { Charge } from './charge.js';

/** Kinds of resident memory, in the order of print, with what they are. */
export const RESIDENT_KINDS = {
  hugeData: 'in huge pages: in use, or freed but not zero (an allocator’s free lists look the same)',
  hugeReturnable: 'in huge pages, zero-filled: a split returns it',
  hugeKept: 'in huge pages, zero-filled, below the threshold of a split',
  hugeShared: 'in huge pages that other processes map as well: not read',
  hugeLocked: 'in huge pages of locked memory: not returned by a split',
  hugeUnread: 'in huge pages whose content was not read',
  partialZero: 'mapped page by page, zero-filled, in a partly unmapped huge page: a split returns it',
  small: 'mapped page by page: in use, or freed and not returned by the allocator',
  shmem: 'shared memory and tmpfs files',
  file: 'program and other mapped files',
  special: 'special mappings of the kernel',
  changed: 'mapped or unmapped while it was looked at',
} as const;

/** Name of a line of resident memory. */
export type ResidentKind = keyof typeof RESIDENT_KINDS;

/** A part of a total. */
export interface MemoryLine<Kind extends string> {
  readonly kind: Kind;
  /** May be negative where counts of different moments or owners meet. */
  readonly bytes: Bytes;
}

/** Lines that add up to the RSS. */
export interface ResidentMemory {
  /** Rss of smaps over all mappings. */
  readonly rssBytes: Bytes;
  /** Adds up to `rssBytes`; lines of 0 are left out. */
  readonly lines: readonly MemoryLine<ResidentKind>[];
}

/** What the lines are counted from. */
export interface ResidentFacts {
  readonly sizes: PageSizes;
  readonly entries: readonly SmapsEntry[];
  /** Zero-filled sub-pages of large folios, by block, where they were read. */
  readonly zeroPages: ReadonlyMap<BlockNumber, Pages>;
  /** Share of zero-filled sub-pages above which a huge block is split. */
  readonly emptyAbove: Fraction;
}

/** Returns where resident memory is. What smaps counts and the walk did not see has a line of its own. */
export function residentMemory(facts: ResidentFacts): ResidentMemory {
  const { sizes, entries } = facts;
  const pages = new Map<ResidentKind, number>();
  for (let row = 0; row < sizes.blocks.count; row++) addRow(pages, facts, row);
  const { pageBytes } = sizes.geometry;
  const bytes = new Map([...pages].map(([kind, count]) => [kind, count * pageBytes]));
  const seen = [...bytes.values()].reduce((sum, more) => sum + more, 0);
  const special = rssOf(entries.filter(({ mapping }) => mapping.kind === 'special'));
  const rssBytes = entries.some((entry) => entry.bytes.has('Rss')) ? rssOf(entries) : seen;
  bytes.set('special', special);
  bytes.set('changed', rssBytes - seen - special);
  return { rssBytes, lines: linesOf(RESIDENT_KINDS, bytes) };
}

function addRow(pages: Map<ResidentKind, number>, facts: ResidentFacts, row: number): void {
  const { blocks, mappings } = facts.sizes;
  const present = blocks.present[row];
  const { kind } = mappings[blocks.mapping[row]];
  const add = (to: ResidentKind, more: Pages) => pages.set(to, (pages.get(to) ?? 0) + more);
  if (kind === 'shmem' || kind === 'file') add(kind, present);
  else if (blocks.level[row] !== MAPPING_LEVEL.pmd) {
    const zero = Math.min(present, facts.zeroPages.get(blocks.block[row]) ?? 0);
    add('partialZero', zero);
    add('small', present - zero);
  } else addHuge(facts, row, add);
}

function addHuge(
  { sizes, zeroPages, emptyAbove }: ResidentFacts,
  row: number,
  add: (to: ResidentKind, more: Pages) => void,
): void {
  const { blocks, mappings, geometry } = sizes;
  const present = blocks.present[row];
  const zero = zeroPages.get(blocks.block[row]);
  if (blocks.flags[row] & BLOCK_FLAG.shared) add('hugeShared', present);
  else if (mappings[blocks.mapping[row]].flags.includes('lo')) add('hugeLocked', present);
  else if (zero === undefined) add('hugeUnread', present);
  else {
    const empty = Math.min(zero, present);
    add('hugeData', present - empty);
    add(zero > emptyAbove * geometry.pagesPerBlock ? 'hugeReturnable' : 'hugeKept', empty);
  }
}

/** Kinds of charged memory, in the order of print. */
export const CHARGED_KINDS = {
  own: 'anonymous memory of this process, as mapped',
  unmapped: 'held by its huge pages, but mapped by no process: a split returns it',
  others: 'anonymous memory of other processes, or of this one charged elsewhere',
  cache: 'page cache: files, tmpfs and shared memory, mapped or not',
  kernel: 'kernel memory: page tables, stacks, slab',
  sockets: 'network buffers',
  rest: 'not told apart: unmapped pages of other processes’ huge pages, swap cache, charges kept ready per CPU',
  late: 'counted in two lines: the cgroup’s counters lag behind one another',
} as const;

/** Name of a line of charged memory. */
export type ChargedKind = keyof typeof CHARGED_KINDS;

/** Lines that add up to the charge of a cgroup. */
export interface ChargedLines {
  readonly path: string;
  readonly version: 1 | 2;
  readonly chargedBytes: Bytes;
  /** Adds up to `chargedBytes`; lines of 0 are left out. */
  readonly lines: readonly MemoryLine<ChargedKind>[];
}

/** Divides the charge of a process's cgroup. */
export function chargedMemory(
  { sizes, entries }: Pick<ResidentFacts, 'sizes' | 'entries'>,
  charge: Charge & ChargedMemory,
): ChargedLines {
  const own = anonymousOf(entries) ?? censusTotals(sizes).bytesByKind.anon;
  const told = [
    ['own', own],
    ['unmapped', censusTotals(sizes).unmappedBytes],
    ['others', charge.anon - own],
    ['cache', charge.file],
    ['kernel', charge.kernel ?? 0],
    ['sockets', charge.sockets],
  ] as const;
  const sum = told.reduce((total, [, bytes]) => total + bytes, 0);
  const rest = charge.bytes - sum;
  const bytes = new Map<ChargedKind, Bytes>([...told, [rest < 0 ? 'late' : 'rest', rest]]);
  const { path, version } = charge;
  return { path, version, chargedBytes: charge.bytes, lines: linesOf(CHARGED_KINDS, bytes) };
}

/** Anonymous pages that it maps, in file mappings as well; undefined where smaps does not tell. */
function anonymousOf(entries: readonly SmapsEntry[]): Bytes | undefined {
  if (!entries.some((entry) => entry.bytes.has('Anonymous'))) return undefined;
  return sumOf(entries, 'Anonymous');
}

function rssOf(entries: readonly SmapsEntry[]): Bytes {
  return sumOf(entries, 'Rss');
}

function sumOf(entries: readonly SmapsEntry[], field: string): Bytes {
  return entries.reduce((sum, entry) => sum + (entry.bytes.get(field) ?? 0), 0);
}

function linesOf<Kind extends string>(
  kinds: Readonly<Record<Kind, string>>,
  bytes: ReadonlyMap<Kind, Bytes>,
): readonly MemoryLine<Kind>[] {
  return (Object.keys(kinds) as Kind[]).flatMap((kind) => {
    const value = bytes.get(kind) ?? 0;
    return value === 0 ? [] : [{ kind, bytes: value }];
  });
}
