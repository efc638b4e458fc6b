/**
 * A memory for DAMON's tests that is a drawing: processes with VMAs, and which pages are hot. Advice and splits are
 * noted; nothing has page tables. Time is set by hand.
 */
import type {
  AddressSpace,
  FolioFacts,
  MonitoredMemory,
  RegionAdvice,
  VisitFolio,
  VmaBounds,
} from '../../src/model/kernel/damon/core/monitored-memory.js';
import type { ErrnoName } from '../../src/vocabulary/errno.js';
import { GEOMETRY_4K } from '../../src/vocabulary/units.js';

export const PAGE = 4096;

export interface DrawnProcess extends AddressSpace {
  /** Page ranges. */
  vmas: [number, number][];
  /** Whether a page was accessed since it was last made old. */
  isHot: (page: number) => boolean;
  alive: boolean;
}

export interface NotedAction {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

export class DrawnMemory implements MonitoredMemory {
  readonly geometry = GEOMETRY_4K;
  readonly processes = new Map<number, DrawnProcess>();
  readonly actions: NotedAction[] = [];
  readonly memcgs = new Map<string, number>();
  ns = 0;
  free = 500;
  total = 1000;
  pressureUs = 0;
  /** What the next advice answers. */
  refusal: ErrnoName | undefined;
  /** What each action costs. */
  actionNs = 0;
  /** Folios of the physical space, by frame. */
  folioOf: (frame: number) => FolioFacts | undefined = () => undefined;
  reclaimed: number[] = [];
  #seed = 12345;

  addProcess(pid: number, vmas: [number, number][], isHot: (page: number) => boolean = () => false) {
    const process: DrawnProcess = { pid, vmas, isHot, alive: true };
    this.processes.set(pid, process);
    return process;
  }

  nowNs(): number {
    return this.ns;
  }

  random32(): number {
    this.#seed = (Math.imul(this.#seed, 1664525) + 1013904223) >>> 0;
    return this.#seed;
  }

  takeActionNs(): number {
    return this.actionNs;
  }

  readonly virtual = {
    findSpace: (pid: number) => this.processes.get(pid),
    hasTask: (space: AddressSpace) => this.processes.get(space.pid)?.alive === true,
    vmas: (space: AddressSpace): VmaBounds | undefined => {
      const process = this.processes.get(space.pid);
      if (process === undefined) return undefined;
      return {
        count: process.vmas.length,
        starts: Float64Array.from(process.vmas, ([start]) => start * PAGE),
        ends: Float64Array.from(process.vmas, ([, end]) => end * PAGE),
      };
    },
    markOld: () => {},
    wereAccessed: (space: AddressSpace, addresses: Float64Array, count: number, into: Uint8Array) => {
      const process = this.processes.get(space.pid);
      for (let index = 0; index < count; index++) {
        into[index] = process?.isHot(Math.floor(addresses[index] / PAGE)) ? 1 : 0;
      }
    },
    advise: (_space: AddressSpace, start: number, end: number, advice: RegionAdvice) => {
      this.actions.push({ what: advice, start: start / PAGE, end: end / PAGE });
      return this.refusal;
    },
    collapse: (_space: AddressSpace, start: number, end: number, order: number) => {
      this.actions.push({ what: `collapse ${order}`, start: start / PAGE, end: end / PAGE });
      return { bytes: end - start, outOfMemory: false };
    },
    drain: () => undefined,
    walkFolios: (_space: AddressSpace, start: number, end: number, visit: VisitFolio) => {
      for (let page = start / PAGE; page < end / PAGE; ) {
        const folio = this.folioOf(page);
        const whole =
          folio !== undefined &&
          folio.firstFrame >= start / PAGE &&
          folio.firstFrame + folio.pages <= end / PAGE;
        if (folio !== undefined) visit(folio, { offset: page, whole });
        page = folio === undefined ? page + 1 : folio.firstFrame + folio.pages;
      }
    },
  };

  readonly physical = {
    systemRam: () => ({ start: 0, end: this.total * PAGE }),
    folioAt: (frame: number) => this.folioOf(frame),
    markFramesOld: () => {},
    wereFramesAccessed: (_frames: Float64Array, count: number, into: Uint8Array) => into.fill(0, 0, count),
    isYoung: () => false,
    clearYoung: () => {},
    reclaim: (folios: readonly FolioFacts[]) => {
      this.reclaimed.push(...folios.map((folio) => folio.firstFrame));
      return folios.reduce((pages, folio) => pages + folio.pages, 0);
    },
    setActive: () => {},
    split: (folio: FolioFacts, order: number) => {
      if (folio.pages <= 2 ** order) return 0;
      this.actions.push({
        what: `split ${order}`,
        start: folio.firstFrame,
        end: folio.firstFrame + folio.pages,
      });
      return folio.pages;
    },
    migrate: (folios: readonly FolioFacts[]) => folios.reduce((pages, folio) => pages + folio.pages, 0),
  };

  readonly metrics = {
    freePages: () => this.free,
    totalPages: () => this.total,
    hugePages: () => 0,
    somePressureUs: () => this.pressureUs,
    node: (id: number) => (id === 0 ? { total: this.total, free: this.free } : undefined),
    memcgPages: () => 0,
    lruPages: () => ({ active: 1, inactive: 3 }),
    memcgByPath: (path: string) => this.memcgs.get(path),
  };
}
