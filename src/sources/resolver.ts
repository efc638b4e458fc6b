/**
 * Physical frames back to virtual pages, through the page tables of the target processes as /proc/PID/pagemap shows
 * them: PTE- and PMD-mapped, anonymous, shmem and memfd alike. Built once, then refreshed window by window, since
 * pages move while samples are taken.
 */
import { decodeOrders, FRAME_CODE } from '../formats/proc/kpageflags.js';
import { parseMaps } from '../formats/proc/maps.js';
import { frameOf, PAGEMAP_ENTRY_BYTES, PAGEMAP_HIGH } from '../formats/proc/pagemap.js';
import type { Host, OpenFile } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { NO_PAGE } from '../vocabulary/sample.js';
import type { FrameNumber, Order, PageNumber, PageRange, Pages, ProcessId } from '../vocabulary/units.js';
import { FrameIndex, RunList } from './frame-runs.js';

/** Virtual pages read, and later refreshed, at once: 64 MiB with 4 KiB pages. */
const WINDOW: Pages = 16_384;
/** Blocks whose folio orders are remembered. */
const MOST_ORDERS = 1 << 16;

interface Target {
  readonly pid: ProcessId;
  /** Runs by the first page of their window. */
  readonly windows: Map<PageNumber, RunList>;
  /** Windows still to be refreshed in this round. */
  queue: PageNumber[];
  index: FrameIndex;
}

export interface Resolved {
  readonly pid: ProcessId;
  readonly page: PageNumber;
}

export class Resolver {
  /** Frames looked up, and those found nowhere, by reason. */
  readonly unresolved: Record<string, number> = {};
  resolved = 0;
  /** Frames that several targets map: answered for the process of the sample, else for the first target. */
  shared = 0;
  private readonly host: Host;
  private readonly targets: Target[] = [];
  private readonly orders = new Map<number, Order | undefined>();
  private readonly bytes = new Uint8Array(WINDOW * PAGEMAP_ENTRY_BYTES);
  private readonly words = new Uint32Array(this.bytes.buffer);

  constructor(host: Host) {
    this.host = host;
  }

  /**
   * Reads the page tables of processes. Throws PERMISSION when the kernel hides frame numbers (without
   * CAP_SYS_ADMIN they read as zero), TARGET_GONE when a process has ended.
   */
  build(pids: readonly ProcessId[]): void {
    for (const pid of pids) {
      const target: Target = { pid, windows: new Map(), queue: [], index: new FrameIndex([]) };
      this.readWindows(target, this.windowsOf(pid));
      this.targets.push(target);
    }
    const hidden =
      this.targets.length > 0 && this.targets.every((target) => target.index.find(0) !== NO_PAGE);
    if (hidden) {
      throw new OctavoError('PERMISSION', {
        call: 'read frame numbers of pagemap',
        errno: 'EPERM',
        needs: 'CAP_SYS_ADMIN',
      });
    }
  }

  /** Reads the page tables of at most `budget` pages anew, the longest unread ones first; answers those read. */
  refresh(budget: Pages): Pages {
    let left = budget;
    for (const target of this.targets) {
      if (target.queue.length === 0) target.queue = this.startRound(target);
      const windows = target.queue.splice(0, Math.ceil(left / WINDOW));
      if (windows.length > 0) this.readWindows(target, windows);
      left -= windows.length * WINDOW;
      if (left <= 0) break;
    }
    return budget - Math.max(0, left);
  }

  /** Virtual page of a frame; undefined (and counted) when no target maps it. `pid` is preferred where several do. */
  resolve(frame: FrameNumber, pid: ProcessId): Resolved | undefined {
    let found: Resolved | undefined;
    for (const target of this.targets) {
      const page = target.index.find(frame);
      if (page === NO_PAGE) continue;
      if (found === undefined) found = { pid: target.pid, page };
      else {
        this.shared++;
        if (target.pid === pid) found = { pid, page };
      }
    }
    if (found === undefined) return this.fail('frame is mapped by no target');
    this.resolved++;
    return found;
  }

