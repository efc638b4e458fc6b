import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, PageNumber, Pages } from '../../../vocabulary/units.js';
import type { Kernel } from '../state/kernel.js';
import { type MappedInode, Mm, VM, Vma } from '../state/mm.js';
import { Inode, type ShmemHuge } from '../state/page-cache.js';
import { Process } from '../state/process.js';
import { unregisterMm } from '../thp/khugepaged-list.js';
import { dropTable } from '../translation/entries.js';
import { zapRange } from '../translation/zap.js';
import { insertVma, releaseInode } from './vmas.js';

/** A process to start. */
export interface SpawnOptions {
  readonly command: string;
  readonly commandLine?: readonly string[];
  /** Index of the cgroup; the root when left out. */
  readonly memcg?: number;
  readonly userId?: number;
  readonly parent?: number;
  /** False for a bare address space without program, heap and stack. */
  readonly image?: boolean;
}

/** Starts a process. Its program, heap and stack are small mappings as a static ELF file has them. */
export function spawn(kernel: Kernel, options: SpawnOptions): Process {
  const mm = newMm(kernel, kernel.nextMm, options.memcg ?? 0);
  const task = new Process({
    pid: kernel.nextPid++,
    parent: options.parent ?? 1,
    command: options.command.slice(0, 15),
    mm,
    startedAt: kernel.clock.now,
    userId: options.userId ?? 0,
  });
  task.commandLine = options.commandLine ?? [options.command];
  task.cpu = task.pid % kernel.options.cpus;
  kernel.processes.set(task.pid, task);
  if (options.image !== false) mapImage(kernel, mm, options.command);
  return task;
}

/** An address space, in a family of its own or in the one given (fork). */
export function newMm(kernel: Kernel, family: number, memcg: number): Mm {
  const mm = new Mm(kernel.nextMm++, family, kernel.tables.pgdLength(), memcg);
  kernel.mms.set(mm.id, mm);
  const members = kernel.families.get(family);
  if (members === undefined) kernel.families.set(family, [mm]);
  else members.push(mm);
  return mm;
}

function mapImage(kernel: Kernel, mm: Mm, command: string): void {
  const path = `/bin/${command}`;
  const text =
    [...kernel.inodes.values()].find((inode) => inode.path === path) ??
    createInode(kernel, path, 209, 'file');
  const pageShift = kernel.geometry.pageShift;
  const at = (address: number) => Math.ceil(address / 2 ** pageShift);
  const base = at(0x400000);
  const add = (start: number, pages: number, flags: number, name: string, inode?: MappedInode) =>
    insertVma(
      kernel,
      mm,
      new Vma({ start, end: start + pages }, flags | VM.softDirty, inode, inode ? start - base : start, name),
    );
  add(base, 1, VM.read, path, text);
  add(base + 1, 161, VM.read | VM.exec, path, text);
  add(base + 162, 44, VM.read, path, text);
  add(base + 206, 3, VM.read | VM.write | VM.account, path, text);
  add(base + 209, 5, VM.read | VM.write | VM.account, '');
  add(at(0x0eef2000), 34, VM.read | VM.write | VM.account, '[heap]');
  add(at(0x7f1ae618a000), 4, VM.read | VM.special | VM.dontDump | VM.dontExpand | VM.mixedMap, '[vvar]');
  add(at(0x7f1ae618e000), 2, VM.read | VM.special | VM.dontDump | VM.dontExpand | VM.pfnMap, '[vvar_vclock]');
  add(at(0x7f1ae6190000), 2, VM.read | VM.exec | VM.special | VM.dontExpand, '[vdso]');
  add(at(0x7ffd5a571000), 33, VM.read | VM.write | VM.growsDown | VM.account, '[stack]');
}

/** A file or a piece of shared memory with `pages` pages. `kernel` is shared anonymous memory. */
export function createInode(
  kernel: Kernel,
  path: string,
  pages: Pages,
  kind: 'file' | 'kernel' | ShmemHuge,
): MappedInode {
  const isFile = kind === 'file';
  const inode: MappedInode = new Inode({
    number: kernel.nextInode++,
    path,
    kind: isFile ? 'file' : 'shmem',
    pages,
    mount: isFile ? 'never' : kind,
    device: isFile ? '00:03' : kind === 'kernel' ? '00:01' : '00:1f',
  });
  kernel.inodes.set(inode.number, inode);
  return inode;
}

