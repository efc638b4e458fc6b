import { defined } from '../../../base/assert.js';
import type { PageNumber, PageRange, Pages } from '../../../vocabulary/units.js';
import type { Inode } from './page-cache.js';

/** A file whose mappers are address spaces of this model. */
export type MappedInode = Inode<Mm>;

/** Properties of a mapping (VM_* flags), as bits. */
export const VM = {
  read: 1,
  write: 1 << 1,
  exec: 1 << 2,
  /** MAP_SHARED. */
  shared: 1 << 3,
  /** MADV_HUGEPAGE: `hg`. */
  hugepage: 1 << 4,
  /** MADV_NOHUGEPAGE: `nh`. */
  noHugepage: 1 << 5,
  /** mlock: `lo`. */
  locked: 1 << 6,
  /** The stack: `gd`. */
  growsDown: 1 << 7,
  /** No struct pages behind it (vvar, device memory): never touched by memory management. */
  special: 1 << 8,
  /** MADV_DONTFORK: `dc`. */
  dontCopy: 1 << 9,
  /** MADV_DONTDUMP: `dd`. */
  dontDump: 1 << 10,
  /** Registered with userfaultfd for write protection: `uw`. */
  uffdWp: 1 << 11,
  /** Accounted memory: `ac`. */
  account: 1 << 12,
  /** May be merged by KSM: `mg`. */
  mergeable: 1 << 13,
  sequentialRead: 1 << 14,
  randomRead: 1 << 15,
  /** Every page of it reads as soft-dirty: `sd`. New mappings start so; clear_refs 4 ends it. */
  softDirty: 1 << 16,
  /** Registered with userfaultfd for missing pages: `um`. Only base pages are faulted in. */
  uffdMissing: 1 << 17,
  /** Raw frames without struct pages (`pf io`), or a mixture (`mm`). */
  pfnMap: 1 << 18,
  mixedMap: 1 << 19,
  /** mremap cannot grow it: `de`. */
  dontExpand: 1 << 20,
  /** A guard region was installed in it once: `gu`. */
  maybeGuard: 1 << 21,
} as const;

/** One mapping: pages [start, end) with the same backing and flags. */
export class Vma {
  start: PageNumber;
  end: PageNumber;
  /** VM bits. */
  flags: number;
  /** What stands behind it; undefined for anonymous memory. */
  readonly inode: MappedInode | undefined;
  /** Page offset in the inode of `start`; for anonymous memory its page number, as in Linux. */
  offset: PageNumber;
  readonly name: string;
  /** Whether a page was ever faulted in here (anon_vma): khugepaged ignores mappings without. */
  hasAnonPages = false;
  /** How far mremap has moved the mapping since its anonymous pages got their index. */
  shift: PageNumber = 0;

  constructor(
    { start, end }: PageRange,
    flags: number,
    inode: MappedInode | undefined,
    offset: number,
    name: string,
  ) {
    this.start = start;
    this.end = end;
    this.flags = flags;
    this.inode = inode;
    this.offset = offset;
    this.name = name;
  }

  /** Page offset in the backing inode of a page of this mapping. */
  offsetOf(page: PageNumber): PageNumber {
    return this.offset + (page - this.start);
  }

  /** Index of an anonymous page in its folio's family: where it was first mapped, whatever moved it since. */
  anonIndexOf(page: PageNumber): PageNumber {
    return page - this.shift;
  }

  /** The inode of a mapping that has one: not for anonymous memory. */
  get file(): MappedInode {
    return defined(this.inode, 'anonymous memory has no inode');
  }

  /** Pages without an inode, or private copies of a file's pages. */
  get isAnonymous(): boolean {
    return this.inode === undefined;
  }

  clone(): Vma {
    const copy = new Vma(this, this.flags, this.inode, this.offset, this.name);
    copy.hasAnonPages = this.hasAnonPages;
    copy.shift = this.shift;
    return copy;
  }
}

/** How prctl(PR_SET_THP_DISABLE) stands: not set, complete, or except advised (PR_THP_DISABLE_EXCEPT_ADVISED). */
export type ThpDisable = 'no' | 'complete' | 'except-advised';

/** An address space (mm_struct). */
export class Mm {
  readonly id: number;
  /** Mms that may share anonymous pages by fork (the root anon_vma). */
  readonly family: number;
  /** Top level of the page tables: first entry of a run of 512 PMD entries, 0 when there is none. */
  readonly pgd: Int32Array;
  /** Indices of `pgd` that are in use, in order of their first use. */
  readonly tops: number[] = [];
  /** Sorted by start, without overlaps. */
  vmas: Vma[] = [];
  /** Resident pages by kind, and swap entries. */
  rssAnon: Pages = 0;
  rssFile: Pages = 0;
  rssShmem: Pages = 0;
  swapEntries: Pages = 0;
  peakRss: Pages = 0;
  peakVirtual: Pages = 0;
  /** Page-table pages in use or deposited. */
  tablePages: Pages = 0;
  minorFaults = 0;
  majorFaults = 0;
  lockedPages: Pages = 0;
  pmdPages: Pages = 0;
  thpDisable: ThpDisable = 'no';
  /** Index into kernel.memcgs. */
  memcg: number;
  /** On khugepaged's list (MMF_VM_HUGEPAGE). */
  inKhugepagedList = false;
  /** Set while the process is exiting: nothing may map any more. */
  exiting = false;
  /** Whether mremap ever moved a mapping with anonymous pages here, so that a page's index may not tell where it is. */
  hasMoved = false;
  private last: Vma | undefined;

  constructor(id: number, family: number, pgdLength: number, memcg: number) {
    this.id = id;
    this.family = family;
    this.pgd = new Int32Array(pgdLength);
    this.memcg = memcg;
  }

  /** The mapping that holds `page`. */
  vmaOf(page: PageNumber): Vma | undefined {
    const last = this.last;
    if (last !== undefined && page >= last.start && page < last.end) return last;
    const found = this.vmas[this.indexAtOrAfter(page)];
    if (found === undefined || page < found.start) return undefined;
    this.last = found;
    return found;
  }

  /** Index of the first mapping that ends after `page` (find_vma()); vmas.length when there is none. */
  indexAtOrAfter(page: PageNumber): number {
    let low = 0;
    let high = this.vmas.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.vmas[middle].end > page) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** To be called after `vmas` was changed. */
  forgetLastVma(): void {
    this.last = undefined;
  }

  get rss(): Pages {
    return this.rssAnon + this.rssFile + this.rssShmem;
  }

  get virtualPages(): Pages {
    let pages = 0;
    for (const vma of this.vmas) pages += vma.end - vma.start;
    return pages;
  }
}
