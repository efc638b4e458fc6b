/**
 * Where the memory controller keeps a process's cgroup, and what memory.stat says, in both hierarchies
 * (Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst).
 */
import type { Bytes } from '../../vocabulary/units.js';

/** A cgroup of the memory controller. */
export interface MemoryCgroup {
  readonly version: 1 | 2;
  /** Path as in /proc/PID/cgroup. */
  readonly path: string;
  /** Directory in the file system. */
  readonly directory: string;
}

/** From /proc/PID/cgroup and the reader's mountinfo; undefined where the controller is not mounted or not in sight. */
export function memoryCgroup(cgroup: string, mountinfo: string): MemoryCgroup | undefined {
  const lines = cgroup.split('\n');
  const old = lines.find((line) => /^\d+:([^:]*,)?memory(,[^:]*)?:/.test(line));
  if (old !== undefined) {
    const isMemory = (type: string, options: string) =>
      type === 'cgroup' && options.split(',').includes('memory');
    return placed(1, old.slice(old.indexOf('/')), mountinfo, isMemory);
  }
  const unified = lines.find((line) => line.startsWith('0::'));
  if (unified === undefined) return undefined;
  return placed(2, unified.slice(3), mountinfo, (type) => type === 'cgroup2');
}

function placed(
  version: 1 | 2,
  path: string,
  mountinfo: string,
  isIt: (type: string, options: string) => boolean,
): MemoryCgroup | undefined {
  // A path that begins with /.. lies outside the reader's cgroup namespace.
  if (path.startsWith('/..')) return undefined;
  for (const line of mountinfo.split('\n')) {
    const [mount, filesystem] = line.split(' - ');
    if (filesystem === undefined) continue;
    const [type, , options = ''] = filesystem.split(' ');
    const [, , , root, point] = mount.split(' ');
    if (!isIt(type, options)) continue;
    const below = root === '/' ? path : path.startsWith(root) ? path.slice(root.length) : path;
    return { version, path, directory: below === '/' || below === '' ? point : `${point}${below}` };
  }
  return undefined;
}

/** Memory that memory.stat tells apart, in bytes. All of it is part of the charge. */
export interface ChargedMemory {
  /** Mapped anonymous memory. */
  readonly anon: Bytes;
  /** Page cache, with tmpfs and shared memory, without the swap cache. */
  readonly file: Bytes;
  /** Stacks, page tables, slab and the like; undefined where the kernel does not tell. */
  readonly kernel: Bytes | undefined;
  readonly sockets: Bytes;
}

/** memory.stat of a cgroup with everything below it. */
export function parseMemoryStat(text: string, version: 1 | 2): ChargedMemory {
  const values = valuesOf(text);
  const of = (name: string) => values.get(version === 1 ? `total_${name}` : name) ?? 0;
  const cache = of(version === 1 ? 'cache' : 'file');
  return {
    anon: of(version === 1 ? 'rss' : 'anon'),
    file: cache - Math.min(cache, of('swapcached')),
    kernel: version === 1 ? undefined : kernelMemory(values),
    sockets: version === 1 ? 0 : of('sock'),
  };
}

/** One line since Linux 5.18; its parts before. */
function kernelMemory(values: ReadonlyMap<string, number>): Bytes {
  const whole = values.get('kernel');
  if (whole !== undefined) return whole;
  return ['kernel_stack', 'pagetables', 'percpu', 'vmalloc', 'slab'].reduce(
    (sum, name) => sum + (values.get(name) ?? 0),
    0,
  );
}

/** What counters say of memory in huge pages, of a cgroup with everything below it or of a host, in bytes. */
export interface HugeCounters {
  /** Anonymous, file and shared memory that processes map, each page once. */
  readonly mapped: Bytes;
  /** Anonymous memory mapped by PMD. */
  readonly anonHuge: Bytes;
  /** Huge folios of tmpfs and shared memory, mapped or not; undefined where it is not counted (version 1). */
  readonly shmemHuge: Bytes | undefined;
  readonly fileHuge: Bytes | undefined;
  readonly held: HeldMemory;
}

/**
 * Memory of anonymous folios that no process maps: whole folios are on the LRU lists, and only mapped pages count as
 * anonymous. What cannot be evicted may be either, so that it is between `least` and `most`, which is infinite where it is not
 * known.
 */
export interface HeldMemory {
  readonly least: Bytes;
  readonly most: Bytes;
}

/**
 * The same of a kernel that counts a folio as mapped as long as one of its pages is (CONFIG_NO_PAGE_MAPCOUNT): it is not known
 * from counters how much more is held.
 */
export function ofWholeFolios(counters: HugeCounters): HugeCounters {
  return { ...counters, held: { least: counters.held.least, most: Number.POSITIVE_INFINITY } };
}

/** Undefined where memory.stat lacks what they are made of, as it does without an LRU or of another kernel. */
export function parseHugeCounters(text: string, version: 1 | 2): HugeCounters | undefined {
  const values = valuesOf(text);
  const of = (name: string) => values.get(version === 1 ? `total_${name}` : name);
  const anon = of(version === 1 ? 'rss' : 'anon');
  const anonHuge = of(version === 1 ? 'rss_huge' : 'anon_thp');
  const lru = sumOf([of('inactive_anon'), of('active_anon')]);
  const [shmem, mappedFile] = [of('shmem'), of(version === 1 ? 'mapped_file' : 'file_mapped')];
  if (anon === undefined || anonHuge === undefined || lru === undefined) return undefined;
  if (shmem === undefined || mappedFile === undefined) return undefined;
  return {
    mapped: anon + mappedFile,
    anonHuge,
    shmemHuge: version === 1 ? undefined : of('shmem_thp'),
    fileHuge: version === 1 ? undefined : of('file_thp'),
    held: heldMemory({
      lru,
      unevictable: of('unevictable') ?? 0,
      anon,
      shmem,
      swapCached: of('swapcached') ?? 0,
    }),
  };
}

/** The same of the whole host, from the fields of /proc/meminfo in bytes. */
export function hugeCountersOfHost(of: (field: string) => Bytes | undefined): HugeCounters | undefined {
  const [anon, mappedFile, shmem] = [of('AnonPages'), of('Mapped'), of('Shmem')];
  const [anonHuge, lru] = [of('AnonHugePages'), sumOf([of('Inactive(anon)'), of('Active(anon)')])];
  if (anon === undefined || mappedFile === undefined || shmem === undefined) return undefined;
  if (anonHuge === undefined || lru === undefined) return undefined;
  const unevictable = of('Unevictable') ?? 0;
  return {
    mapped: anon + mappedFile,
    anonHuge,
    shmemHuge: of('ShmemHugePages'),
    fileHuge: of('FileHugePages'),
    held: heldMemory({ lru, unevictable, anon, shmem, swapCached: of('SwapCached') ?? 0 }),
  };
}

interface LruCounters {
  /** Both lists of anonymous memory. */
  readonly lru: Bytes;
  readonly unevictable: Bytes;
  readonly anon: Bytes;
  readonly shmem: Bytes;
  readonly swapCached: Bytes;
}

function heldMemory({ lru, unevictable, anon, shmem, swapCached }: LruCounters): HeldMemory {
  const least = Math.max(0, lru - anon - shmem - swapCached);
  return { least, most: Math.max(least, lru + unevictable - anon - shmem) };
}

function sumOf(parts: readonly (Bytes | undefined)[]): Bytes | undefined {
  return parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0);
}

function valuesOf(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [name, value] = line.split(' ');
    if (value !== undefined) values.set(name, Number(value));
  }
  return values;
}
