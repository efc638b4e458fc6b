/**
 * One CPU's address translation: a two-level TLB by page size and a table walker. Accesses come in batches and go
 * through three passes, each over the survivors of the one before: first level, second level, walk. Accessed bits
 * are set by the third pass only, so a translation that stays cached hides its accesses from the kernel (T1).
 */
import { type Cpu, runPages } from '../cpus/cpu.js';
import { BATCH, FIRST_STORE, MAPPED } from './address-space.js';
import { KIND, type TlbArrayModel } from './tlb-array.js';
import type { TlbCounters } from './tlb-counters.js';
import { firstLevelOf, secondLevelOf } from './tlb-levels.js';
import { Walker } from './walker.js';
import { type GuestTables, type Window, Windows } from './windows.js';

export { BATCH } from './address-space.js';

/** Flushes of no more pages than this look for their entries one by one (tlb_single_page_flush_ceiling is 33). */
const FEW_PAGES = 33;

/** How an access was translated, for the PMU. */
export const OUTCOME = { firstLevel: 0, secondLevel: 1, walk: 2, fault: 3 } as const;

/** Outcomes as constants of this module's own: V8 reads what is exported anew in every round of a loop. */
const SECOND_LEVEL = OUTCOME.secondLevel as number;
const WALK = OUTCOME.walk as number;

/** An empty windows table that fits `cpu`: hints as fine as its runs. */
export function windowsFor(cpu: Cpu, geometry: ConstructorParameters<typeof Windows>[0]): Windows {
  const pages = runPages(cpu);
  return new Windows(geometry, pages > 1 ? Math.log2(pages) : geometry.hugeOrder);
}

/** Translates batches of accesses of one CPU and counts hits, walks, faults and their time. */
export class Tlb {
  readonly cpu: Cpu;
  readonly windows: Windows;
  readonly #first: TlbArrayModel;
  readonly #second: TlbArrayModel;
  readonly #walker: Walker;
  readonly #secondHitCycles: number;
  readonly #runShift: number;
  readonly #physicalRuns: boolean;
  readonly #shiftOf: Int32Array;
  /** The same in one word, a byte for each kind. */
  readonly #shifts: number;
  /** Accesses that no pass has served yet: position in the batch, and key. */
  readonly #positions = new Uint16Array(BATCH);
  readonly #keys = new Int32Array(BATCH);
  /** Which of the walks of a batch fault. */
  readonly #faulting = new Uint16Array(BATCH);
  /** Positions of stores that may be the first to their page. */
  readonly #firstStores = new Uint16Array(BATCH);
  /** OUTCOME of each access of the last batch. */
  readonly outcomes = new Uint8Array(BATCH);

  #accesses = 0;
  #firstLevelMisses = 0;
  #walks = 0;
  #hugeWalks = 0;
  #faults = 0;
  #cycles = 0;
  #faultNs = 0;
  /** Times of the faults of the last batch, `faultsOfBatch` of them. */
  readonly faultTimes = new Float64Array(2 * BATCH);
  faultsOfBatch = 0;

  constructor(cpu: Cpu, windows: Windows) {
    this.cpu = cpu;
    this.windows = windows;
    this.#first = firstLevelOf(cpu);
    this.#second = secondLevelOf(cpu);
    this.#walker = new Walker(cpu.walk);
    this.#secondHitCycles = cpu.secondHitCycles.value;
    this.#runShift = Math.log2(runPages(cpu));
    this.#physicalRuns = cpu.coalescing?.by === 'physical';
    this.#shiftOf = Int32Array.of(0, 0, this.#runShift, windows.geometry.hugeOrder);
    this.#shifts = (this.#runShift << 16) | (windows.geometry.hugeOrder << 24);
  }

  /** Cycles spent on second-level hits and walks so far. */
  get cycles(): number {
    return this.#cycles;
  }

  get faultNs(): number {
    return this.#faultNs;
  }

  /** References of walks that went to memory so far. */
  get farReferences(): number {
    return this.#walker.far;
  }

