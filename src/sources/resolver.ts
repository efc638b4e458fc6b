/**
 * Physical frames back to virtual pages, through the page tables of the target processes as /proc/PID/pagemap shows
 * them: PTE- and PMD-mapped, anonymous, shmem and memfd alike. Built once, then refreshed window by window, since
 * pages move while samples are taken.
 */
import { parseMaps } from '../formats/proc/maps.js';
import { frameOf, PAGEMAP_ENTRY_BYTES, PAGEMAP_HIGH } from '../formats/proc/pagemap.js';
import type { Host, OpenFile } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { NO_PAGE } from '../vocabulary/sample.js';
import type { FrameNumber, Order, PageNumber, PageRange, Pages, ProcessId } from '../vocabulary/units.js';
import { FrameFacts } from './frame-facts.js';
import { FrameIndex, RunList } from './frame-runs.js';

/** Virtual pages read, and later refreshed, at once: 64 MiB with 4 KiB pages. */
const WINDOW: Pages = 16_384;
/** An index is built anew when this many look-ups per run were made with the last one: building stays a small part. */
const LOOK_UPS_PER_RUN = 0.5;

interface Target {
  readonly pid: ProcessId;
  /** Runs by the first page of their window. */
  readonly windows: Map<PageNumber, RunList>;
  /** Windows still to be refreshed in this round. */
  queue: PageNumber[];
  index: FrameIndex;
  /** Look-ups since the index was built. */
  lookUps: number;
  /** Pages that may be read anew when the index is next built. */
  owed: Pages;
  /** The process has ended: what was known of it stays. */
  isGone: boolean;
}

/** A virtual page of a process. */
export interface Resolved {
  readonly pid: ProcessId;
  readonly page: PageNumber;
}

/** Finds virtual pages of frames, and counts those that cannot be found. */
export class Resolver {
  /** Frames looked up, and those found nowhere, by reason. */
  readonly unresolved: Record<string, number> = {};
  resolved = 0;
  /** Frames that several targets map: answered for the process of the sample, else for the first target. */
  shared = 0;
  /** Pages whose page tables were read again after the first time. */
  refreshed: Pages = 0;
  readonly #host: Host;
  readonly #frames: FrameFacts;
  readonly #targets: Target[] = [];
  readonly #bytes = new Uint8Array(WINDOW * PAGEMAP_ENTRY_BYTES);
  readonly #words = new Uint32Array(this.#bytes.buffer);

  /** A resolver for processes, with their page tables read. Throws as `build` does. */
  static of(host: Host, pids: readonly ProcessId[]): Resolver {
    const resolver = new Resolver(host);
    resolver.build(pids);
    return resolver;
  }

  constructor(host: Host) {
    this.#host = host;
    this.#frames = new FrameFacts(host);
  }

  /**
   * Reads the page tables of processes. Throws PERMISSION when the kernel hides frame numbers (without
   * CAP_SYS_ADMIN they read as zero), TARGET_GONE when a process has ended.
   */
  build(pids: readonly ProcessId[]): void {
    for (const pid of pids) {
      const empty = { windows: new Map(), queue: [], index: new FrameIndex([]) };
      const target: Target = { pid, ...empty, lookUps: 0, owed: 0, isGone: false };
      this.#readWindows(target, this.#windowsOf(pid));
      this.#targets.push(target);
    }
    const hidden =
      this.#targets.length > 0 && this.#targets.every((target) => target.index.find(0) !== NO_PAGE);
    if (hidden) {
      throw new OctavoError('PERMISSION', {
        call: 'read frame numbers of pagemap',
        errno: 'EPERM',
        needs: 'CAP_SYS_ADMIN',
      });
    }
  }

  /** Processes that frames are looked up in. */
  get pids(): readonly ProcessId[] {
    return this.#targets.map((target) => target.pid);
  }

  /** Those of them that have ended since. */
  get gone(): readonly ProcessId[] {
    return this.#targets.filter((target) => target.isGone).map((target) => target.pid);
  }

  /** Virtual pages known to be mapped, and runs of them whose frames follow each other. */
  get runs(): number {
    return this.#targets.reduce((sum, target) => sum + target.index.runs, 0);
  }

  /**
   * Lets the page tables of `budget` more pages be read anew, the longest unread ones first. They are when enough
   * was looked up to make that a small part of the work. Returns the number of pages read.
   */
  refresh(budget: Pages): Pages {
    let read = 0;
    for (const target of this.#targets) {
      target.owed += budget;
      if (target.isGone || target.lookUps < target.index.runs * LOOK_UPS_PER_RUN) continue;
      read += this.#refreshTarget(target);
    }
    if (read > 0) this.#frames.forget();
    this.refreshed += read;
    return read;
  }

