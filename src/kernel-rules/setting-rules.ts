/**
 * What the settings of the host allow: anonymous sizes (huge_mm.h thp_vma_allowable_orders()), shmem and tmpfs
 * (mm/shmem.c shmem_allowable_huge_orders()), and files (huge_memory.c file_thp_enabled()).
 */
import type { Mapping } from '../vocabulary/mapping.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import type { Order } from '../vocabulary/units.js';
import type { BlockCase, Obstacle } from './obstacle.js';

/** Settings that keep khugepaged away. */
export function settingObstacles(block: BlockCase): Obstacle[] {
  const { mapping } = block;
  const why =
    mapping.kind === 'anon'
      ? anonymousWhy(block)
      : mapping.kind === 'shmem'
        ? shmemWhy(block)
        : fileWhy(block);
  if (why !== undefined) return [{ code: 'setting', why }];
  return unexplained(block);
}

/** Settings that even MADV_COLLAPSE obeys: `deny`, the own sizes of shared anonymous memory, and what a file can do. */
export function bindingObstacles(block: BlockCase): Obstacle[] {
  const { mapping, settings } = block;
  if (mapping.kind === 'file') return globallyAllowed(settings, mapping) ? unexplained(block) : [];
  if (mapping.kind !== 'shmem') return [];
  if (settings.shmemEnabled === 'deny') return [{ code: 'setting', why: DENIED }];
  const why = isSharedAnonymous(mapping) ? ownSizeWhy(block, true) : undefined;
  return why === undefined ? [] : [{ code: 'setting', why }];
}

const DENIED = 'shmem_enabled is `deny`, which keeps all shmem small, also where MADV_HUGEPAGE asks';

function anonymousWhy({ mapping, settings, geometry }: BlockCase): string | undefined {
  if (enabledOrders(settings, mapping).includes(geometry.hugeOrder)) return undefined;
  const size = settings.sizes.find(({ order }) => order === geometry.hugeOrder)?.enabled ?? 'inherit';
  const own = size === 'inherit' ? '' : ` (and \`${size}\` for this size)`;
  return `THP is set to \`${settings.enabled}\`${own} and the mapping ${markedWords(mapping)}`;
}

/** Anonymous folio orders that faults and khugepaged may use in a mapping (include/linux/huge_mm.h). */
export function enabledOrders(settings: ThpSettings, mapping: Mapping): readonly Order[] {
  const advised = mapping.flags.includes('hg');
  const inherited = globallyAllowed(settings, mapping);
  return settings.sizes
    .filter(({ enabled }) => {
      if (enabled === 'always') return true;
      if (enabled === 'madvise') return advised;
      return enabled === 'inherit' && inherited;
    })
    .map(({ order }) => order);
}

/** hugepage_global_always(), or hugepage_global_enabled() and advised. */
function globallyAllowed({ enabled }: ThpSettings, { flags }: Mapping): boolean {
  return enabled === 'always' || (enabled === 'madvise' && flags.includes('hg'));
}

/** Shared anonymous memory (vma_is_anon_shmem()): a name in /dev/zero that nobody can open, or one given by prctl. */
function isSharedAnonymous({ name }: Mapping): boolean {
  return name.startsWith('/dev/zero (deleted)') || name.startsWith('[anon_shmem');
}

function shmemWhy(block: BlockCase): string | undefined {
  const { mapping, settings } = block;
  if (settings.shmemEnabled === 'deny') return DENIED;
  if (isSharedAnonymous(mapping)) return ownSizeWhy(block, false);
  if (settings.shmemEnabled === 'force') return undefined;
  const [where, rule] =
    mapping.mountHuge === undefined
      ? ['shmem_enabled', settings.shmemEnabled]
      : ['its tmpfs is mounted with huge', mapping.mountHuge];
  if (admits(rule, mapping)) return undefined;
  return mapping.mountHuge === undefined
    ? `${where} is \`${rule}\` and the mapping ${markedWords(mapping)}`
    : `${where}=${rule} and the mapping ${markedWords(mapping)}`;
}

/** Shared anonymous memory has its own setting for each size; only `force` and MADV_COLLAPSE count as the top level. */
function ownSizeWhy({ mapping, settings, geometry }: BlockCase, asked: boolean): string | undefined {
  const own = settings.sizes.find(({ order }) => order === geometry.hugeOrder)?.shmem ?? 'inherit';
  const forced = asked || settings.shmemEnabled === 'force';
  if (own === 'inherit') {
    if (forced || admits(settings.shmemEnabled, mapping)) return undefined;
    return `shmem_enabled is \`${settings.shmemEnabled}\` and the mapping ${markedWords(mapping)}`;
  }
  if (settings.shmemEnabled !== 'force' && admits(own, mapping)) return undefined;
  return `shmem_enabled for this size is \`${own}\` and the mapping ${markedWords(mapping)}`;
}

/** A mapping reaches no further than its file in all but odd cases, so that `within_size` is taken to admit it. */
function admits(rule: string, { flags }: Mapping): boolean {
  if (rule === 'always' || rule === 'within_size' || rule === 'force') return true;
  return rule === 'advise' && flags.includes('hg');
}

function fileWhy({ mapping, settings }: BlockCase): string | undefined {
  if (mapping.kind !== 'file' || globallyAllowed(settings, mapping)) return undefined;
  return `THP is set to \`${settings.enabled}\` and the mapping ${markedWords(mapping)}`;
}

/**
 * The kernel's own word (THPeligible of smaps) against all rules known here. Memory that could be huge and
 * is not eligible belongs to a process that is served only where it advised (PR_THP_DISABLE_EXCEPT_ADVISED), which
 * shows nowhere else. Files depend on their file system and on who has them open for writing.
 */
function unexplained({ mapping, state }: BlockCase): Obstacle[] {
  const told = mapping.flags.length > 0 && !mapping.thpEligible;
  if (!told || !state.flags.includes('wholeInMapping')) return [];
  if (mapping.kind === 'file') {
    const why =
      'the kernel keeps this file small (THPeligible: 0): its file system has no large folios, or it is open for writing';
    return [{ code: 'file-thp', why }];
  }
  if (!mapping.flags.includes('hg')) {
    const why =
      'the process runs under prctl(PR_SET_THP_DISABLE) for all but advised mappings, and the mapping is not marked MADV_HUGEPAGE';
    return [{ code: 'thp-disabled', why }];
  }
  return [{ code: 'setting', why: 'the kernel says that no huge page is allowed there (THPeligible: 0)' }];
}

function markedWords({ flags }: Mapping): string {
  return flags.includes('hg') ? 'is marked MADV_HUGEPAGE' : 'is not marked MADV_HUGEPAGE';
}