  get counters(): TlbCounters {
    return {
      accesses: this.#accesses,
      firstLevelMisses: this.#firstLevelMisses,
      walks: this.#walks,
      hugeWalks: this.#hugeWalks,
      faults: this.#faults,
      cycles: this.#cycles,
      faultNs: this.#faultNs,
    };
  }

  /**
   * Translates `count` accesses to a window. Each is an offset in pages shifted left by one, plus 1 for a store.
   * `outcomes` tells how afterwards.
   */
  access(window: Window, accesses: Uint32Array, count: number): void {
    this.outcomes.fill(OUTCOME.firstLevel, 0, count);
    this.#accesses += count;
    this.faultsOfBatch = 0;
    let done = 0;
    while (done < count) {
      const stopped = this.#translate(window, accesses, done, count);
      if (stopped < count) this.#learn(window, accesses[stopped]);
      done = stopped;
    }
  }

  /** The three passes from `from` until the end or the first access whose kind of entry is not known yet. */
  #translate(window: Window, accesses: Uint32Array, from: number, count: number): number {
    const known = this.#readKeys(window.linear, accesses, from, count);
    const missed = this.#first.missingInOrder(this.#keys, from, this.#positions, known);
    if (missed > 0) this.#missFirstLevel(window, accesses, missed);
    this.#markStores(window, accesses, from, from + known);
    return from + known;
  }

  /** Writes the keys of the accesses from `from` until the end or the first of an unknown kind; returns how many. */
  #readKeys(linear: number, accesses: Uint32Array, from: number, count: number): number {
    const hints = this.windows.hints;
    const unitShift = this.windows.unitShift | 0;
    const shifts = this.#shifts | 0;
    const keys = this.#keys;
    let at = from;
    for (; at < count - 3; at += 4) {
      const a = keyOf(hints, unitShift, shifts, (linear + (accesses[at] >>> 1)) | 0);
      const b = keyOf(hints, unitShift, shifts, (linear + (accesses[at + 1] >>> 1)) | 0);
      const c = keyOf(hints, unitShift, shifts, (linear + (accesses[at + 2] >>> 1)) | 0);
      const d = keyOf(hints, unitShift, shifts, (linear + (accesses[at + 3] >>> 1)) | 0);
      if ((a & 3) === 0 || (b & 3) === 0 || (c & 3) === 0 || (d & 3) === 0) break;
      keys[at - from] = a;
      keys[at - from + 1] = b;
      keys[at - from + 2] = c;
      keys[at - from + 3] = d;
    }
    for (; at < count; at++) {
      const key = keyOf(hints, unitShift, shifts, (linear + (accesses[at] >>> 1)) | 0);
      if ((key & 3) === 0) break;
      keys[at - from] = key;
    }
    return at - from;
  }

  /** Stores through cached translations, as far as they are the first to their page: dirty bits and content. */
  #markStores(window: Window, accesses: Uint32Array, from: number, to: number): void {
    const stored = this.windows.stored;
    const first = this.#firstStores;
    const linear = window.linear | 0;
    let count = 0;
    let at = from;
    for (; at < to - 3; at += 4) {
      first[count] = at;
      count = (count + isFirstStore(stored, linear, accesses[at])) | 0;
      first[count] = at + 1;
      count = (count + isFirstStore(stored, linear, accesses[at + 1])) | 0;
      first[count] = at + 2;
      count = (count + isFirstStore(stored, linear, accesses[at + 2])) | 0;
      first[count] = at + 3;
      count = (count + isFirstStore(stored, linear, accesses[at + 3])) | 0;
    }
    for (; at < to; at++) {
      first[count] = at;
      count += isFirstStore(stored, linear, accesses[at]);
    }
    for (let i = 0; i < count; i++) this.#firstStore(window, accesses[first[i]] >>> 1);
  }

  #missFirstLevel(window: Window, accesses: Uint32Array, missed: number): void {
    const positions = this.#positions;
    for (let i = 0; i < missed; i++) this.outcomes[positions[i]] = SECOND_LEVEL;
    const walked = this.#second.missing(this.#keys, positions, missed);
    this.#firstLevelMisses += missed;
    this.#cycles += (missed - walked) * this.#secondHitCycles;
    if (walked > 0) this.#walkAll(window, accesses, walked);
  }

  #walkAll(window: Window, accesses: Uint32Array, walked: number): void {
    this.#walks += walked;
    if (window.guest !== undefined) {
      for (let i = 0; i < walked; i++) this.#walkNested(window, window.guest, accesses, i);
      return;
    }
    const faults = window.space.walkAll(window.firstPage, accesses, this.#positions, walked, this.#faulting);
    this.#countWalks(window, accesses, walked);
    for (let i = 0; i < faults; i++) this.#faultWalk(window, accesses, this.#faulting[i]);
  }

  /** Costs and outcomes of a batch of walks. */
  #countWalks(window: Window, accesses: Uint32Array, walked: number): void {
    const { outcomes } = this;
    const positions = this.#positions;
    const keys = this.#keys;
    let hugeWalks = 0;
    for (let i = 0; i < walked; i++) {
      outcomes[positions[i]] = WALK;
      hugeWalks += ((keys[i] & 3) + 1) >>> 2;
    }
    this.#hugeWalks += hugeWalks;
    const { hugeOrder } = this.windows.geometry;
    this.#cycles += this.#walker.walkAll(
      { linear: window.linear, accesses, positions, keys, count: walked },
      hugeOrder,
    );
  }

  #faultWalk(window: Window, accesses: Uint32Array, index: number): void {
    const at = this.#positions[index];
    const offset = accesses[at] >>> 1;
    this.#fault(window, offset, window.firstPage + offset, (accesses[at] & 1) === 1, at);
  }

  #walkNested(window: Window, guest: GuestTables, accesses: Uint32Array, index: number): void {
    const at = this.#positions[index];
    const access = accesses[at];
    const offset = access >>> 1;
    const host = guest.toHost(offset);
    const page = window.firstPage + host;
    const store = (access & 1) === 1;
    const mapped = window.space.walk(page, store);
    this.outcomes[at] = OUTCOME.walk;
    if ((this.#keys[index] & 3) === KIND.huge) this.#hugeWalks++;
    this.#cycles += this.#nestedCycles(window, guest, offset, host, mapped);
    if (mapped === MAPPED.fault) this.#fault(window, offset, page, store, at);
    if (store) this.#markStored(window.linear + offset);
  }

  #nestedCycles(window: Window, guest: GuestTables, offset: number, host: number, mapped: number): number {
    const hugeOrder = this.windows.geometry.hugeOrder;
    const page = window.linear + offset;
    const guestHuge = guest.isHuge(offset >>> hugeOrder);
    const hostHuge = (mapped & MAPPED.huge) !== 0;
    return this.#walker.nestedWalk(page, page >>> hugeOrder, window.linear + host, guestHuge, hostHuge);
  }

  #fault(window: Window, offset: number, page: number, store: boolean, at: number): void {
    this.outcomes[at] = OUTCOME.fault;
    this.#handleFault(window, page, store);
    this.windows.hints[(window.linear + offset) >>> this.windows.unitShift] = KIND.unknown;
  }

  #handleFault(window: Window, page: number, store: boolean): void {
    const took = window.space.fault(page, store);
    this.#faults++;
    this.#faultNs += took;
    if (this.faultsOfBatch < this.faultTimes.length) this.faultTimes[this.faultsOfBatch++] = took;
  }

  #markStored(linear: number): void {
    this.windows.stored[linear >>> 5] |= 1 << (linear & 31);
  }

  /** A store that hits an entry: unless its page is dirty already, hardware walks again to set the dirty bit. */
  #firstStore(window: Window, offset: number): void {
    const linear = window.linear + offset;
    if (((this.windows.stored[linear >>> 5] >>> (linear & 31)) & 1) === 1) return;
    this.#markStored(linear);
    const page = window.firstPage + (window.guest === undefined ? offset : window.guest.toHost(offset));
    const answer = window.space.firstStore(page);
    if (answer === FIRST_STORE.cached) return;
    this.#walks++;
    this.#cycles += this.#walker.walk(linear, linear >>> this.windows.geometry.hugeOrder, 0);
    if (answer !== FIRST_STORE.fault) return;
    this.#handleFault(window, page, true);
    this.windows.hints[linear >>> this.windows.unitShift] = KIND.unknown;
  }

  /** Finds out what kind of entry translates an access, faulting the page in when nothing does. */
  #learn(window: Window, access: number): void {
    const offset = access >>> 1;
    const host = window.guest === undefined ? offset : window.guest.toHost(offset);
    const page = window.firstPage + host;
    let mapped = window.space.peek(page);
    if (mapped === MAPPED.fault) {
      this.#handleFault(window, page, (access & 1) === 1);
      mapped = window.space.peek(page);
      if (mapped === MAPPED.fault) mapped = MAPPED.base;
    }
    this.windows.hints[(window.linear + offset) >>> this.windows.unitShift] = this.#kindOf(
      window,
      offset,
      page,
      mapped,
    );
  }

  #kindOf(window: Window, offset: number, page: number, mapped: number): number {
    if (window.guest !== undefined) {
      const guestHuge = window.guest.isHuge(offset >>> this.windows.geometry.hugeOrder);
      return guestHuge && (mapped & MAPPED.huge) !== 0 ? KIND.huge : KIND.base;
    }
    if ((mapped & MAPPED.huge) !== 0) return KIND.huge;
    if (this.#runShift === 0) return KIND.base;
    const isRun = this.#physicalRuns ? this.#isPhysicalRun(window, page) : (mapped & MAPPED.contiguous) !== 0;
    return isRun ? KIND.run : KIND.base;
  }

  /** Whether the aligned run around `page` stands on aligned frames that follow each other. */
  #isPhysicalRun(window: Window, page: number): boolean {
    const pages = 1 << this.#runShift;
    const first = page - (page % pages);
    const frame = window.space.frame(first);
    if (frame < 0 || frame % pages !== 0) return false;
    for (let i = 1; i < pages; i++) if (window.space.frame(first + i) !== frame + i) return false;
    return true;
  }

  /** Drops translations of linear pages [from, to): a shootdown that reached this CPU. */
  invalidate(from: number, to: number): void {
    if (to - from <= FEW_PAGES) {
      for (let page = from; page < to; page++) this.#invalidatePage(page);
      return;
    }
    const shiftOf = this.#shiftOf;
    const matches = (key: number): boolean => {
      const shift = shiftOf[key & 3];
      const first = (key >>> 2) << shift;
      return first < to && first + (1 << shift) > from;
    };
    this.#first.removeIf(matches);
    this.#second.removeIf(matches);
  }

  #invalidatePage(page: number): void {
    for (let kind: number = KIND.base; kind <= KIND.huge; kind++) {
      const key = ((page >>> this.#shiftOf[kind]) << 2) | kind;
      this.#first.remove(key);
      this.#second.remove(key);
    }
  }

  /** Empties everything, as a context switch without address-space identifiers does. */
  flushAll(): void {
    this.#first.clear();
    this.#second.clear();
    this.#walker.clear();
  }

  /** Whether the second level holds a translation of the window's page: for tests and explanations. */
  holds(window: Window, offset: number): boolean {
    const page = window.linear + offset;
    const kind = this.windows.hints[page >>> this.windows.unitShift];
    return kind !== KIND.unknown && this.#second.has(((page >>> this.#shiftOf[kind]) << 2) | kind);
  }
}

/** Key of what translates a page of linear space; its kind is 0 when that is not known. */
function keyOf(hints: Uint8Array, unitShift: number, shifts: number, page: number): number {
  const kind = hints[page >>> unitShift];
  return ((page >>> ((shifts >>> (kind << 3)) & 31)) << 2) | kind;
}

/** 1 for a store to a page that was not stored to since its translation was flushed, else 0. */
function isFirstStore(stored: Uint32Array, linear: number, access: number): number {
  const page = linear + (access >>> 1);
  return access & ~(stored[page >>> 5] >>> (page & 31)) & 1;
}
