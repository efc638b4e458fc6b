/**
 * The model kernel: one object that holds the whole state of a machine's memory management, in columns.
 *
 * How the rooms fit together (each is a file of this folder)
 * - State:      frames (buddy lists), folios (columns by frame), page-tables (columns by entry), mm (address spaces
 *               and VMAs), page-cache (shmem and files), swap, memcg, thp-settings, counters, clock.
 * - Entering:   processes (spawn, fork, exit, mmap, munmap, mprotect, mlock), access (touching memory), madvise,
 *               files/* (everything under /proc, /sys and debugfs).
 * - Acting:     faults, split, collapse, khugepaged, deferred-split, reclaim, compaction, young (accessed bits).
 * - Checking:   invariants (everything is conserved), snapshot (save and resume).
 *
 * What other parts build on
 * - hardware: `access.ts` (translate, access, resolveBatch, leafFor), `page-tables.ts` (the walk, written out),
 *   `kernel.flushes.listen`, `kernel.clock.handle/at`, `processes.ts`, `young.ts` for monitors.
 * - DAMON: `walk.ts` walkRange(kernel, mm, start, end, visitor); `young.ts` isYoung / makeOld by (mm, page);
 *   `rmap.ts` mappingsOf(kernel, frame); `folios.ts` headOf / flags; `split.ts` splitFolio,
 *   splitPmdMapping; `collapse.ts` collapseBlock, madviseCollapse; `lru.ts` isolate / putBack / activate /
 *   deactivate; `reclaim.ts` reclaimFolios; `madvise.ts` adviseRange(kernel, mm, start, end, advice);
 *   `khugepaged.ts` registerMm; `kernel.files.mount(path, directory)` for its own sysfs files.
 * Results are `{ error, cost }` with an errno name or undefined, and nanoseconds.
 *
 * Rules that hold everywhere
 * - State is changed only by functions that take the kernel first; nothing happens on its own except the events
 *   of `clock`, so the same options and the same calls give the same model.
 * - Times are virtual nanoseconds. Functions that do work return what it costs; they do not move the clock. Who
 *   called decides: a workload adds it to its own time, the host door spends it (`clock.spend`).
 *   What others must wait for meanwhile is told to `holds`, what interrupts their CPUs to `flushes`.
 * - Accessed bits are set by walks only (access.ts, or the hardware layer's own loop over `tables`); clearing one
 *   tells no flush. Changes that need a flush are told to `flushes`.
 */
import { defined } from '../../../base/assert.js';
import { SeededRandom } from '../../../base/seeded-random.js';
import type { FrameNumber, Nanoseconds, PageGeometry, ProcessId } from '../../../vocabulary/units.js';
import { Clock } from './clock.js';
import type { CostTable } from './costs.js';
import { Counters } from './counters.js';
import { FileTree } from './file-tree.js';
import { Flushes } from './flushes.js';
import { FOLIO, Folios } from './folios.js';
import { FRAME, Frames } from './frames.js';
import { Holds } from './holds.js';
import { KhugepagedState } from './khugepaged-state.js';
import { LRU_LISTS, MAX_MEMCGS, Memcg } from './memcg.js';
import type { MappedInode, Mm } from './mm.js';
import { DEFAULT_OPTIONS, type KernelFeatures, type KernelOptions } from './options.js';
import { PageTables } from './page-tables.js';
import { Pressure } from './pressure.js';
import type { Process } from './process.js';
import { Swap } from './swap.js';
import { ThpSettings } from './thp-switches.js';

/** Who asked for memory to be reclaimed; decides which counters tick. */
export type ReclaimReason = 'kswapd' | 'direct' | 'khugepaged' | 'proactive';

/** Calls from the allocator up to reclaim and compaction, which themselves need the allocator's rooms. */
export interface Relief {
  /** Tries to free `pages` in a cgroup and below. Returns the pages freed and the time it took. */
  reclaim(memcg: Memcg, pages: number, reason: ReclaimReason): { freed: number; cost: Nanoseconds };
  /** Tries to make a free block of `order` by moving pages. Returns whether there is one, and the time it took. */
  compact(order: number): { made: boolean; cost: Nanoseconds };
}

/** The zero page's frame, in the kernel's own first block. */
export const ZERO_FRAME: FrameNumber = 1;

/** A process that the OOM killer ended. */
export interface Killed {
  readonly pid: ProcessId;
  readonly command: string;
  readonly atNs: Nanoseconds;
}