/** Ends a process: everything it maps goes. Returns the time it takes. */
export function exit(kernel: Kernel, task: Process): Nanoseconds {
  kernel.processes.delete(task.pid);
  const { mm } = task;
  if (mm === undefined) return 0;
  mm.exiting = true;
  unregisterMm(kernel, mm);
  let cost = 0;
  for (const vma of mm.vmas) cost += zapRange(kernel, mm, vma.start, vma.end);
  for (const vma of mm.vmas) releaseInode(kernel, mm, vma);
  mm.vmas = [];
  mm.forgetLastVma();
  dropTables(kernel, mm);
  kernel.tables.releaseRuns(mm);
  kernel.mms.delete(mm.id);
  leaveFamily(kernel, mm);
  return cost;
}

function leaveFamily(kernel: Kernel, mm: Mm): void {
  const members = (kernel.families.get(mm.family) ?? []).filter((member) => member !== mm);
  if (members.length === 0) kernel.families.delete(mm.family);
  else kernel.families.set(mm.family, members);
}

/** Page tables that hold nothing any more but are shared by mappings that are gone. */
function dropTables(kernel: Kernel, mm: Mm): void {
  const { tables } = kernel;
  for (const top of mm.tops) {
    const run = mm.pgd[top];
    for (let pmd = run; pmd < run + 512; pmd++)
      if (tables.pmdBits[pmd] !== 0) dropEmptyTable(kernel, mm, pmd);
  }
}

/** A mapping to make, in pages. */
export interface MapOptions {
  readonly pages: Pages;
  /** Where to map; chosen from the top of the address space when left out. */
  readonly at?: PageNumber | undefined;
  /** VM bits; readable and writable private memory when left out. */
  readonly flags?: number;
  readonly inode?: MappedInode | undefined;
  readonly offset?: PageNumber;
  readonly name?: string;
}

/** mmap(2). Returns the first page, or the errno: EEXIST when `at` is taken, ENOMEM when there is no room. */
export function mmap(kernel: Kernel, mm: Mm, options: MapOptions): PageNumber | ErrnoName {
  const { pages } = options;
  if (pages <= 0) return 'EINVAL';
  const limit = 2 ** (47 - kernel.geometry.pageShift);
  if (pages > limit || (options.at ?? 0) + pages > limit) return 'ENOMEM';
  const start = options.at ?? findRoom(kernel, mm, pages);
  if (start === undefined) return 'ENOMEM';
  const next = mm.vmas[mm.indexAtOrAfter(start)];
  if (next !== undefined && next.start < start + pages) return 'EEXIST';
  const flags = (options.flags ?? VM.read | VM.write) | VM.softDirty;
  const account = flags & VM.write && (flags & VM.shared) === 0 ? VM.account : 0;
  const offset = options.inode === undefined ? start : (options.offset ?? 0);
  insertVma(
    kernel,
    mm,
    new Vma(
      { start, end: start + pages },
      flags | account,
      options.inode,
      offset,
      options.name ?? options.inode?.path ?? '',
    ),
  );
  mm.peakVirtual = Math.max(mm.peakVirtual, mm.virtualPages);
  return start;
}

/** Top-down search below the stack, at huge-page alignment for mappings of that size (thp_get_unmapped_area()). */
function findRoom(kernel: Kernel, mm: Mm, pages: Pages): PageNumber | undefined {
  const align = pages >= kernel.geometry.pagesPerBlock ? kernel.geometry.pagesPerBlock : 1;
  let ceiling = mmapBase(kernel, mm);
  for (let i = mm.vmas.length - 1; i >= -1; i--) {
    const below = i >= 0 ? mm.vmas[i].end : Math.ceil(0x10000 / kernel.geometry.pageBytes);
    const start = ceiling - pages - ((ceiling - pages) % align);
    if (start >= below) return start;
    if (i >= 0) ceiling = Math.min(ceiling, mm.vmas[i].start);
  }
  return undefined;
}

/** Where mmap starts looking downwards: below the kernel's own mappings, as on Linux, so that no gap lies between. */
function mmapBase(kernel: Kernel, mm: Mm): PageNumber {
  const own = mm.vmas.find((vma) => vma.flags & VM.special);
  return own?.start ?? Math.floor(0x7f0000000000 / kernel.geometry.pageBytes);
}

/** Frees a page table that no entry uses. */
export function dropEmptyTable(kernel: Kernel, mm: Mm, pmd: number): void {
  const { tables } = kernel;
  if (tables.tableUsed[tables.pmdValue[pmd]] !== 0)
    throw new Error('assertion failed: page table in use at exit');
  dropTable(kernel, mm, pmd);
}
