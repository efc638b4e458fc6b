/**
 * What a kernel, a CPU and a user can do, found out once by probing (host/features/features.ts) and read by the doctor, the
 * planner, the actuators and the explainer. Plain frozen data: `null` stands for what is absent or cannot be read.
 * Nothing in here follows from a version number.
 */
import type { Bytes, Order, PageGeometry } from './units.js';

/** Version of the document `features`. */
export const FEATURES_VERSION = 1;

/** `unknown`: it cannot be told without changing something. `partly`: the fact says which part. */
export type ProbeAnswer = 'yes' | 'partly' | 'no' | 'unknown';

/** What was found out about one ability. */
export interface Probed {
  readonly answer: ProbeAnswer;
  /** What was seen, in words. */
  readonly fact: string;
  /** What would provide the rest; empty when the answer is yes. */
  readonly needs: string;
}

/** Advices that another process may be given, by their names in madvise(2). */
export const ADVICES = ['MADV_WILLNEED', 'MADV_COLD', 'MADV_PAGEOUT', 'MADV_COLLAPSE'] as const;
/** An advice that is asked for. */
export type Advice = (typeof ADVICES)[number];

/** Value of transparent_hugepage/enabled. */
export type ThpPolicy = 'always' | 'madvise' | 'never';

/** One folio size of /sys/kernel/mm/transparent_hugepage/hugepages-*kB. */
export interface ThpSize {
  readonly order: Order;
  readonly bytes: Bytes;
  /** Anonymous memory: null where the size cannot serve it (order 1). */
  readonly enabled: ThpPolicy | 'inherit' | null;
  /** What `enabled` amounts to once `inherit` is looked up at the top level. */
  readonly effective: ThpPolicy;
  readonly shmemEnabled: string | null;
  /** Names of the counters in stats/. */
  readonly stats: readonly string[];
}

/** /sys/kernel/mm/transparent_hugepage/khugepaged; page counts are per PMD-sized block. */
export interface KhugepagedKnobs {
  readonly defrag: boolean | null;
  readonly maxPtesNone: number | null;
  readonly maxPtesSwap: number | null;
  readonly maxPtesShared: number | null;
  readonly pagesToScan: number | null;
  readonly scanSleepMs: number | null;
  readonly allocSleepMs: number | null;
  /** Counters, for the record. */
  readonly pagesCollapsed: number | null;
  readonly fullScans: number | null;
}

/** Transparent huge pages of a host. */
export interface ThpFeatures {
  readonly present: Probed;
  readonly enabled: ThpPolicy | null;
  readonly defrag: string | null;
  readonly shmemEnabled: string | null;
  /** hpage_pmd_size. */
  readonly pmdBytes: Bytes | null;
  readonly useZeroPage: boolean | null;
  readonly shrinkUnderused: boolean | null;
  /** Ascending; empty where the kernel knows one size only. */
  readonly sizes: readonly ThpSize[];
  readonly multiSize: Probed;
  readonly underusedShrinker: Probed;
  readonly khugepaged: KhugepagedKnobs | null;
  /** Whether khugepaged works at all, and whether it can collapse to sizes below a PMD. */
  readonly khugepagedRuns: Probed;
  readonly khugepagedMultiSize: Probed;
}

/** One directory of /sys/kernel/mm/damon/admin/kdamonds. */
export interface KdamondState {
  readonly index: number;
  /** null when another tool held DAMON's lock at that moment (EBUSY) or it may not be read. */
  readonly state: 'on' | 'off' | null;
  readonly pid: number | null;
  readonly operations: string | null;
  readonly targets: number;
  /** Actions of its schemes, in order. */
  readonly actions: readonly string[];
}

/** A kernel module that runs DAMON for itself and excludes all other users. */
export interface DamonModule {
  readonly name: 'damon_stat' | 'damon_reclaim' | 'damon_lru_sort';
  readonly enabled: boolean | null;
  readonly pid: number | null;
}

/** DAMON of a host. */
export interface DamonFeatures {
  readonly sysfs: Probed;
  /** null when the directory cannot be read. */
  readonly kdamonds: readonly KdamondState[] | null;
  /** Modules built into the kernel or loaded. */
  readonly modules: readonly DamonModule[];
  /** Whether DAMON is free: `no` names the holder. */
  readonly free: Probed;
  /** Address spaces: listed by an existing context, or by the kernel's configuration, or null. */
  readonly operations: readonly string[] | null;
  readonly vaddr: Probed;
  readonly paddr: Probed;
  /** Actions that the kernel's own type information names; null where it has none. */
  readonly actions: readonly string[] | null;
  readonly collapse: Probed;
  readonly split: Probed;
  readonly targetOrder: Probed;
  /** Optional files that an existing context shows (addr_unit, pause, core_filters, …); null without a context. */
  readonly files: readonly string[] | null;
}

