import type { FrameNumber, PageNumber } from '../../../vocabulary/units.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import type { Mm, Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';

/** One way a page is mapped: PMD entry p as ~p, PTE entry e as e (LeafId of access.ts). */
export interface PageMapping {
  readonly mm: Mm;
  readonly vma: Vma;
  /** Virtual page of the page that was asked for. */
  readonly page: PageNumber;
  readonly leaf: number;
}

/** Every mapping of one page, by any process (rmap_walk()). */
export function mappingsOf(kernel: Kernel, frame: FrameNumber): PageMapping[] {
  const found: PageMapping[] = [];
  const { folios } = kernel;
  if (!folios.isPageMapped(frame)) return found;
  for (const { mm, vma, page } of placesOf(kernel, frame)) {
    const leaf = leafMapping(kernel, mm, page, frame);
    if (leaf !== undefined) found.push({ mm, vma, page, leaf });
  }
  return found;
}

/** Where a page would be mapped: in each address space of its family, or in each mapping of its inode. */
function placesOf(kernel: Kernel, frame: FrameNumber): { mm: Mm; vma: Vma; page: PageNumber }[] {
  const { folios } = kernel;
  const head = folios.headOf(frame);
  const index = folios.index[head] + (frame - head);
  if (folios.has(head, FOLIO.anon)) return anonymousPlaces(kernel, folios.owner[head], index);
  return inodePlaces(kernel, folios.owner[head], index);
}

function anonymousPlaces(
  kernel: Kernel,
  family: number,
  page: PageNumber,
): { mm: Mm; vma: Vma; page: PageNumber }[] {
  const places = [];
  for (const mm of kernel.families.get(family) ?? []) {
    const vma = mm.vmaOf(page);
    if (vma !== undefined && vma.shift === 0) places.push({ mm, vma, page });
    if (mm.hasMoved) places.push(...movedPlaces(mm, page));
  }
  return places;
}

/** Where mappings that mremap moved would hold the anonymous page of an index. */
function movedPlaces(mm: Mm, index: PageNumber): { mm: Mm; vma: Vma; page: PageNumber }[] {
  return mm.vmas
    .filter((vma) => vma.shift !== 0 && index + vma.shift >= vma.start && index + vma.shift < vma.end)
    .map((vma) => ({ mm, vma, page: index + vma.shift }));
}

function inodePlaces(
  kernel: Kernel,
  number: number,
  offset: PageNumber,
): { mm: Mm; vma: Vma; page: PageNumber }[] {
  const inode = kernel.inodes.get(number);
  const places = [];
  for (const { mm } of inode?.mappers ?? []) {
    for (const vma of mm.vmas) {
      if (vma.inode !== inode || offset < vma.offset || offset >= vma.offset + vma.end - vma.start) continue;
      places.push({ mm, vma, page: vma.start + offset - vma.offset });
    }
  }
  return places;
}

/** The leaf of `mm` at `page` if it maps exactly `frame`. */
function leafMapping(kernel: Kernel, mm: Mm, page: PageNumber, frame: FrameNumber): number | undefined {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const within = page % geometry.pagesPerBlock;
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present) {
    const same = (bits & ENTRY.zero) === 0 && tables.pmdValue[pmd] + within === frame;
    return same ? ~pmd : undefined;
  }
  const entry = tables.pmdValue[pmd] * geometry.pagesPerBlock + within;
  const present = (tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) === ENTRY.present;
  return present && tables.pteValue[entry] === frame ? entry : undefined;
}
