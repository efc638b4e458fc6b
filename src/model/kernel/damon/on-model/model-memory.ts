/** The model kernel as the memory that DAMON watches. */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { Bytes, FrameNumber, Order, Pages, ProcessId } from '../../../../vocabulary/units.js';
import { adviseRange } from '../../advice/madvise.js';
import { activate, deactivate, drainAll, isolate } from '../../memory/lru.js';
import { shrinkFolios } from '../../reclaim/reclaim.js';
import { FOLIO } from '../../state/folios.js';
import { FRAME } from '../../state/frames.js';
import type { Kernel } from '../../state/kernel.js';
import { LRU } from '../../state/memcg.js';
import type { Mm } from '../../state/mm.js';
import type { Process } from '../../state/process.js';
import type {
  AddressSpace,
  CollapsedBytes,
  FolioFacts,
  MemoryMetrics,
  MonitoredMemory,
  PhysicalMemory,
  RegionAdvice,
  VirtualMemory,
  VisitFolio,
  VmaBounds,
} from '../core/monitored-memory.js';
import { collapseToOrder, splitToOrder } from './model-orders.js';
import { walkFolios } from './model-walk.js';
import { isFolioAccessed, isPageAccessed, makeFolioOld, makePageOld } from './model-young.js';

/** A process held by a target: the same object as long as it lives. */
class ProcessSpace implements AddressSpace {
  readonly pid: ProcessId;
  readonly process: Process;

  constructor(process: Process) {
    this.pid = process.pid;
    this.process = process;
  }
}

/** Page tables, folios and counters of the model, as DAMON asks for them. */
export class ModelMemory implements MonitoredMemory {
  readonly virtual: VirtualMemory;
  readonly physical: PhysicalMemory;
  readonly metrics: MemoryMetrics;
  readonly #kernel: Kernel;
  #actionNs = 0;

  constructor(kernel: Kernel, adopt: Adopt = () => undefined) {
    this.#kernel = kernel;
    const spend = (ns: number) => {
      this.#actionNs += ns;
    };
    this.virtual = new ModelVirtual(kernel, spend, adopt);
    this.physical = new ModelPhysical(kernel, spend);
    this.metrics = new ModelMetrics(kernel);
  }

  get geometry() {
    return this.#kernel.geometry;
  }

  nowNs(): number {
    return this.#kernel.clock.now;
  }

  random32(): number {
    return this.#kernel.random.uint32();
  }

  takeActionNs(): number {
    const taken = this.#actionNs;
    this.#actionNs = 0;
    return taken;
  }
}

type Spend = (ns: number) => void;
/** Gives a process that the model does not have yet. */
type Adopt = (pid: ProcessId) => Process | undefined;

class ModelVirtual implements VirtualMemory {
  readonly #kernel: Kernel;
  readonly #spend: Spend;
  readonly #adopt: Adopt;

  constructor(kernel: Kernel, spend: Spend, adopt: Adopt) {
    this.#kernel = kernel;
    this.#spend = spend;
    this.#adopt = adopt;
  }

  findSpace(pid: ProcessId): AddressSpace | undefined {
    const process = this.#kernel.processes.get(pid) ?? this.#adopt(pid);
    return process === undefined ? undefined : new ProcessSpace(process);
  }

  hasTask(space: AddressSpace): boolean {
    return this.#kernel.processes.get(space.pid) === (space as ProcessSpace).process;
  }

  vmas(space: AddressSpace): VmaBounds | undefined {
    const mm = mmOf(space);
    if (mm === undefined) return undefined;
    const { pageBytes } = this.#kernel.geometry;
    return {
      count: mm.vmas.length,
      starts: Float64Array.from(mm.vmas, (vma) => vma.start * pageBytes),
      ends: Float64Array.from(mm.vmas, (vma) => vma.end * pageBytes),
    };
  }

