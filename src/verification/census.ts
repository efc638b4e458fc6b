/** Sums over an observation: what `inspect` prints and what before/after tables compare. Pure. */

import type { BackingKind } from '../vocabulary/mapping.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes, unmappedPages } from '../vocabulary/page-sizes.js';
import type { Bytes } from '../vocabulary/units.js';

/** Sums of an observation, in bytes and blocks. */
export interface CensusTotals {
  readonly residentBytes: Bytes;
  /** Resident bytes by folio order, index = order. */
  readonly bytesByOrder: readonly Bytes[];
  /** Resident bytes whose folio order could not be read. */
  readonly bytesOfUnknownOrder: Bytes;
  readonly pmdMappedBytes: Bytes;
  readonly pteMappedBytes: Bytes;
  readonly zeroMappedBytes: Bytes;
  readonly swappedBytes: Bytes;
  /**
   * Bytes held by huge or large folios whose other pages are mapped, and mapped by no process: charged and not free, but in
   * no RSS. `unmappedUnknownBlocks` blocks could not be counted.
   */
  readonly unmappedBytes: Bytes;
  readonly unmappedUnknownBlocks: number;
  readonly bytesByKind: Readonly<Record<BackingKind, Bytes>>;
  /** Blocks mapped by one PMD entry. */
  readonly hugeBlocks: number;
  /** Blocks that hold a PMD-sized folio, but mapped page by page. */
  readonly pteMappedHugeBlocks: number;
  /** PTE-mapped blocks that lie whole in their mapping. */
  readonly smallBlocks: number;
  /** Bytes that collapsing all of those would add by filling holes. */
  readonly holeBytes: Bytes;
  readonly sharedBlocks: number;
}

interface Sums {
  resident: number;
  byOrder: number[];
  unknown: number;
  pmd: number;
  zero: number;
  swapped: number;
  unmapped: number;
  unmappedUnknown: number;
  byKind: Record<BackingKind, number>;
  huge: number;
  pteHuge: number;
  small: number;
  holes: number;
  shared: number;
}

/** Totals over all mappings, or over one of them. */
export function censusTotals(sizes: PageSizes, mapping?: number): CensusTotals {
  const sums = emptySums(sizes.blocks.orders);
  for (let row = 0; row < sizes.blocks.count; row++) {
    if (mapping === undefined || sizes.blocks.mapping[row] === mapping) addRow(sums, sizes, row);
  }
  return inBytes(sums, sizes.geometry.pageBytes);
}

/** Totals of every mapping that has anything, in one pass over the rows. */
export function censusByMapping(sizes: PageSizes): ReadonlyMap<number, CensusTotals> {
  const byMapping = new Map<number, Sums>();
  for (let row = 0; row < sizes.blocks.count; row++) {
    const mapping = sizes.blocks.mapping[row];
    const sums = byMapping.get(mapping) ?? emptySums(sizes.blocks.orders);
    byMapping.set(mapping, sums);
    addRow(sums, sizes, row);
  }
  return new Map([...byMapping].map(([mapping, sums]) => [mapping, inBytes(sums, sizes.geometry.pageBytes)]));
}

function addRow(sums: Sums, sizes: PageSizes, row: number): void {
  const { blocks, geometry } = sizes;
  const present = blocks.present[row];
  const isPmd = blocks.level[row] === MAPPING_LEVEL.pmd;
  let known = 0;
  for (let order = 0; order < blocks.orders; order++) {
    const pages = blocks.pagesByOrder[row * blocks.orders + order];
    sums.byOrder[order] += pages;
    known += pages;
  }
  sums.resident += present;
  sums.unknown += present - known;
  sums.zero += blocks.zeroMapped[row];
  sums.swapped += blocks.swapped[row];
  const unmapped = unmappedPages(blocks, row);
  if (unmapped === undefined) sums.unmappedUnknown++;
  else sums.unmapped += unmapped;
  sums.byKind[sizes.mappings[blocks.mapping[row]].kind] += present;
  if (isPmd) {
    sums.pmd += present;
    sums.huge++;
  } else {
    if (blocks.pagesByOrder[row * blocks.orders + geometry.hugeOrder] > 0) sums.pteHuge++;
    if (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) {
      sums.small++;
      sums.holes += geometry.pagesPerBlock - present;
    }
  }
  if (blocks.flags[row] & BLOCK_FLAG.shared) sums.shared++;
}

function emptySums(orders: number): Sums {
  return {
    resident: 0,
    byOrder: Array<number>(orders).fill(0),
    unknown: 0,
    pmd: 0,
    zero: 0,
    swapped: 0,
    unmapped: 0,
    unmappedUnknown: 0,
    byKind: { anon: 0, shmem: 0, file: 0, hugetlb: 0, special: 0 },
    huge: 0,
    pteHuge: 0,
    small: 0,
    holes: 0,
    shared: 0,
  };
}

function inBytes(sums: Sums, pageBytes: Bytes): CensusTotals {
  const kinds = Object.entries(sums.byKind).map(([kind, pages]) => [kind, pages * pageBytes]);
  return {
    residentBytes: sums.resident * pageBytes,
    bytesByOrder: sums.byOrder.map((pages) => pages * pageBytes),
    bytesOfUnknownOrder: sums.unknown * pageBytes,
    pmdMappedBytes: sums.pmd * pageBytes,
    pteMappedBytes: (sums.resident - sums.pmd) * pageBytes,
    zeroMappedBytes: sums.zero * pageBytes,
    swappedBytes: sums.swapped * pageBytes,
    unmappedBytes: sums.unmapped * pageBytes,
    unmappedUnknownBlocks: sums.unmappedUnknown,
    bytesByKind: Object.fromEntries(kinds),
    hugeBlocks: sums.huge,
    pteMappedHugeBlocks: sums.pteHuge,
    smallBlocks: sums.small,
    holeBytes: sums.holes * pageBytes,
    sharedBlocks: sums.shared,
  };
}
