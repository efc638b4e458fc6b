/**
 * /proc/PID/smaps: one mapping after the other, each a header line as in maps, `Field: N kB` lines and VmFlags
 * (fs/proc/task_mmu.c, show_smap()). Parsing is pure; an unknown field is kept, a damaged header is told.
 */
import { failure, type Result, success } from '../../base/result.js';
import type { BackingKind, Mapping } from '../../vocabulary/mapping.js';
import type { Bytes, PageGeometry } from '../../vocabulary/units.js';

/** One mapping with all its counters. */
export interface SmapsEntry {
  readonly mapping: Mapping;
  /** `Field: N kB` lines in bytes, by field name as printed (Rss, AnonHugePages, ShmemPmdMapped, …). */
  readonly bytes: ReadonlyMap<string, Bytes>;
}

/** A header line that is not as the kernel writes it. */
export interface ParseProblem {
  /** 1-based. */
  readonly line: number;
  readonly problem: string;
}

const HEADER = /^([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][sp]) ([0-9a-f]+) [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/;
const FIELD = /^([A-Za-z_]+): +(\d+) kB$/;

/** Parses maps or smaps text. `mounts` are those whose files are memory: tmpfs, and DAX. */
export function parseSmaps(
  text: string,
  geometry: PageGeometry,
  mounts: readonly MemoryMount[] = [],
): Result<readonly SmapsEntry[], ParseProblem> {
  const entries: SmapsEntry[] = [];
  let open: OpenEntry | undefined;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (line === '') continue;
    const header = HEADER.exec(line);
    if (header) {
      if (open) entries.push(closeEntry(open, geometry, mounts));
      open = { header, bytes: new Map(), flags: [], eligible: false };
    } else if (!open) {
      return failure({ line: index + 1, problem: `no mapping header in \`${line.slice(0, 60)}\`` });
    } else readField(open, line);
  }
  if (open) entries.push(closeEntry(open, geometry, mounts));
  return success(entries);
}

interface OpenEntry {
  readonly header: RegExpExecArray;
  readonly bytes: Map<string, Bytes>;
  flags: readonly string[];
  eligible: boolean;
}

function readField(open: OpenEntry, line: string): void {
  if (line.startsWith('VmFlags:')) open.flags = line.slice(8).trim().split(/\s+/).filter(Boolean);
  else if (line.startsWith('THPeligible:')) open.eligible = line.slice(12).trim() === '1';
  else {
    const field = FIELD.exec(line);
    if (field) open.bytes.set(field[1], Number(field[2]) * 1024);
  }
}

function closeEntry(open: OpenEntry, geometry: PageGeometry, mounts: readonly MemoryMount[]): SmapsEntry {
  const [, start, end, permissions, offset, inode, name] = open.header;
  const mount = mountOf(name, mounts);
  const kind = kindOf(name, inode, open, mount);
  const anonymous = open.bytes.get('Anonymous');
  const mapping: Mapping = {
    start: hexToPage(start, geometry),
    end: hexToPage(end, geometry),
    offset: inode === '0' ? 0 : hexToPage(offset, geometry),
    permissions,
    name,
    kind,
    flags: open.flags,
    thpEligible: open.eligible,
    ...(kind === 'shmem' && mount?.huge !== undefined ? { mountHuge: mount.huge } : {}),
    ...(mount?.dax || name.startsWith('/dev/dax') ? { dax: true } : {}),
    ...(anonymous === undefined ? {} : { anonymousBytes: anonymous + (open.bytes.get('Swap') ?? 0) }),
  };
  return { mapping, bytes: open.bytes };
}

function hexToPage(address: string, geometry: PageGeometry): number {
  return Number(BigInt(`0x${address}`) >> BigInt(geometry.pageShift));
}

/** Special mappings have no ordinary memory behind them; shmem is told from files by what names it. */
function kindOf(name: string, inode: string, open: OpenEntry, mount: MemoryMount | undefined): BackingKind {
  const { flags, bytes } = open;
  if (flags.includes('ht') || name.startsWith('/anon_hugepage')) return 'hugetlb';
  if (flags.includes('pf') || flags.includes('io') || flags.includes('mm')) return 'special';
  if (/^\[(vdso|vvar|vvar_vclock|vsyscall|uprobes)\]/.test(name)) return 'special';
  if (inode === '0') return name.startsWith('[anon_shmem') ? 'shmem' : 'anon';
  // Private memory of /dev/zero is anonymous to the kernel (mmap_zero()); shared, it is a file that cannot be opened.
  if (name === '/dev/zero' && open.header[3].endsWith('p')) return 'anon';
  if (/^\/(memfd:|SYSV|dev\/zero|dev\/shm\/)/.test(name)) return 'shmem';
  if ((bytes.get('ShmemPmdMapped') ?? 0) > 0) return 'shmem';
  return mount?.huge !== undefined ? 'shmem' : 'file';
}

/** A mount whose files are memory. */
export interface MemoryMount {
  readonly point: string;
  /** `huge=` of a tmpfs, `never` when it is not mounted with it; undefined for other file systems. */
  readonly huge?: string;
  /** Persistent memory without a page cache. */
  readonly dax: boolean;
}

/** Mounts of tmpfs and DAX in /proc/PID/mountinfo: field 5 is the point, type and options follow ` - `. */
export function memoryMounts(mountinfo: string): readonly MemoryMount[] {
  return mountinfo.split('\n').flatMap((line): MemoryMount[] => {
    const match = / - (\S+) \S+ (\S*)/.exec(line);
    if (!match) return [];
    const point = unescapeMount(line.split(' ')[4]);
    const options = match[2].split(',');
    const dax = options.includes('dax') || options.includes('dax=always');
    const huge = /^(tmpfs|devtmpfs|ramfs)$/.test(match[1])
      ? (options.find((option) => option.startsWith('huge='))?.slice(5) ?? 'never')
      : undefined;
    if (huge !== undefined) return [{ point, huge, dax }];
    return dax ? [{ point, dax }] : [];
  });
}

/** The innermost of these mounts that a path lies on. A root file system of tmpfs says nothing about paths below. */
function mountOf(name: string, mounts: readonly MemoryMount[]): MemoryMount | undefined {
  return mounts
    .filter(({ point }) => point !== '/' && name.startsWith(`${point}/`))
    .sort((left, right) => right.point.length - left.point.length)[0];
}

/** Spaces and the like are octal in mountinfo. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
