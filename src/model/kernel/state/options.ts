import { type Bytes, GEOMETRY_4K, GIB, type PageGeometry, pageGeometry } from '../../../vocabulary/units.js';
import { type CostTable, DEFAULT_COSTS } from './costs.js';

/** What differs between kernel releases, by what it does. */
export interface KernelFeatures {
  /** Release string, as uname(2) tells it. */
  readonly release: string;
  /** Multi-generational LRU: a freshly faulted anonymous folio carries PG_referenced. */
  readonly lruGen: boolean;
  /** khugepaged makes folios below the PMD order, with collapse_* statistics (7.2). */
  readonly khugepagedMthp: boolean;
  /** PAGEMAP_SCAN knows PAGE_IS_ACCESSED, and PAGE_IS_WRITTEN speaks of userfaultfd mappings only (7.3). */
  readonly pageIsAccessed: boolean;
  /** PAGEMAP_SCAN knows guard regions (6.16). */
  readonly guardRegions: boolean;
  /** debugfs split takes an offset within the folio and splits like a buddy (6.15). */
  readonly splitAtOffset: boolean;
  /** tmpfs folios can be split to orders above 0. */
  readonly shmemSplitToOrder: boolean;
  /** Built with CONFIG_MEM_SOFT_DIRTY. The 6.18 that was measured is not. */
  readonly softDirty: boolean;
  /**
   * MADV_COLLAPSE of a part inside a block, which touches neither of its ends, returns EINVAL: the number of whole
   * blocks comes out negative and equals nothing. Seen on 6.18; a part that touches an end succeeds everywhere.
   */
  readonly collapseInsideFails: boolean;
  /** mremap moves several mappings, and the holes between them, in one call (6.17). */
  readonly moveManyMappings: boolean;
}

/** What differs between the kernel releases that the model can be. */
export const RELEASES = {
  '6.12': {
    release: '6.12.95+deb12-cloud-amd64',
    lruGen: true,
    khugepagedMthp: false,
    pageIsAccessed: false,
    guardRegions: false,
    splitAtOffset: false,
    shmemSplitToOrder: false,
    softDirty: true,
    collapseInsideFails: false,
    moveManyMappings: false,
  },
  '6.18': {
    release: '6.18.44',
    lruGen: false,
    khugepagedMthp: false,
    pageIsAccessed: false,
    guardRegions: true,
    splitAtOffset: true,
    shmemSplitToOrder: true,
    softDirty: false,
    collapseInsideFails: true,
    moveManyMappings: true,
  },
  '7.2': {
    release: '7.2.13+deb13-cloud-amd64',
    lruGen: true,
    khugepagedMthp: true,
    pageIsAccessed: false,
    guardRegions: true,
    splitAtOffset: true,
    shmemSplitToOrder: true,
    softDirty: true,
    collapseInsideFails: false,
    moveManyMappings: true,
  },
  '7.3': {
    release: '7.3.4+deb13-cloud-amd64',
    lruGen: true,
    khugepagedMthp: true,
    pageIsAccessed: true,
    guardRegions: true,
    splitAtOffset: true,
    shmemSplitToOrder: true,
    softDirty: true,
    collapseInsideFails: false,
    moveManyMappings: true,
  },
} as const satisfies Record<string, KernelFeatures>;

/** Name of a release. */
export type Release = keyof typeof RELEASES;

/** Architectures that the model can be. */
export const ARCHITECTURES = ['x64', 'arm64'] as const;
/** One of `ARCHITECTURES`. */
export type Architecture = (typeof ARCHITECTURES)[number];

/** Page sizes of an architecture; undefined for base pages that it does not have. A page table fills one page. */
export function geometryOf(architecture: Architecture, pageBytes: Bytes): PageGeometry | undefined {
  if (pageBytes === 4096) return GEOMETRY_4K;
  const isBig = architecture === 'arm64' && (pageBytes === 16384 || pageBytes === 65536);
  return isBig ? pageGeometry(pageBytes, (pageBytes / 8) * pageBytes) : undefined;
}

/** Everything a model is made of. The same options and the same calls give the same model. */
export interface KernelOptions {
  readonly memoryBytes: Bytes;
  readonly geometry: PageGeometry;
  readonly architecture: Architecture;
  /**
   * The CPU has memory protection keys and the kernel uses them: smaps then has a `ProtectionKey:` line
   * (arch_pkeys_enabled()). Undefined: as most CPUs of the architecture, x64 with and arm64 without.
   */
  readonly protectionKeys: boolean | undefined;
  readonly seed: number;
  readonly features: KernelFeatures;
  readonly costs: CostTable;
  /** Swap space; 0 for none. */
  readonly swapBytes: Bytes;
  /** Upper bound of the compressed pool of zswap in bytes; 0 switches zswap off. */
  readonly zswapBytes: Bytes;
  /** CPUs that take part in shootdowns and are shown in /proc. */
  readonly cpus: number;
  /** Share of huge blocks that hold one unmovable page from the start (external fragmentation). */
  readonly fragmentation: number;
  /** Kernel lockdown: refuses debugfs. */
  readonly lockdown: 'none' | 'integrity' | 'confidentiality';
  /** Whether debugfs is mounted. */
  readonly debugfs: boolean;
  /** Contents of sysfs files under /sys/kernel/mm/transparent_hugepage to write at boot, by path below it. */
  readonly thp: Readonly<Record<string, string>>;
}

/** A machine of 4 GiB with 4 KiB pages on x86-64. */
export const DEFAULT_OPTIONS: KernelOptions = Object.freeze({
  memoryBytes: 4 * GIB,
  geometry: GEOMETRY_4K,
  architecture: 'x64' as const,
  protectionKeys: undefined,
  seed: 1,
  features: RELEASES['7.3'],
  costs: DEFAULT_COSTS,
  swapBytes: 0,
  zswapBytes: 0,
  cpus: 2,
  fragmentation: 0,
  lockdown: 'none' as const,
  debugfs: true,
  thp: {},
});
