import type { PageNumber } from './units.js';

export type BackingKind = 'anon' | 'shmem' | 'file' | 'hugetlb' | 'special';

/** One mapping (VMA) of a process, as /proc/PID/smaps tells it. */
export interface Mapping {
  readonly start: PageNumber;
  /** Exclusive. */
  readonly end: PageNumber;
  /** `rw-p` as in maps. */
  readonly permissions: string;
  /** Path, `[heap]`, `[anon:name]`, or empty. */
  readonly name: string;
  readonly kind: BackingKind;
  /** Two-letter VmFlags: hg, nh, lo, sh, gd, pf, mm, io, ht, … Empty when smaps could not be read. */
  readonly flags: readonly string[];
  /** THPeligible of smaps: some enabled folio order fits this mapping. */
  readonly thpEligible: boolean;
}
