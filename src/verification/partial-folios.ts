/**
 * Partly unmapped large folios: frames that stay allocated although no process maps them any more, because the rest of
 * their folio is still in use (the kernel's deferred split queue, mm/huge_memory.c deferred_split_folio()). RSS counts
 * mapped pages only, so these frames show in no process; a split of the folio frees them.
 */
import { KPF } from '../formats/proc/kpageflags.js';
import type { Host } from '../host/host.js';
import { BLOCK_FLAG } from '../vocabulary/page-sizes.js';
import type { FrameNumber, Order, Pages } from '../vocabulary/units.js';
import type { BlockRows } from './block-rows.js';
import { FrameWords } from './frame-words.js';
import { countsWholeFolios } from './mapcount-build.js';

interface Seen {
  readonly order: Order;
  /** Row in which the walk first met the folio: its unmapped pages are counted there, and only there. */
  readonly row: number;
  /** Mappings of its pages that the walk met. */
  pages: Pages;
  /** Whether each of those was the page's only mapping. */
  exclusive: boolean;
}

/** Gathers the large folios of which a walk met only a part, and counts their unmapped pages when it is over. */
export class PartialFolios {
  readonly #host: Host;
  readonly #rows: BlockRows;
  readonly #seen = new Map<FrameNumber, Seen>();

  constructor(host: Host, rows: BlockRows) {
    this.#host = host;
    this.#rows = rows;
  }

  /** Takes note of `pages` mapped frames in line, which belong to folios of one order. Whole folios pass by. */
  note(row: number, frame: FrameNumber, pages: Pages, order: Order, exclusive: boolean): void {
    const size = 2 ** order;
    const end = frame + pages;
    for (let at = frame; at < end; ) {
      const head = at - (at % size);
      const next = Math.min(end, head + size);
      if (next - at < size) this.#add(head, { order, row, pages: next - at, exclusive });
      at = next;
    }
  }

  /**
   * Counts the unmapped pages of what was noted into the rows. `whole` says that the walk saw all of the process: then
   * a folio with more mappings than the walk met is mapped by another process as well, and its row is marked shared.
   */
  settle(whole: boolean): void {
    const partial = [...this.#seen].filter(([, seen]) => seen.pages < 2 ** seen.order);
    if (partial.length === 0) return;
    partial.sort(([left], [right]) => left - right);
    const judge = new FolioJudge(this.#host, whole);
    try {
      for (const [head, seen] of partial) this.#enter(seen, judge.judge(head, seen));
    } finally {
      judge.close();
    }
  }

  #add(head: FrameNumber, part: Seen): void {
    const known = this.#seen.get(head);
    if (!known) {
      this.#seen.set(head, part);
      return;
    }
    known.pages += part.pages;
    known.exclusive &&= part.exclusive;
  }

  #enter({ row }: Seen, { unmapped, shared }: Judgement): void {
    if (unmapped === undefined) this.#rows.flags[row] |= BLOCK_FLAG.unmappedUnknown;
    else this.#rows.unmapped[row] += unmapped;
    if (shared) this.#rows.flags[row] |= BLOCK_FLAG.shared;
  }
}

interface Judgement {
  /** Pages of the folio that no process maps; undefined when that cannot be known. */
  readonly unmapped: Pages | undefined;
  /** Whether another process maps pages of the folio. */
  readonly shared: boolean;
}

const NOTHING: Judgement = { unmapped: 0, shared: false };
const UNKNOWN: Judgement = { unmapped: undefined, shared: false };

/** Reads what the kernel's frame tables say of one folio after the other, in ascending order. */
class FolioJudge {
  readonly #host: Host;
  readonly #flags: FrameWords;
  readonly #counts: FrameWords;
  readonly #whole: boolean;
  #averaged: boolean | undefined;

  constructor(host: Host, whole: boolean) {
    this.#host = host;
    this.#whole = whole;
    const { pagesPerBlock } = host.identity.geometry;
    this.#flags = new FrameWords(host, '/proc/kpageflags', pagesPerBlock);
    this.#counts = new FrameWords(host, '/proc/kpagecount', pagesPerBlock);
  }

  judge(head: FrameNumber, seen: Seen): Judgement {
    const size = 2 ** seen.order;
    const flags = this.#flags.at(head, size);
    if (!flags) return UNKNOWN;
    // Pages of the page cache stay whether mapped or not: a split frees none of them.
    if ((flags[0] & KPF.ANON) === 0) return NOTHING;
    // Pages that swap entries stand for have no mapping and are not free.
    if (flags[0] & KPF.SWAPCACHE) return UNKNOWN;
    const counts = this.#counts.at(head, size);
    if (!counts) return UNKNOWN;
    if (this.#countsAreAverages(counts, seen)) return this.#byOwnMappings(size, seen);
    return this.#byCounts(counts, size, seen);
  }

  close(): void {
    this.#flags.close();
    this.#counts.close();
  }

  #byCounts(counts: Uint32Array, size: Pages, seen: Seen): Judgement {
    let unmapped = 0;
    let mappings = 0;
    for (let page = 0; page < size; page++) {
      if (counts[page * 2] === 0) unmapped++;
      else mappings += counts[page * 2];
    }
    return { unmapped, shared: this.#whole && mappings > seen.pages };
  }

  /** With one number for the whole folio the page tables of its only process tell what is not mapped. */
  #byOwnMappings(size: Pages, seen: Seen): Judgement {
    const known = this.#whole && seen.exclusive;
    return { unmapped: known ? size - seen.pages : undefined, shared: !seen.exclusive };
  }

  /**
   * CONFIG_NO_PAGE_MAPCOUNT (Linux 6.15) shows the folio's average in place of each page's count, and no zero. Only
   * where all counts are equal is the build of any interest.
   */
  #countsAreAverages(counts: Uint32Array, seen: Seen): boolean {
    const size = 2 ** seen.order;
    for (let page = 1; page < size; page++) if (counts[page * 2] !== counts[0]) return false;
    this.#averaged ??= countsWholeFolios(this.#host);
    return this.#averaged;
  }
}