  /**
   * Order of the folio that a frame belongs to, from /proc/kpageflags, so that a frame is a huge page by what the
   * kernel says and not by its alignment. Undefined when that cannot be read.
   */
  orderOf(frame: FrameNumber): Order | undefined {
    const perBlock = this.host.identity.geometry.pagesPerBlock;
    const block = Math.floor(frame / perBlock);
    const key = block * perBlock;
    if (!this.orders.has(frame)) {
      if (this.orders.size > MOST_ORDERS) this.orders.clear();
      this.readOrders(key, perBlock);
    }
    return this.orders.get(frame);
  }

  fail(reason: string): undefined {
    this.unresolved[reason] = (this.unresolved[reason] ?? 0) + 1;
    return undefined;
  }

  private readOrders(first: FrameNumber, frames: number): void {
    const codes = new Uint8Array(frames).fill(FRAME_CODE.unknown);
    const bytes = new Uint8Array(frames * 8);
    const file = this.host.files.open('/proc/kpageflags');
    if (file.ok) {
      const read = file.value.read(bytes, first * 8);
      file.value.close();
      const known = read.ok ? Math.floor(read.value / 8) : 0;
      decodeOrders(new Uint32Array(bytes.buffer), known, codes, 0);
    }
    for (let i = 0; i < frames; i++)
      this.orders.set(first + i, codes[i] < FRAME_CODE.zeroPage ? codes[i] : undefined);
  }

  /** Windows that hold mappings now. What is mapped no longer loses its runs. */
  private startRound(target: Target): PageNumber[] {
    const current = this.windowsOf(target.pid);
    const present = new Set(current);
    for (const first of target.windows.keys()) if (!present.has(first)) target.windows.delete(first);
    return current;
  }

  private windowsOf(pid: ProcessId): PageNumber[] {
    const windows = new Set<PageNumber>();
    for (const range of this.mappingsOf(pid)) {
      for (let first = range.start - (range.start % WINDOW); first < range.end; first += WINDOW)
        windows.add(first);
    }
    return [...windows];
  }

  private mappingsOf(pid: ProcessId): readonly PageRange[] {
    const maps = this.host.files.readText(`/proc/${pid}/maps`);
    if (!maps.ok) throw new OctavoError('TARGET_GONE', { pid });
    return parseMaps(maps.value, this.host.identity.geometry);
  }

  private readWindows(target: Target, windows: readonly PageNumber[]): void {
    const file = this.host.files.open(`/proc/${target.pid}/pagemap`);
    if (!file.ok) {
      throw new OctavoError('PERMISSION', {
        call: file.error.call,
        errno: file.error.errno,
        needs: 'the rights to trace the process',
      });
    }
    const ranges = this.mappingsOf(target.pid);
    for (const first of windows) target.windows.set(first, this.readWindow(file.value, first, ranges));
    file.value.close();
    target.index = new FrameIndex(target.windows.values());
  }

  private readWindow(file: OpenFile, first: PageNumber, ranges: readonly PageRange[]): RunList {
    const runs = new RunList();
    for (const range of ranges) {
      const start = Math.max(first, range.start);
      const end = Math.min(first + WINDOW, range.end);
      if (start < end) this.readRange(file, start, end, runs);
    }
    return runs;
  }

  private readRange(file: OpenFile, start: PageNumber, end: PageNumber, runs: RunList): void {
    const bytes = this.bytes.subarray(0, (end - start) * PAGEMAP_ENTRY_BYTES);
    const read = file.read(bytes, start * PAGEMAP_ENTRY_BYTES);
    const pages = read.ok ? Math.floor(read.value / PAGEMAP_ENTRY_BYTES) : 0;
    for (let i = 0; i < pages; i++) {
      const high = this.words[2 * i + 1];
      if (high & PAGEMAP_HIGH.present) runs.add(start + i, frameOf(this.words[2 * i], high));
    }
  }
}
