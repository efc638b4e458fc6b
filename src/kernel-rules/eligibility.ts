/**
 * Why a block is or is not huge, and what the kernel will do to it by itself. One set of rules serves `inspect
 * --explain`, the forecast of every step and the cause of every verdict. Rules: mm/huge_memory.c
 * __thp_vma_allowable_orders(), mm/khugepaged.c hpage_collapse_scan_pmd(), mm/madvise.c.
 */
import type { Mapping } from '../vocabulary/mapping.js';
import { mappingObstacles } from './mapping-rules.js';
import type { BlockCase, Obstacle } from './obstacle.js';
import { bindingObstacles, settingObstacles } from './setting-rules.js';

/**
 * What keeps MADV_COLLAPSE from making the block huge. It ignores sysfs but for shmem, `except-advised`, limits on holes,
 * swap and sharing, and heat.
 */
export function collapseObstacles(block: BlockCase): readonly Obstacle[] {
  return [...mappingObstacles(block), ...bindingObstacles(block), ...contentObstacles(block)];
}

/** What keeps khugepaged from collapsing the block to PMD order, given that something references it. */
export function khugepagedObstacles(block: BlockCase): readonly Obstacle[] {
  return [
    ...mappingObstacles(block),
    ...settingObstacles(block),
    ...contentObstacles(block),
    ...limitObstacles(block),
  ];
}

/** What there is to collapse. Shmem and files have their pages in the page cache, whatever this process has mapped. */
function contentObstacles({ mapping, state, geometry }: BlockCase): Obstacle[] {
  const found: Obstacle[] = [];
  if (mapping.kind === 'anon') {
    if (state.present + state.zeroMapped + state.swapped === 0) {
      found.push({ code: 'nothing-mapped', why: 'nothing is mapped in the block yet' });
    } else if (mapping.anonymousBytes === 0) {
      found.push({
        code: 'never-written',
        why: 'the mapping was only read so far: it holds zero pages and no page of its own',
      });
    }
  }
  if (hasPrivateCopies(mapping)) {
    const why =
      'the process has written to this private mapping: pages of its own stand between those of the file';
    found.push({ code: 'private-copies', why });
  }
  const holes = geometry.pagesPerBlock - state.present - state.swapped;
  if (holes > 0 && state.level !== 'pmd' && isUffdArmed(mapping)) {
    const why = 'the mapping is registered with userfaultfd, whose handler alone fills its holes';
    found.push({ code: 'userfaultfd', why });
  }
  return found;
}

/** A huge page of a file cannot be mapped where a page is the process's own (collapse_pte_mapped_thp()). */
function hasPrivateCopies({ kind, permissions, anonymousBytes = 0 }: Mapping): boolean {
  return kind !== 'anon' && permissions.endsWith('p') && anonymousBytes > 0;
}

/** userfaultfd_armed() for anonymous memory; shmem asks for handlers of missing pages only (khugepaged.c). */
function isUffdArmed({ kind, flags }: Mapping): boolean {
  const modes = kind === 'anon' ? ['um', 'uw', 'ui'] : ['um'];
  return modes.some((mode) => flags.includes(mode));
}

/** khugepaged's limits count entries of the page table; for shmem and files it counts the page cache. */
function limitObstacles({ mapping, state, settings, geometry }: BlockCase): Obstacle[] {
  if (mapping.kind !== 'anon') return [];
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