  markOld(space: AddressSpace, addresses: Float64Array, count: number): void {
    const mm = mmOf(space);
    if (mm === undefined) return;
    const most = this.#highest();
    for (let index = 0; index < count; index++) {
      const page = Math.floor(addresses[index] / this.#kernel.geometry.pageBytes);
      if (page < most) makePageOld(this.#kernel, mm, page);
    }
  }

  wereAccessed(space: AddressSpace, addresses: Float64Array, count: number, into: Uint8Array): void {
    const mm = mmOf(space);
    const most = this.#highest();
    for (let index = 0; index < count; index++) {
      const page = Math.floor(addresses[index] / this.#kernel.geometry.pageBytes);
      into[index] = mm !== undefined && page < most && isPageAccessed(this.#kernel, mm, page) ? 1 : 0;
    }
  }

  advise(space: AddressSpace, start: Bytes, end: Bytes, advice: RegionAdvice): ErrnoName | undefined {
    const mm = mmOf(space);
    if (mm === undefined) return 'ESRCH';
    const { pageBytes } = this.#kernel.geometry;
    const done = adviseRange(this.#kernel, mm, start / pageBytes, end / pageBytes, advice);
    this.#spend(done.cost);
    return done.error;
  }

  drain(): void {
    this.#spend(drainAll(this.#kernel));
  }

  collapse(space: AddressSpace, start: Bytes, end: Bytes, order: Order): CollapsedBytes {
    const mm = mmOf(space);
    if (mm === undefined) return { bytes: 0, outOfMemory: false };
    const { pageBytes } = this.#kernel.geometry;
    const done = collapseToOrder(this.#kernel, mm, start / pageBytes, end / pageBytes, order);
    this.#spend(done.cost);
    return { bytes: done.pages * pageBytes, outOfMemory: done.outOfMemory };
  }

  walkFolios(space: AddressSpace, start: Bytes, end: Bytes, visit: VisitFolio): void {
    const mm = mmOf(space);
    if (mm === undefined) return;
    const { pageBytes } = this.#kernel.geometry;
    const [first, last] = [start / pageBytes, end / pageBytes];
    walkFolios(this.#kernel, mm, first, last, ({ vma, page, head, index }) => {
      this.#spend(this.#kernel.costs.visitPte);
      const folio = factsOf(this.#kernel, head);
      const whole = page - first >= index && last - page >= folio.pages - index;
      visit(folio, { offset: vma.offsetOf(page), whole });
    });
  }

  /** First page behind what the page tables can describe; a user region may lie anywhere in 64 bits. */
  #highest(): number {
    return this.#kernel.tables.pgdLength() * 512 * this.#kernel.geometry.pagesPerBlock;
  }
}

class ModelPhysical implements PhysicalMemory {
  readonly #kernel: Kernel;
  readonly #spend: Spend;

  constructor(kernel: Kernel, spend: Spend) {
    this.#kernel = kernel;
    this.#spend = spend;
  }

  systemRam() {
    return { start: 0, end: this.#kernel.frames.count * this.#kernel.geometry.pageBytes };
  }

  folioAt(frame: FrameNumber): FolioFacts | undefined {
    if (!this.#hasFolio(frame)) return undefined;
    return factsOf(this.#kernel, this.#kernel.folios.headOf(frame));
  }

  markFramesOld(frames: Float64Array, count: number): void {
    for (let index = 0; index < count; index++) {
      if (this.#hasFolio(frames[index])) makeFolioOld(this.#kernel, frames[index]);
    }
  }

  wereFramesAccessed(frames: Float64Array, count: number, into: Uint8Array): void {
    for (let index = 0; index < count; index++) {
      into[index] = this.#hasFolio(frames[index]) && isFolioAccessed(this.#kernel, frames[index]) ? 1 : 0;
    }
  }

  isYoung(folio: FolioFacts): boolean {
    return isFolioAccessed(this.#kernel, folio.firstFrame);
  }

  clearYoung(folio: FolioFacts): void {
    makeFolioOld(this.#kernel, folio.firstFrame);
  }

  reclaim(folios: readonly FolioFacts[]): Pages {
    const kernel = this.#kernel;
    const heads = folios.map((folio) => folio.firstFrame).filter((head) => isolate(kernel, head));
    for (const head of heads) kernel.folios.clear(head, FOLIO.referenced | FOLIO.young);
    const done = shrinkFolios(kernel, heads, true);
    this.#spend(done.cost);
    return done.freed;
  }

  setActive(folio: FolioFacts, active: boolean): void {
    if (active) activate(this.#kernel, folio.firstFrame);
    else deactivate(this.#kernel, folio.firstFrame);
    this.#spend(this.#kernel.costs.visitPte);
  }

  split(folio: FolioFacts, order: Order): Pages {
    const done = splitToOrder(this.#kernel, folio.firstFrame, order);
    this.#spend(done.cost);
    return done.pages;
  }

  /** The model has one node, so that there is nowhere to migrate to. */
  migrate(): Pages {
    return 0;
  }

  #hasFolio(frame: FrameNumber): boolean {
    const { frames, folios } = this.#kernel;
    if (!(frame >= 0 && frame < frames.count) || (frames.state[frame] & FRAME.allocated) === 0) return false;
    return folios.has(folios.headOf(frame), FOLIO.lru);
  }
}

class ModelMetrics implements MemoryMetrics {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  freePages(): Pages {
    return this.#kernel.frames.freeFrames;
  }

  hugePages(): Pages {
    return this.#kernel.anonPmdMapped;
  }

  totalPages(): Pages {
    return this.#kernel.frames.count;
  }

  /** What /proc/pressure/memory shows as the total of `some`. */
  somePressureUs(): number {
    return Math.floor(this.#kernel.pressure.totalNs / 1000);
  }

  node(id: number) {
    return id === 0 ? { total: this.totalPages(), free: this.freePages() } : undefined;
  }

  memcgPages(memcg: number, node: number): Pages {
    const found = node === 0 ? this.#kernel.memcgs[memcg - 1] : undefined;
    return found === undefined ? 0 : found.lruPages.reduce((sum, pages) => sum + pages, 0);
  }

  lruPages() {
    const sum = (lists: readonly number[]) =>
      this.#kernel.memcgs.reduce(
        (pages, memcg) => pages + lists.reduce((own, list) => own + (memcg?.lruPages[list] ?? 0), 0),
        0,
      );
    return {
      active: sum([LRU.activeAnon, LRU.activeFile]),
      inactive: sum([LRU.inactiveAnon, LRU.inactiveFile]),
    };
  }

  memcgByPath(path: string): number | undefined {
    const found = this.#kernel.memcgs.find((memcg) => memcg?.path === path);
    return found === undefined ? undefined : found.id + 1;
  }
}

function mmOf(space: AddressSpace): Mm | undefined {
  const { mm } = (space as ProcessSpace).process;
  return mm?.exiting === true ? undefined : mm;
}

function factsOf(kernel: Kernel, head: FrameNumber): FolioFacts {
  const { folios } = kernel;
  return {
    firstFrame: head,
    pages: folios.pagesOf(head),
    anonymous: folios.has(head, FOLIO.anon),
    active: folios.has(head, FOLIO.active),
    memcg: folios.memcg[head] + 1,
    mapped: folios.totalMaps[head] > 0,
    node: 0,
  };
}
