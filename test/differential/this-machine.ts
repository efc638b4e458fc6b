/**
 * What a model needs to know of a machine to show what its kernel shows: all that depends on the CPU, on how the kernel
 * was built and on its settings. Read from the host's own files, so that no comparison assumes them.
 */
import type { Host } from '../../src/host/host.js';
import { type KernelFeatures, type KernelOptions, RELEASES } from '../../src/model/kernel/state/options.js';

const THP = '/sys/kernel/mm/transparent_hugepage';

/** What khugepaged and MADV_COLLAPSE read of khugepaged's folder. */
const KHUGEPAGED = ['max_ptes_none', 'max_ptes_swap', 'max_ptes_shared'].map((name) => `khugepaged/${name}`);

/** Options for a model of this machine's 6.18 kernel. Memory size and number of CPUs stay the model's own. */
export function optionsOf(host: Host): Partial<KernelOptions> {
  const smaps = textOf(host, '/proc/self/smaps') ?? '';
  return {
    features: featuresOf(host, smaps),
    protectionKeys: /^ProtectionKey:/m.test(smaps),
    thp: thpSettings(host),
  };
}

function featuresOf(host: Host, smaps: string): KernelFeatures {
  // Bit 0 is LRU_GEN_CORE (Documentation/admin-guide/mm/multigen_lru.rst).
  const lruGen = Number.parseInt(textOf(host, '/sys/kernel/mm/lru_gen/enabled') ?? '0', 16);
  return {
    ...RELEASES['6.18'],
    release: textOf(host, '/proc/sys/kernel/osrelease') ?? RELEASES['6.18'].release,
    lruGen: (lruGen & 1) !== 0,
    // New mappings carry VM_SOFTDIRTY where the kernel has CONFIG_MEM_SOFT_DIRTY, and smaps shows it as `sd`.
    softDirty: /^VmFlags:.* sd\b/m.test(smaps),
  };
}

/** The THP settings that decide how a row ends, by path below the folder; those that this kernel lacks are left out. */
function thpSettings(host: Host): Record<string, string> {
  const found: Record<string, string> = {};
  const keep = (path: string, value: string | undefined) => {
    if (value !== undefined) found[path] = value;
  };
  for (const path of ['enabled', 'defrag', 'shmem_enabled']) keep(path, chosen(host, path));
  for (const path of ['use_zero_page', 'shrink_underused', ...KHUGEPAGED])
    keep(path, textOf(host, `${THP}/${path}`));
  const sizes = host.files.list(THP);
  for (const name of sizes.ok ? sizes.value.filter((entry) => entry.startsWith('hugepages-')) : []) {
    keep(`${name}/enabled`, chosen(host, `${name}/enabled`));
    keep(`${name}/shmem_enabled`, chosen(host, `${name}/shmem_enabled`));
  }
  return found;
}

/** The word in brackets of a file such as `always [madvise] never`. */
function chosen(host: Host, path: string): string | undefined {
  return /\[(\S+)\]/.exec(textOf(host, `${THP}/${path}`) ?? '')?.[1];
}

export function textOf(host: Host, path: string): string | undefined {
  const text = host.files.readText(path);
  return text.ok ? text.value.trim() : undefined;
}