  /** A process that has ended keeps what was known of it: its samples were taken before. */
  #refreshTarget(target: Target): Pages {
    const windows = Math.floor(target.owed / WINDOW);
    target.owed = 0;
    try {
      if (target.queue.length === 0) target.queue = this.#startRound(target);
      const next = target.queue.splice(0, windows);
      if (next.length > 0) this.#readWindows(target, next);
      return next.length * WINDOW;
    } catch (problem) {
      if (!(problem instanceof OctavoError)) throw problem;
      target.isGone = true;
      return 0;
    }
  }

  /** Virtual page of a frame; undefined (and counted) when no target maps it. `pid` is preferred where several do. */
  resolve(frame: FrameNumber, pid: ProcessId): Resolved | undefined {
    let found: Resolved | undefined;
    for (const target of this.#targets) {
      target.lookUps++;
      const page = target.index.find(frame);
      if (page === NO_PAGE) continue;
      if (found === undefined) found = { pid: target.pid, page };
      else {
        this.shared++;
        if (target.pid === pid) found = { pid, page };
      }
    }
    if (found === undefined) return this.fail(this.#frames.useOf(frame));
    this.resolved++;
    return found;
  }

  /** Order of the folio that a frame belongs to, as the kernel says; undefined when that cannot be read. */
  orderOf(frame: FrameNumber): Order | undefined {
    return this.#frames.orderOf(frame);
  }

  close(): void {
    this.#frames.close();
  }

  fail(reason: string): undefined {
    this.unresolved[reason] = (this.unresolved[reason] ?? 0) + 1;
    return undefined;
  }

  /** Windows that hold mappings now. What is mapped no longer loses its runs. */
  #startRound(target: Target): PageNumber[] {
    const current = this.#windowsOf(target.pid);
    const present = new Set(current);
    for (const first of target.windows.keys()) if (!present.has(first)) target.windows.delete(first);
    return current;
  }

  #windowsOf(pid: ProcessId): PageNumber[] {
    const windows = new Set<PageNumber>();
    for (const range of this.#mappingsOf(pid)) {
      for (let first = range.start - (range.start % WINDOW); first < range.end; first += WINDOW)
        windows.add(first);
    }
    return [...windows];
  }

  /** What can be accessed at all: runtimes reserve far more, which may span terabytes. */
  #mappingsOf(pid: ProcessId): readonly PageRange[] {
    const maps = this.#host.files.readText(`/proc/${pid}/maps`);
    if (!maps.ok) throw unreadable(pid, maps.error);
    return parseMaps(maps.value, this.#host.identity.geometry).filter((mapping) => mapping.isAccessible);
  }

  #readWindows(target: Target, windows: readonly PageNumber[]): void {
    const file = this.#host.files.open(`/proc/${target.pid}/pagemap`);
    if (!file.ok) throw unreadable(target.pid, file.error);
    try {
      const ranges = this.#mappingsOf(target.pid);
      for (const first of windows) target.windows.set(first, this.#readWindow(file.value, first, ranges));
    } finally {
      file.value.close();
    }
    target.index = new FrameIndex(target.windows.values());
    target.lookUps = 0;
  }

  #readWindow(file: OpenFile, first: PageNumber, ranges: readonly PageRange[]): RunList {
    const runs = new RunList();
    for (const range of ranges) {
      const start = Math.max(first, range.start);
      const end = Math.min(first + WINDOW, range.end);
      if (start < end) this.#readRange(file, start, end, runs);
    }
    return runs;
  }

  #readRange(file: OpenFile, start: PageNumber, end: PageNumber, runs: RunList): void {
    const bytes = this.#bytes.subarray(0, (end - start) * PAGEMAP_ENTRY_BYTES);
    const read = file.read(bytes, start * PAGEMAP_ENTRY_BYTES);
    const pages = read.ok ? Math.floor(read.value / PAGEMAP_ENTRY_BYTES) : 0;
    for (let i = 0; i < pages; i++) {
      const high = this.#words[2 * i + 1];
      if (high & PAGEMAP_HIGH.present) runs.add(start + i, frameOf(this.#words[2 * i], high));
    }
  }
}

/** Another user's process, or one that has ended. */
function unreadable(pid: ProcessId, { call, errno }: { call: string; errno: string }): OctavoError {
  if (errno !== 'EACCES' && errno !== 'EPERM') return new OctavoError('TARGET_GONE', { pid });
  const needs = 'CAP_SYS_PTRACE for the process, and CAP_SYS_ADMIN for its frame numbers';
  return new OctavoError('PERMISSION', { call: `${call} of /proc/${pid}/pagemap`, errno, needs });
}
