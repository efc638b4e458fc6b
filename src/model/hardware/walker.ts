/**
 * What a table walk costs. Upper levels stay in a small cache of directory entries; the last reference hits a
 * near cache or goes to memory, decided by a direct-mapped record of the table lines seen last. Guests walk in two
 * dimensions: every reference of the guest's walk needs a walk of the host's tables first.
 */
import type { WalkFigures } from '../cpus/cpu.js';
import { touchFour } from './four-ways.js';
import { setsOf } from './set-associative.js';
import { EMPTY, KIND } from './tlb-array.js';

/** PTEs in one 64-byte line of a page table. */
const ENTRIES_PER_LINE_SHIFT = 3;
/** Marks lines of PMD tables in the record of lines. */
const DIRECTORY_LINE = 0x40000000;

/** Kinds as constants of this module: V8 reads what it imports anew in every round of a loop. */
const BASE = KIND.base as number;
const HUGE = KIND.huge as number;

/** Accesses of a batch that missed the TLB. */
export interface WalkBatch {
  /** Linear page that the batch's offsets count from. */
  readonly linear: number;
  /** The whole batch: twice the offset, plus 1 for a store. */
  readonly accesses: Uint32Array;
  /** Places of those that missed, and the translations that they need. */
  readonly positions: Uint16Array;
  readonly keys: Int32Array;
  readonly count: number;
}

/** Memory references of an uncached walk through guest tables of `guest` levels on host tables of `host` levels. */
export function nestedReferences(guest: number, host: number): number {
  return guest * (host + 1) + host;
}

/** Tells the nanoseconds of a walk, and keeps the caches that it depends on. */
export class Walker {
  readonly #near: number;
  /** What a reference to memory takes beyond a near one. */
  readonly #extra: number;
  /** Four ways of directory entries, by block. */
  readonly #directory: Int32Array;
  readonly #directoryMask: number;
  readonly #lines: Int32Array;
  readonly #lineShift: number;
  /** References that went to memory so far. */
  far = 0;

  constructor(figures: WalkFigures) {
    this.#near = figures.nearCycles.value;
    this.#extra = figures.farCycles.value - figures.nearCycles.value;
    const directoryEntries = figures.directoryEntries.value;
    this.#directory = new Int32Array(directoryEntries);
    this.#directoryMask = setsOf(directoryEntries, 4) - 1;
    this.#lines = new Int32Array(figures.cachedLines.value).fill(-1);
    this.#lineShift = 32 - Math.log2(figures.cachedLines.value);
  }

  /** Cycles of a walk to a base page or run (`huge` 0) or to a PMD entry (`huge` 1). */
  walk(page: number, block: number, huge: number): number {
    const directoryMiss = this.#missDirectory(block);
    const directoryLine = (block >>> ENTRIES_PER_LINE_SHIFT) | DIRECTORY_LINE;
    if (huge === 1) return directoryMiss === 0 ? this.#near : this.#reference(directoryLine);
    const last = this.#reference(page >>> ENTRIES_PER_LINE_SHIFT);
    return directoryMiss === 0 ? last : last + this.#reference(directoryLine);
  }

  /**
   * Cycles of the walks of a batch in a row, each as of `walk`.
   */
  walkAll({ linear, accesses, positions, keys, count }: WalkBatch, hugeOrder: number): number {
    const directory = this.#directory;
    const mask = this.#directoryMask | 0;
    const lines = this.#lines;
    const shift = this.#lineShift | 0;
    let references = count;
    let far = 0;
    for (let i = 0; i < count; i++) {
      const page = (linear + (accesses[positions[i]] >>> 1)) | 0;
      const block = page >>> hugeOrder;
      const isSmall = (keys[i] & 3) !== HUGE;
      if (isSmall) far += isFar(lines, shift, page >>> ENTRIES_PER_LINE_SHIFT);
      if (touchFour(directory, (block & mask) << 2, (block << 2) | BASE) === 0) continue;
      far += isFar(lines, shift, (block >>> ENTRIES_PER_LINE_SHIFT) | DIRECTORY_LINE);
      if (isSmall) references++;
    }
    this.far += far;
    return references * this.#near + far * this.#extra;
  }

  #missDirectory(block: number): number {
    return -touchFour(this.#directory, (block & this.#directoryMask) << 2, (block << 2) | BASE);
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
    const directoryMiss = this.#missDirectory(block);
    const guest = guestHuge ? 1 : 1 + directoryMiss;
    const host = hostHuge ? 1 : 2;
    const near = (nestedReferences(guest, host) - 2) * this.#near;
    const guestLine = this.#reference((guestHuge ? block : guestPage) >>> ENTRIES_PER_LINE_SHIFT);
    const hostLine = ((hostHuge ? hostPage >>> 9 : hostPage) >>> ENTRIES_PER_LINE_SHIFT) | DIRECTORY_LINE;
    return near + guestLine + this.#reference(hostLine);
  }

  /** A reference to a table line: near when the line is among those seen last. */
  #reference(line: number): number {
    const far = isFar(this.#lines, this.#lineShift, line);
    this.far += far;
    return this.#near + this.#extra * far;
  }

  clear(): void {
    this.#directory.fill(EMPTY);
  }
}

/** Whether a line of a table is not among those seen last, as 1 or 0; it is afterwards. */
function isFar(lines: Int32Array, shift: number, line: number): number {
  const slot = Math.imul(line, 0x9e3779b1) >>> shift;
  const other = lines[slot] ^ line;
  lines[slot] = line;
  return (other | -other) >>> 31;
}
