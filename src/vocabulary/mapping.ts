import type { Bytes, PageNumber } from './units.js';

/** What backs a mapping. */
export type BackingKind = 'anon' | 'shmem' | 'file' | 'hugetlb' | 'special';

/** One mapping (VMA) of a process, as /proc/PID/smaps tells it. */
export interface Mapping {
  readonly start: PageNumber;
  /** Exclusive. */
  readonly end: PageNumber;
  /** Page offset in the file of `start`; 0 for anonymous memory. */
  readonly offset: PageNumber;
  /** `rw-p` as in maps. */
  readonly permissions: string;
  /** Path, `[heap]`, `[anon:name]`, or empty. */
  readonly name: string;
  readonly kind: BackingKind;
  /** Two-letter VmFlags: hg, nh, lo, sh, gd, pf, mm, io, ht, … Empty when smaps could not be read. */
  readonly flags: readonly string[];
  /** THPeligible of smaps: some enabled folio order fits this mapping. */
  readonly thpEligible: boolean;
  /** `huge=` of the tmpfs mount that the file lies on; undefined for memfd, SysV and shared anonymous memory. */
  readonly mountHuge?: string;
  /** The file lies on persistent memory without a page cache. */
  readonly dax?: boolean;
  /** Anonymous pages of the mapping, present and swapped; undefined where smaps could not be read. */
  readonly anonymousBytes?: Bytes | undefined;
}
