/**
 * /proc/PID/smaps: one mapping after the other, each a header line as in maps, `Field: N kB` lines and VmFlags
 * (fs/proc/task_mmu.c, show_smap()). Parsing is pure; an unknown field is kept, a damaged header is told.
 */
import { failure, type Result, success } from '../../base/result.js';
import type { BackingKind, Mapping } from '../../vocabulary/mapping.js';
import type { Bytes, PageGeometry } from '../../vocabulary/units.js';

export interface SmapsEntry {
  readonly mapping: Mapping;
  /** `Field: N kB` lines in bytes, by field name as printed (Rss, AnonHugePages, ShmemPmdMapped, …). */
  readonly bytes: ReadonlyMap<string, Bytes>;
}

export interface ParseProblem {
  /** 1-based. */
  readonly line: number;
  readonly problem: string;
}

const HEADER = /^([0-9a-f]+)-([0-9a-f]+) ([r-][w-][x-][sp]) [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ (\d+) *(.*)$/;
const FIELD = /^([A-Za-z_]+): +(\d+) kB$/;

/** Parses maps or smaps text. `tmpfsMounts` are mount points whose files are shmem. */
export function parseSmaps(
  text: string,
  geometry: PageGeometry,
  tmpfsMounts: readonly string[] = [],
): Result<readonly SmapsEntry[], ParseProblem> {
  const entries: SmapsEntry[] = [];
  let open: OpenEntry | undefined;
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (line === '') continue;
    const header = HEADER.exec(line);
    if (header) {
      if (open) entries.push(closeEntry(open, geometry, tmpfsMounts));
      open = { header, bytes: new Map(), flags: [], eligible: false };
    } else if (!open) {
      return failure({ line: index + 1, problem: `no mapping header in \`${line.slice(0, 60)}\`` });
    } else readField(open, line);
  }
  if (open) entries.push(closeEntry(open, geometry, tmpfsMounts));
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

function closeEntry(open: OpenEntry, geometry: PageGeometry, tmpfsMounts: readonly string[]): SmapsEntry {
  const [, start, end, permissions, inode, name] = open.header;
  const mapping: Mapping = {
    start: hexToPage(start, geometry),
    end: hexToPage(end, geometry),
    permissions,
    name,
    kind: kindOf(name, inode, open, tmpfsMounts),
    flags: open.flags,
    thpEligible: open.eligible,
  };
  return { mapping, bytes: open.bytes };
}

function hexToPage(address: string, geometry: PageGeometry): number {
  return Number(BigInt(`0x${address}`) >> BigInt(geometry.pageShift));
}

/** Special mappings have no ordinary memory behind them; shmem is told from files by what names it. */
function kindOf(name: string, inode: string, open: OpenEntry, tmpfsMounts: readonly string[]): BackingKind {
  const { flags, bytes } = open;
  if (flags.includes('ht') || name.startsWith('/anon_hugepage')) return 'hugetlb';
  if (flags.includes('pf') || flags.includes('io') || flags.includes('mm')) return 'special';
  if (/^\[(vdso|vvar|vvar_vclock|vsyscall|uprobes)\]/.test(name)) return 'special';
  if (inode === '0') return name.startsWith('[anon_shmem') ? 'shmem' : 'anon';
  if (/^\/(memfd:|SYSV|dev\/zero|dev\/shm\/)/.test(name)) return 'shmem';
  if ((bytes.get('ShmemPmdMapped') ?? 0) > 0) return 'shmem';
  return tmpfsMounts.some((mount) => name.startsWith(`${mount}/`)) ? 'shmem' : 'file';
}

/** Mount points of tmpfs in /proc/PID/mountinfo: field 5 is the point, the type follows the ` - ` separator. */
export function tmpfsMounts(mountinfo: string): readonly string[] {
  return mountinfo
    .split('\n')
    .filter((line) => / - (tmpfs|devtmpfs|ramfs) /.test(line))
    .map((line) => unescapeMount(line.split(' ')[4]))
    .filter((point) => point !== '/');
}

/** Spaces and the like are octal in mountinfo. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}
