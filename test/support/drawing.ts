/**
 * Memory drawn as rows of characters, so that a test shows what it is about. One row is one 2 MiB block.
 *
 *   'H'  one PMD entry on a whole PMD-sized folio
 *   'h'  a whole PMD-sized folio mapped page by page
 *   '.'  nothing mapped
 *   '4'  512 base pages        '4*128' 128 base pages, the rest holes
 *   '2'  512 pages in folios of order 2 (any digit but 4 and 0 is an order)
 */

import { HotMapBuilder } from '../../src/hotness/hot-map-builder.js';
import { BlockRows, blockState } from '../../src/verification/block-rows.js';
import type { HotMap } from '../../src/vocabulary/hot-map.js';
import type { Mapping } from '../../src/vocabulary/mapping.js';
import {
  BLOCK_FLAG,
  type BlockState,
  MAPPING_LEVEL,
  type PageSizes,
} from '../../src/vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../src/vocabulary/process.js';
import { COMPLETE, type SampleOrigin } from '../../src/vocabulary/sample.js';
import type { ThpSettings } from '../../src/vocabulary/thp-settings.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

export const PROCESS: ProcessIdentity = { pid: 100, startTicks: 5000, command: 'db', cgroup: '/' };
export const FIRST_BLOCK = 1000;
const PAGES = 512;

export interface Drawn {
  readonly flags?: readonly string[];
  readonly kind?: Mapping['kind'];
  /** Page offset in the file. */
  readonly offset?: number;
  /** Blocks whose pages another process maps as well. */
  readonly shared?: readonly number[];
  /** Pages that no process maps, by block index; `unknown` where they cannot be counted. */
  readonly unmapped?: Readonly<Record<number, number | 'unknown'>>;
}

export function mapping(blocks: number, drawn: Drawn = {}): Mapping {
  return {
    start: FIRST_BLOCK * PAGES,
    end: (FIRST_BLOCK + blocks) * PAGES,
    offset: drawn.offset ?? 0,
    permissions: 'rw-p',
    name: '',
    kind: drawn.kind ?? 'anon',
    flags: drawn.flags ?? ['rd', 'wr', 'hg'],
    thpEligible: true,
  };
}

export function pageSizes(blocks: readonly string[], drawn: Drawn = {}): PageSizes {
  const rows = new BlockRows(GEOMETRY_4K);
  blocks.forEach((text, index) => {
    if (text !== '.') drawBlock(rows, index, text, drawn);
  });
  return {
    process: PROCESS,
    geometry: GEOMETRY_4K,
    takenAtMs: 0,
    mappings: [mapping(blocks.length, drawn)],
    blocks: rows.columns(),
    ordersKnown: true,
    thpDisabledByPrctl: false,
  };
}

function drawBlock(rows: BlockRows, index: number, text: string, drawn: Drawn): void {
  const row = rows.row(FIRST_BLOCK + index, 0);
  const [what, count] = text.split('*');
  const order = what === 'H' || what === 'h' ? 9 : what === '4' ? 0 : Number(what);
  const present = count === undefined ? PAGES : Number(count);
  rows.level[row] = what === 'H' ? MAPPING_LEVEL.pmd : MAPPING_LEVEL.pte;
  rows.present[row] = present;
  rows.pagesByOrder[row * rows.orders + order] = present;
  rows.firstFrame[row] = (5000 + index) * PAGES;
  rows.flags[row] = BLOCK_FLAG.wholeInMapping | BLOCK_FLAG.contiguousFrames;
  if (drawn.shared?.includes(index)) rows.flags[row] |= BLOCK_FLAG.shared;
  const unmapped = drawn.unmapped?.[index];
  if (unmapped === 'unknown') rows.flags[row] |= BLOCK_FLAG.unmappedUnknown;
  else rows.unmapped[row] = unmapped ?? 0;
}

/** State of one drawn block. */
export function state(text: string, drawn: Drawn = {}): BlockState {
  return blockState(pageSizes([text], drawn).blocks, 0);
}

export const SUB_PAGE_ORIGIN: SampleOrigin = {
  source: 'drawn',
  detail: 'test',
  tells: 'heat',
  granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
  nature: 'all-accesses',
  ...COMPLETE,
  windowNs: undefined,
};

/** Samples per sub-page by block index, and data pages by block index. */
export interface DrawnHeat {
  readonly samples?: Readonly<Record<number, readonly (readonly [subPage: number, samples: number])[]>>;
  readonly filled?: Readonly<Record<number, number>>;
}

export function hotMap(drawn: DrawnHeat, origins: readonly SampleOrigin[] = [SUB_PAGE_ORIGIN]): HotMap {
  const builder = new HotMapBuilder(PROCESS, GEOMETRY_4K);
  for (const [index, hits] of Object.entries(drawn.samples ?? {})) {
    for (const [subPage, count] of hits) {
      const page = (FIRST_BLOCK + Number(index)) * PAGES + subPage;
      for (let hit = 0; hit < count; hit++) builder.addSample(page, 1);
    }
  }
  for (const [index, pages] of Object.entries(drawn.filled ?? {})) {
    const bitmap = new Uint8Array(PAGES / 8);
    for (let page = 0; page < pages; page++) bitmap[page >> 3] |= 1 << (page & 7);
    builder.setContent(FIRST_BLOCK + Number(index), bitmap);
  }
  return builder.build(origins);
}

export const SETTINGS: ThpSettings = {
  present: true,
  enabled: 'madvise',
  shmemEnabled: 'never',
  sizes: [
    { order: 4, enabled: 'never' },
    { order: 9, enabled: 'inherit' },
  ],
  khugepaged: {
    maxPtesNone: 511,
    maxPtesShared: 256,
    maxPtesSwap: 64,
    pagesToScan: 4096,
    scanSleepMs: 10_000,
    collapsesSmall: false,
  },
};
