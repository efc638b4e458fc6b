import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { PageNumber, PageRange } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { walkRange } from '../translation/walk.js';

/** Category bits of PAGEMAP_SCAN (include/uapi/linux/fs.h), as PAGE_IS of the host's interface names them. */
const IS = {
  wpAllowed: 1,
  written: 1 << 1,
  file: 1 << 2,
  present: 1 << 3,
  swapped: 1 << 4,
  zeroFrame: 1 << 5,
  huge: 1 << 6,
  softDirty: 1 << 7,
  guard: 1 << 8,
  accessed: 1 << 9,
} as const;

/** The arguments of PAGEMAP_SCAN (struct pm_scan_arg). */
export interface ScanRequest {
  readonly range: PageRange;
  readonly inverted: number;
  readonly mask: number;
  readonly anyOf: number;
  readonly report: number;
}

/** Regions [start, end) with categories, ascending. */
export interface Region {
  readonly start: PageNumber;
  readonly end: PageNumber;
  readonly categories: number;
}

/** ioctl(PAGEMAP_SCAN) without write protection. EINVAL for a category that this kernel does not have. */
export function scanPagemap(kernel: Kernel, mm: Mm, request: ScanRequest): Region[] | ErrnoName {
  const known = knownCategories(kernel);
  if ((request.inverted | request.mask | request.anyOf | request.report) & ~known) return 'EINVAL';
  const collector = new Collector(request);
  walkRange(kernel, mm, request.range.start, request.range.end, {
    pmd: (pmd, vma, from, to) => {
      collector.add(from, to, pmdCategories(kernel, vma, pmd));
      return undefined;
    },
    pte: (entry, vma, page) => {
      collector.add(page, page + 1, pteCategories(kernel, vma, entry));
      return undefined;
    },
    hole: (vma, from, to) => {
      // Mappings of raw frames are skipped as a whole (pagemap_scan_test_walk()).
      if ((vma.flags & VM.pfnMap) === 0) collector.add(from, to, ofVma(kernel, vma));
      return undefined;
    },
  });
  return collector.finish();
}

function knownCategories(kernel: Kernel): number {
  const { features } = kernel;
  const base = IS.guard - 1;
  return base | (features.guardRegions ? IS.guard : 0) | (features.pageIsAccessed ? IS.accessed : 0);
}

/** Categories that a whole mapping has. */
function ofVma(kernel: Kernel, vma: Vma): number {
  const soft = kernel.features.softDirty && vma.flags & VM.softDirty;
  return (vma.flags & VM.uffdWp ? IS.wpAllowed : 0) | (soft ? IS.softDirty : 0);
}

/** Up to 7.2 every page that is not write-protected counts as written; 7.3 says it only for userfaultfd mappings. */
function written(kernel: Kernel, vma: Vma, bits: number): number {
  if (bits & ENTRY.uffdWp) return 0;
  return kernel.features.pageIsAccessed && (vma.flags & VM.uffdWp) === 0 ? 0 : IS.written;
}

function pmdCategories(kernel: Kernel, vma: Vma, pmd: number): number {
  const bits = kernel.tables.pmdBits[pmd];
  return presentCategories(kernel, vma, bits, kernel.tables.pmdValue[pmd]) | IS.huge;
}

function presentCategories(kernel: Kernel, vma: Vma, bits: number, frame: number): number {
  const { folios } = kernel;
  let categories = ofVma(kernel, vma) | IS.present | written(kernel, vma, bits);
  if (bits & ENTRY.softDirty && kernel.features.softDirty) categories |= IS.softDirty;
  if (bits & ENTRY.zero) categories |= IS.zeroFrame;
  else if (!folios.has(folios.headOf(frame), FOLIO.anon)) categories |= IS.file;
  return categories;
}

function pteCategories(kernel: Kernel, vma: Vma, entry: number): number {
  const bits = kernel.tables.pteBits[entry];
  if (bits & ENTRY.present) return presentCategories(kernel, vma, bits, kernel.tables.pteValue[entry]);
  const rest = ofVma(kernel, vma) | written(kernel, vma, bits);
  if (bits & ENTRY.guard) return rest | (kernel.features.guardRegions ? IS.guard : 0);
  return rest | IS.swapped;
}

/** Keeps what matches, joining neighbours with equal reported categories. */
class Collector {
  readonly #request: ScanRequest;
  readonly #found: Region[] = [];
  #open: Region | undefined;

  constructor(request: ScanRequest) {
    this.#request = request;
  }

  add(start: PageNumber, end: PageNumber, categories: number): void {
    const { inverted, mask, anyOf, report } = this.#request;
    const seen = categories ^ inverted;
    if ((seen & mask) !== mask || (anyOf !== 0 && (seen & anyOf) === 0)) return;
    const shown = categories & report;
    const open = this.#open;
    if (open !== undefined && open.end === start && open.categories === shown) {
      this.#open = { start: open.start, end, categories: shown };
      return;
    }
    if (open !== undefined) this.#found.push(open);
    this.#open = { start, end, categories: shown };
  }

  finish(): Region[] {
    if (this.#open !== undefined) this.#found.push(this.#open);
    return this.#found;
  }
}