/** The state of one machine. Functions of the other folders act on it; it has few of its own. */
export class Kernel {
  readonly options: KernelOptions;
  readonly geometry: PageGeometry;
  readonly features: KernelFeatures;
  readonly costs: CostTable;
  readonly random: SeededRandom;
  readonly clock = new Clock();
  readonly counters: Counters;
  readonly frames: Frames;
  readonly folios: Folios;
  readonly tables: PageTables;
  readonly thp: ThpSettings;
  readonly swap: Swap;
  readonly khugepaged = new KhugepagedState();
  readonly pressure = new Pressure();
  /** By id; the root cgroup is 0. Removed ones leave a hole. */
  readonly rootMemcg = new Memcg(0, '/', undefined);
  readonly memcgs: (Memcg | undefined)[] = [this.rootMemcg];
  readonly processes = new Map<ProcessId, Process>();
  readonly mms = new Map<number, Mm>();
  /** Address spaces that may share anonymous pages, by family. */
  readonly families = new Map<number, Mm[]>();
  readonly inodes = new Map<number, MappedInode>();
  /** Frame of the huge zero page, −1 before its first use. */
  hugeZeroFrame: FrameNumber = -1;
  /** Free frames below which kswapd is woken; set at boot from the size of memory. */
  lowWatermark = 0;
  /** A wake-up of kswapd is on its way. */
  kswapdPending = false;
  /** CPU time that khugepaged used. */
  khugepagedNs = 0;
  /** No OOM killer is called for a folio that a collapse wants (the first patch of kernel/). */
  collapseSparesTasks = false;
  /** CPU time that kswapd used. */
  kswapdNs = 0;
  /** When kcompactd may be woken next. */
  kcompactdNext: Nanoseconds = 0;
  /** CPU time that kcompactd used. */
  kcompactdNs = 0;
  /** Block that the next compaction starts its search at. */
  compactCursor = 0;
  /** Wall-clock time of boot in milliseconds since 1970: a fixed instant, so that runs are the same. */
  readonly bootedAtMs = Date.UTC(2026, 0, 1);
  /** Octavo's own process in the model, 0 before it has one. */
  ownPid = 0;
  /** Whether `options.thp` was written to the files: once, not again after a resume. */
  settingsApplied = false;
  /** CPU that the kernel works on now: whose batch new folios wait in. */
  cpu = 0;
  /** Base pages that wait to join their LRU list, by CPU, in order of arrival (cpu_fbatches.lru_add). */
  readonly lruBatches: FrameNumber[][];
  /** Their timer is set. */
  lruDrainPending = false;
  /** Processes that the OOM killer ended, in order. */
  readonly killed: Killed[] = [];
  nextPid = 100;
  nextMm = 1;
  nextInode = 1000;
  /** Anonymous pages mapped by PMD, over all (nr_anon_transparent_hugepages in pages), and shmem and file likewise. */
  anonPmdMapped = 0;
  shmemPmdMapped = 0;
  filePmdMapped = 0;
  /** Pages of shmem and file folios of PMD size. */
  shmemHuge = 0;
  fileHuge = 0;
  #relief: Relief | undefined;
  readonly #flushes = new Flushes();
  readonly #holds: Holds;
  readonly #files = new FileTree();

  constructor(options: Partial<KernelOptions> = {}) {
    this.options = { ...DEFAULT_OPTIONS, ...options };
    this.geometry = this.options.geometry;
    this.features = this.options.features;
    this.costs = this.options.costs;
    this.random = new SeededRandom(this.options.seed);
    this.counters = new Counters(this.geometry.hugeOrder);
    const count = Math.floor(this.options.memoryBytes / this.geometry.pageBytes);
    this.frames = new Frames(count, this.geometry.hugeOrder, LRU_LISTS * MAX_MEMCGS);
    this.folios = new Folios(this.frames);
    this.tables = new PageTables(this.geometry, contiguousOrder(this.options));
    this.thp = new ThpSettings(this.geometry.hugeOrder);
    const pages = (bytes: number) => Math.floor(bytes / this.geometry.pageBytes);
    this.lruBatches = Array.from({ length: this.options.cpus }, () => []);
    this.swap = new Swap(pages(this.options.swapBytes), pages(this.options.zswapBytes) * 3);
    this.#holds = new Holds(this.clock);
    this.reserveKernelBlock();
  }

  /** Who is told about TLB flushes. Not part of a snapshot: listeners register again. */
  get flushes(): Flushes {
    return this.#flushes;
  }

  /** What work under way keeps others from. Not part of a snapshot: it is over within milliseconds. */
  get holds(): Holds {
    return this.#holds;
  }

  /** The model's /proc, /sys and debugfs. Not part of a snapshot: parts mount theirs again. */
  get files(): FileTree {
    return this.#files;
  }

  /** What makes memory free again when an allocation or a charge fails. Set once when the kernel is put together. */
  get relief(): Relief {
    if (this.#relief === undefined)
      throw new Error('assertion failed: the kernel was not put together (boot.ts)');
    return this.#relief;
  }

  set relief(relief: Relief) {
    this.#relief = relief;
  }

  memcgOf(mm: Mm): Memcg {
    return defined(this.memcgs[mm.memcg], 'a process is in a memcg that is gone');
  }

  memcgAt(id: number): Memcg {
    return this.memcgs[id] ?? this.rootMemcg;
  }

  /** The first huge block belongs to the kernel's image and holds the zero page. */
  private reserveKernelBlock(): void {
    const head = this.frames.allocate(this.geometry.hugeOrder);
    this.frames.state.fill(FRAME.allocated | FRAME.reserved, head, head + this.geometry.pagesPerBlock);
    this.folios.flags[ZERO_FRAME] = FOLIO.zero;
  }
}

/** Machine-wide virtual time in nanoseconds since boot. */
export function now(kernel: Kernel): Nanoseconds {
  return kernel.clock.now;
}

/** arm64 groups 16 entries with 4 KiB pages, 128 with 16 KiB, 32 with 64 KiB (CONFIG_ARM64_CONT_PTE_SHIFT). */
function contiguousOrder(options: KernelOptions): number {
  if (options.architecture !== 'arm64') return 0;
  const { pageBytes, hugeOrder } = options.geometry;
  return Math.min(hugeOrder - 1, pageBytes === 4096 ? 4 : pageBytes === 16384 ? 7 : 5);
}