/** The split file of debugfs. */
export interface SplitFileFeatures {
  /** Whether debugfs split_huge_pages can be opened for writing. */
  readonly writable: Probed;
  /** Where it is, null when debugfs is not mounted. */
  readonly path: string | null;
  readonly order: Probed;
  readonly buddy: Probed;
}

/** State of kernel lockdown. */
export type LockdownState = 'none' | 'integrity' | 'confidentiality';

/** What page tables and frame tables show. */
export interface PageFileFeatures {
  readonly pagemap: Probed;
  /** Whether pagemap shows frame numbers to this user. */
  readonly frames: Probed;
  readonly scan: Probed;
  /** Categories of PAGEMAP_SCAN that this kernel accepts, by their names in include/uapi/linux/fs.h. */
  readonly scanCategories: readonly string[];
  readonly kpageflags: Probed;
  readonly kpagecount: Probed;
}

/** Hardware that samples addresses. */
export interface PmuFeatures {
  /** Names in /sys/bus/event_source/devices. */
  readonly devices: readonly string[];
  readonly armSpe: Probed;
  readonly amdIbs: Probed;
  readonly intelPebs: Probed;
  /** kernel.perf_event_paranoid. */
  readonly paranoid: number | null;
  readonly otherProcesses: Probed;
  readonly physicalAddresses: Probed;
  readonly virtualMachine: boolean;
}

/** Memory of a host, in bytes. */
export interface MemoryFeatures {
  readonly totalBytes: Bytes | null;
  readonly freeBytes: Bytes | null;
  readonly availableBytes: Bytes | null;
  readonly swapBytes: Bytes | null;
  readonly zswap: boolean | null;
  /** Free blocks of PMD size that need no compaction. */
  readonly freeHugeBlocks: number | null;
}

/** Kernel, user and cgroups. */
export interface SystemFeatures {
  readonly kernelRelease: string;
  readonly lockdown: LockdownState | null;
  /** Whether the kernel is free of lockdown, which closes debugfs. */
  readonly lockdownProbe: Probed;
  /** Effective capabilities by name, as CAP_SYS_NICE. */
  readonly capabilities: readonly string[];
  /** Capabilities count for other users' processes only in the first user namespace. */
  readonly initialUserNamespace: boolean;
  readonly cgroup: Probed;
  /** Mount point of the unified hierarchy. */
  readonly cgroupRoot: string | null;
  readonly pressure: Probed;
  readonly swap: Probed;
  readonly zswap: Probed;
  readonly memory: MemoryFeatures;
}

/** What all of it amounts to. */
export interface AbilitySummary {
  readonly observeLevels: Probed;
  readonly observeOrders: Probed;
  readonly splitToPages: Probed;
  readonly splitToOrder: Probed;
  readonly collapse: Probed;
  readonly collapseToOrder: Probed;
  readonly sample: Probed;
}

/** Every finding on a host. */
export interface Features {
  readonly octavo: 'features';
  readonly version: typeof FEATURES_VERSION;
  readonly hostKind: 'linux' | 'folder' | 'model';
  readonly architecture: string;
  readonly geometry: PageGeometry;
  readonly userId: number;
  readonly thp: ThpFeatures;
  readonly damon: DamonFeatures;
  readonly splitFile: SplitFileFeatures;
  readonly advices: Readonly<Record<Advice, Probed>>;
  readonly pages: PageFileFeatures;
  readonly pmu: PmuFeatures;
  readonly system: SystemFeatures;
  readonly summary: AbilitySummary;
}

/**
 * Policy for anonymous folios of an order: `never` for an order that the kernel does not offer. A VMA with `hg` may
 * have them under `madvise`, every VMA without `nh` under `always` (include/linux/huge_mm.h, thp_vma_allowable_orders()).
 */
export function anonymousPolicy(features: Features, order: Order): ThpPolicy {
  const { thp, geometry } = features;
  const size = thp.sizes.find((candidate) => candidate.order === order);
  if (size) return size.effective;
  return thp.sizes.length === 0 && order === geometry.hugeOrder ? (thp.enabled ?? 'never') : 'never';
}
