/**
 * What a table walk costs. Upper levels stay in a small cache of directory entries; the last reference hits a
 * near cache or goes to memory, decided by a direct-mapped record of the table lines seen last. Guests walk in two
 * dimensions: every reference of the guest's walk needs a walk of the host's tables first.
 */
import type { WalkFigures } from '../cpus/cpu.js';
import { FourWays, KIND } from './tlb-arrays.js';

/** PTEs in one 64-byte line of a page table. */
const ENTRIES_PER_LINE_SHIFT = 3;
/** Marks lines of PMD tables in the record of lines. */
const DIRECTORY_LINE = 0x40000000;

/** Memory references of an uncached walk through guest tables of `guest` levels on host tables of `host` levels. */
export function nestedReferences(guest: number, host: number): number {
  return guest * (host + 1) + host;
}

export class Walker {
  readonly #near: number;
  /** What a reference to memory takes beyond a near one. */
  readonly #extra: number;
  readonly #directory: FourWays;
  readonly #lines: Int32Array;
  readonly #lineShift: number;

  constructor(figures: WalkFigures) {
    this.#near = figures.nearCycles.value;
    this.#extra = figures.farCycles.value - figures.nearCycles.value;
    this.#directory = new FourWays(figures.directoryEntries.value);
    this.#lines = new Int32Array(figures.cachedLines.value).fill(-1);
    this.#lineShift = 32 - Math.log2(figures.cachedLines.value);
  }

  /** Cycles of a walk to a base page or run (`huge` 0) or to a PMD entry (`huge` 1). */
  walk(page: number, block: number, huge: number): number {
    const directoryMiss = -this.#directory.touch((block << 2) | KIND.base);
    const directoryLine = (block >>> ENTRIES_PER_LINE_SHIFT) | DIRECTORY_LINE;
    if (huge === 1) return directoryMiss === 0 ? this.#near : this.reference(directoryLine);
    const last = this.reference(page >>> ENTRIES_PER_LINE_SHIFT);
    return directoryMiss === 0 ? last : last + this.reference(directoryLine);
  }

  /**
   * Cycles of a guest's walk. The last references of both dimensions may miss the near caches; the others find
   * their lines, since few tables serve many pages.
   */
  nestedWalk(
    guestPage: number,
    block: number,
    hostPage: number,
    guestHuge: boolean,
    hostHuge: boolean,
  ): number {
    const directoryMiss = -this.#directory.touch((block << 2) | KIND.base);
    const guest = guestHuge ? 1 : 1 + directoryMiss;
    const host = hostHuge ? 1 : 2;
    const near = (nestedReferences(guest, host) - 2) * this.#near;
    const guestLine = this.reference((guestHuge ? block : guestPage) >>> ENTRIES_PER_LINE_SHIFT);
    const hostLine = ((hostHuge ? hostPage >>> 9 : hostPage) >>> ENTRIES_PER_LINE_SHIFT) | DIRECTORY_LINE;
    return near + guestLine + this.reference(hostLine);
  }

  /** A reference to a table line: near when the line is among those seen last. */
  private reference(line: number): number {
    const slot = Math.imul(line, 0x9e3779b1) >>> this.#lineShift;
    const other = this.#lines[slot] ^ line;
    this.#lines[slot] = line;
    return this.#near + (this.#extra & ((other | -other) >> 31));
  }

  clear(): void {
    this.#directory.clear();
  }
}
