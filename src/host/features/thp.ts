import { chosenWord } from '../../formats/proc/system-files.js';
import type { KhugepagedKnobs, Probed, ThpFeatures, ThpPolicy, ThpSize } from '../../vocabulary/abilities.js';
import type { Bytes, PageGeometry } from '../../vocabulary/units.js';
import type { Files } from '../host.js';
import { exists, namesIn, no, numberOf, partly, switchOf, textOf, yes } from './probed.js';

/** Directory of the THP settings. */
export const THP_ROOT = '/sys/kernel/mm/transparent_hugepage';
const NO_THP = 'a kernel with CONFIG_TRANSPARENT_HUGEPAGE';

/** Returns THP settings by size, and khugepaged's. */
export function probeThp(files: Files, geometry: PageGeometry): ThpFeatures {
  const enabled = policyOf(choice(files, `${THP_ROOT}/enabled`));
  const sizes = thpSizes(files, geometry, enabled);
  const khugepaged = probeKhugepaged(files);
  const shrinkUnderused = switchOf(files, `${THP_ROOT}/shrink_underused`);
  return {
    present: presence(files, enabled),
    enabled,
    defrag: choice(files, `${THP_ROOT}/defrag`),
    shmemEnabled: choice(files, `${THP_ROOT}/shmem_enabled`),
    pmdBytes: numberOf(files, `${THP_ROOT}/hpage_pmd_size`),
    useZeroPage: switchOf(files, `${THP_ROOT}/use_zero_page`),
    shrinkUnderused,
    sizes,
    multiSize: multiSize(enabled, sizes),
    underusedShrinker: underusedShrinker(shrinkUnderused, khugepaged, geometry),
    khugepaged,
    khugepagedRuns: khugepagedRuns(khugepaged, enabled, sizes),
    khugepagedMultiSize: khugepagedMultiSize(khugepaged, sizes, geometry),
  };
}

function presence(files: Files, enabled: ThpPolicy | null): Probed {
  if (enabled !== null) return yes(`enabled is ${enabled}`);
  if (exists(files, THP_ROOT)) return partly(`${THP_ROOT}/enabled cannot be read`, 'read access to sysfs');
  return no(`${THP_ROOT} is absent`, NO_THP);
}

function choice(files: Files, path: string): string | null {
  const text = textOf(files, path);
  return text === null ? null : chosenWord(text);
}

function policyOf(word: string | null): ThpPolicy | null {
  return word === 'always' || word === 'madvise' || word === 'never' ? word : null;
}

function thpSizes(files: Files, geometry: PageGeometry, top: ThpPolicy | null): readonly ThpSize[] {
  const sizes: ThpSize[] = [];
  for (const name of namesIn(files, THP_ROOT)) {
    const kilobytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    if (kilobytes) sizes.push(thpSize(files, `${THP_ROOT}/${name}`, Number(kilobytes) * 1024, geometry, top));
  }
  return sizes.sort((left, right) => left.order - right.order);
}

function thpSize(
  files: Files,
  folder: string,
  bytes: Bytes,
  geometry: PageGeometry,
  top: ThpPolicy | null,
): ThpSize {
  const word = choice(files, `${folder}/enabled`);
  const enabled = word === 'inherit' ? word : policyOf(word);
  return {
    order: Math.log2(bytes / geometry.pageBytes),
    bytes,
    enabled,
    effective: (enabled === 'inherit' ? top : enabled) ?? 'never',
    shmemEnabled: choice(files, `${folder}/shmem_enabled`),
    stats: [...namesIn(files, `${folder}/stats`)].sort(),
  };
}

function multiSize(enabled: ThpPolicy | null, sizes: readonly ThpSize[]): Probed {
  if (enabled === null) return no('no transparent huge pages', NO_THP);
  if (sizes.length === 0) {
    return no('no hugepages-*kB directories: one huge size only', 'a kernel with multi-size THP');
  }
  const anonymous = sizes.filter((size) => size.enabled !== null);
  const on = anonymous.filter((size) => size.effective !== 'never');
  return yes(`${anonymous.length} sizes for anonymous memory, ${on.length} of them enabled`);
}

/** The shrinker looks at a THP only if its zero pages can exceed max_ptes_none (mm/huge_memory.c thp_underused()). */
function underusedShrinker(
  on: boolean | null,
  khugepaged: KhugepagedKnobs | null,
  geometry: PageGeometry,
): Probed {
  if (on === null) return no('shrink_underused is absent', 'a kernel with the underused-THP shrinker');
  const limit = khugepaged?.maxPtesNone ?? null;
  if (!on) return partly('there, but switched off', `1 in ${THP_ROOT}/shrink_underused`);
  if (limit !== null && limit >= geometry.pagesPerBlock - 1) {
    return partly(
      `on, but max_ptes_none is ${limit}, so no THP counts as underused`,
      `khugepaged/max_ptes_none below ${geometry.pagesPerBlock - 1}`,
    );
  }
  return yes(`on: THPs with more than ${limit} zero pages are split under memory pressure`);
}

function probeKhugepaged(files: Files): KhugepagedKnobs | null {
  const folder = `${THP_ROOT}/khugepaged`;
  if (!exists(files, folder)) return null;
  const number = (name: string) => numberOf(files, `${folder}/${name}`);
  return {
    defrag: switchOf(files, `${folder}/defrag`),
    maxPtesNone: number('max_ptes_none'),
    maxPtesSwap: number('max_ptes_swap'),
    maxPtesShared: number('max_ptes_shared'),
    pagesToScan: number('pages_to_scan'),
    scanSleepMs: number('scan_sleep_millisecs'),
    allocSleepMs: number('alloc_sleep_millisecs'),
    pagesCollapsed: number('pages_collapsed'),
    fullScans: number('full_scans'),
  };
}

function khugepagedRuns(
  knobs: KhugepagedKnobs | null,
  enabled: ThpPolicy | null,
  sizes: readonly ThpSize[],
): Probed {
  if (!knobs) return no(`${THP_ROOT}/khugepaged is absent`, NO_THP);
  const wanted = enabled !== 'never' || sizes.some((size) => size.effective !== 'never');
  if (!wanted) return no('nothing is enabled, so it sleeps', 'madvise or always in an `enabled` file');
  return yes(`${knobs.pagesToScan} pages every ${knobs.scanSleepMs} ms, max_ptes_none ${knobs.maxPtesNone}`);
}

/** The counters of a size below PMD came with the ability (mm/huge_memory.c, collapse_alloc). */
function khugepagedMultiSize(
  knobs: KhugepagedKnobs | null,
  sizes: readonly ThpSize[],
  geometry: PageGeometry,
): Probed {
  if (!knobs) return no('no khugepaged', NO_THP);
  const able = sizes.some(
    (size) =>
      size.order < geometry.hugeOrder && size.enabled !== null && size.stats.includes('collapse_alloc'),
  );
  return able
    ? yes('hugepages-*kB/stats/collapse_alloc is there')
    : no('no stats/collapse_alloc below PMD size', 'a kernel whose khugepaged collapses to multi-size THP');
}
