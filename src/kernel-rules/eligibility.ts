/**
 * Why a block is or is not huge, and what the kernel will do to it by itself. One set of rules serves `inspect
 * --explain`, the forecast of every step and the cause of every verdict. Rules: mm/huge_memory.c
 * __thp_vma_allowable_orders(), mm/khugepaged.c hpage_collapse_scan_pmd(), mm/madvise.c.
 */
import type { Mapping } from '../vocabulary/mapping.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Order, PageGeometry } from '../vocabulary/units.js';

export type ObstacleCode =
  | 'no-thp'
  | 'special-mapping'
  | 'mapping-too-small'
  | 'nohugepage'
  | 'thp-disabled'
  | 'setting'
  | 'too-many-holes'
  | 'shared-pages'
  | 'swapped-pages'
  | 'nothing-mapped'
  | 'not-anonymous'
  | 'temporary-stack';

export interface Obstacle {
  readonly code: ObstacleCode;
  /** One plain sentence. */
  readonly why: string;
}

/** Everything the rules look at. */
export interface BlockCase {
  readonly mapping: Mapping;
  readonly state: BlockState;
  readonly settings: ThpSettings;
  readonly geometry: PageGeometry;
  readonly thpDisabledByPrctl: boolean;
}

/** What keeps MADV_COLLAPSE from making the block huge. It ignores settings, holes, sharing and heat. */
export function collapseObstacles(block: BlockCase): readonly Obstacle[] {
  // Shared memory is collapsed from the page cache, mapped or not (collapse_file()).
  const empty = block.mapping.kind === 'shmem' ? [] : emptiness(block);
  return [...mappingObstacles(block), ...empty];
}

/** What keeps khugepaged from collapsing the block to PMD order, given that something references it. */
export function khugepagedObstacles(block: BlockCase): readonly Obstacle[] {
  return [
    ...mappingObstacles(block),
    ...settingObstacles(block),
    ...emptiness(block),
    ...limitObstacles(block),
  ];
}

function mappingObstacles({ mapping, state, settings, thpDisabledByPrctl }: BlockCase): Obstacle[] {
  const found: Obstacle[] = [];
  if (!settings.present) found.push({ code: 'no-thp', why: 'this kernel has no transparent huge pages' });
  if (mapping.kind === 'special' || mapping.kind === 'hugetlb') {
    found.push({ code: 'special-mapping', why: `${mapping.name || 'the mapping'} never holds THPs` });
  }
  if (!state.flags.includes('wholeInMapping')) {
    found.push({ code: 'mapping-too-small', why: 'the mapping does not cover the whole aligned block' });
  }
  if (mapping.flags.includes('nh')) {
    found.push({ code: 'nohugepage', why: 'the mapping is marked MADV_NOHUGEPAGE' });
  }
  if (thpDisabledByPrctl) {
    found.push({ code: 'thp-disabled', why: 'the process runs under prctl(PR_SET_THP_DISABLE)' });
  }
  return found;
}

function emptiness({ state }: BlockCase): Obstacle[] {
  const nothing = state.present + state.zeroMapped + state.swapped === 0;
  return nothing ? [{ code: 'nothing-mapped', why: 'nothing is mapped in the block yet' }] : [];
}

function settingObstacles({ mapping, settings, geometry }: BlockCase): Obstacle[] {
  if (mapping.kind !== 'anon') return [];
  if (enabledOrders(settings, mapping).includes(geometry.hugeOrder)) return [];
  const asked = mapping.flags.includes('hg') ? 'is marked MADV_HUGEPAGE' : 'is not marked MADV_HUGEPAGE';
  const size = settings.sizes.find(({ order }) => order === geometry.hugeOrder)?.enabled ?? 'inherit';
  const own = size === 'inherit' ? '' : ` (and \`${size}\` for this size)`;
  return [{ code: 'setting', why: `THP is set to \`${settings.enabled}\`${own} and the mapping ${asked}` }];
}

function limitObstacles({ state, settings, geometry }: BlockCase): Obstacle[] {
  const { maxPtesNone, maxPtesShared, maxPtesSwap } = settings.khugepaged;
  const holes = geometry.pagesPerBlock - state.present - state.swapped;
  const found: Obstacle[] = [];
  if (holes > maxPtesNone) {
    found.push({
      code: 'too-many-holes',
      why: `${holes} sub-pages are holes or zero pages, max_ptes_none is ${maxPtesNone}`,
    });
  }
  if (state.swapped > maxPtesSwap) {
    found.push({
      code: 'swapped-pages',
      why: `${state.swapped} sub-pages are swapped, max_ptes_swap is ${maxPtesSwap}`,
    });
  }
  if (state.flags.includes('shared') && maxPtesShared === 0) {
    found.push({ code: 'shared-pages', why: 'some sub-pages are shared and max_ptes_shared is 0' });
  }
  return found;
}

/** Anonymous folio orders that faults and khugepaged may use in a mapping (include/linux/huge_mm.h). */
export function enabledOrders(settings: ThpSettings, mapping: Mapping): readonly Order[] {
  const advised = mapping.flags.includes('hg');
  const inherited = settings.enabled === 'always' || (settings.enabled === 'madvise' && advised);
  return settings.sizes
    .filter(({ enabled }) => {
      if (enabled === 'always') return true;
      if (enabled === 'madvise') return advised;
      return enabled === 'inherit' && inherited;
    })
    .map(({ order }) => order);
}

/** One paragraph for `inspect --explain`: what the block is, why, and what could change it. */
export function explainBlock(block: BlockCase): readonly string[] {
  const { state, geometry } = block;
  if (state.level === 'pmd') return ['Mapped by one PMD entry: it is a huge page already.'];
  const byCollapse = collapseObstacles(block);
  const byKhugepaged = khugepagedObstacles(block);
  const lines: string[] = [];
  if (state.pagesByOrder[geometry.hugeOrder] > 0) {
    lines.push(
      'The folio is huge, but mapped page by page (a split mapping, as after mprotect or a partial unmap).',
    );
  }
  if (byKhugepaged.length === 0) {
    lines.push(
      'khugepaged may collapse it: nothing stands against it but its scan budget, registration of the process and one reference.',
    );
  } else lines.push(...byKhugepaged.map(({ why }) => `khugepaged leaves it alone: ${why}.`));
  if (byCollapse.length === 0) {
    const holes = geometry.pagesPerBlock - state.present;
    const growth = holes > 0 ? `, filling ${holes} holes with ${(holes * geometry.pageBytes) / 1024} kB` : '';
    lines.push(`MADV_COLLAPSE (octavo plan --collapse) can make it huge now${growth}.`);
  } else lines.push(...byCollapse.map(({ why }) => `MADV_COLLAPSE fails: ${why}.`));
  return lines;
}
