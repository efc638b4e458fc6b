import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { FrameNumber, Nanoseconds, Order } from '../../../vocabulary/units.js';
import { countKind, freeFolio, leaveDeferredQueue } from '../memory/allocation.js';
import { addToLru, removeFromLru } from '../memory/lru.js';
import { FOLIO, INHERITED } from '../state/folios.js';
import type { HeldPages } from '../state/holds.js';
import { type Kernel, ZERO_FRAME } from '../state/kernel.js';
import { ENTRY } from '../state/page-tables.js';
import {
  changePte,
  clearEntries,
  countResident,
  fold,
  setSpecial,
  unmapPtes,
} from '../translation/entries.js';
import { splitPmdMapping } from '../translation/pmd-split.js';
import { mappingsOf, type PageMapping } from '../translation/rmap.js';

/** What an operation answered: an errno name, or undefined when it was done; and the time it took. */
export interface Outcome {
  readonly error: ErrnoName | undefined;
  readonly cost: Nanoseconds;
}

/** Split uniformly: every piece gets the new order. */
export const UNIFORM = -1;

/**
 * Splits a folio (__folio_split()). `at` UNIFORM makes every piece `order`; a page of the folio (0 based) makes
 * only the piece that holds it `order` and leaves the rest as large as can be, like buddies. Refusals leave
 * everything as it was and count as split_failed: EINVAL for an order that is not smaller, or 1 for anonymous
 * memory; EBUSY under writeback; EAGAIN with references beyond the mappings' own. Sharing by fork is no obstacle.
 * `heldPins`: references that the caller itself holds.
 */
export function splitFolio(
  kernel: Kernel,
  head: FrameNumber,
  order: Order,
  at: number,
  heldPins = 0,
): Outcome {
  const from = kernel.folios.orderOf(head);
  const error = refusal(kernel, head, order, heldPins);
  countAttempt(kernel, from, error === undefined);
  if (error !== undefined) return { error, cost: kernel.costs.splitFailed };
  const mappers = placesOf(kernel, head, from);
  const cost = kernel.flushes.batch(() => carryOut(kernel, head, from, order, at));
  // Every page of it is a migration entry until the pieces are mapped again: who touches one sleeps.
  for (const { mmId, pages } of mappers) kernel.holds.hold(mmId, cost, pages);
  return { error, cost };
}

/** Address spaces that map a folio, and where. */
function placesOf(kernel: Kernel, head: FrameNumber, order: Order): { mmId: number; pages: HeldPages }[] {
  const { folios } = kernel;
  if (folios.totalMaps[head] === 0) return [];
  let frame = head;
  while (folios.entireMaps[head] === 0 && folios.maps[frame] === 0) frame++;
  return mappingsOf(kernel, frame).map(({ mm, page }) => {
    const start = page - (frame - head);
    return { mmId: mm.id, pages: { start, end: start + 2 ** order } };
  });
}

function refusal(kernel: Kernel, head: FrameNumber, order: Order, heldPins: number): ErrnoName | undefined {
  const { folios } = kernel;
  const flags = folios.flags[head];
  if (order >= folios.orderOf(head) || flags & FOLIO.zero) return 'EINVAL';
  if (flags & FOLIO.anon && order === 1) return 'EINVAL';
  if (flags & FOLIO.writeback) return 'EBUSY';
  if (folios.pins[head] > heldPins) return 'EAGAIN';
  return undefined;
}

function countAttempt(kernel: Kernel, from: Order, done: boolean): void {
  kernel.counters.countOrder(done ? 'split' : 'split_failed', from);
  if (from === kernel.geometry.hugeOrder) {
    kernel.counters.count(done ? 'thp_split_page' : 'thp_split_page_failed');
  }
}

function carryOut(kernel: Kernel, head: FrameNumber, from: Order, order: Order, at: number): Nanoseconds {
  const { folios } = kernel;
  const anon = folios.has(head, FOLIO.anon);
  const listed = folios.has(head, FOLIO.lru);
  const cost = splitCost(kernel, head, from) + separate(kernel, head);
  if (listed) removeFromLru(kernel, head);
  leaveDeferredQueue(kernel, head);
  const pieces = piecesOf(head, from, order, at === UNIFORM ? UNIFORM : head + at, anon);
  makePieces(kernel, head, from, pieces);
  if (!anon) {
    for (const [piece] of pieces) if (!dropBeyondEnd(kernel, piece)) settle(kernel, piece, listed);
    return cost;
  }
  return cost + remapPieces(kernel, pieces, listed);
}

/** A folio mapped by PTEs costs more, since every entry becomes a migration entry on its own. */
function splitCost(kernel: Kernel, head: FrameNumber, from: Order): Nanoseconds {
  const { costs, geometry, folios } = kernel;
  const share = 2 ** from / geometry.pagesPerBlock;
  const byPte = folios.entireMaps[head] === 0 && folios.mappedPages[head] > 0 ? costs.splitPteMapped : 0;
  return (costs.splitFolio + byPte) * (0.125 + 0.875 * share);
}

/**
 * unmap_folio(): PMD mappings of anonymous memory become PTEs; shmem and file pages leave every page table. PTEs of
 * anonymous memory become migration entries one by one, so that a folio mapped by PTEs passes through "partially
 * mapped" and ticks split_deferred.
 */
function separate(kernel: Kernel, head: FrameNumber): Nanoseconds {
  const { folios, counters, geometry } = kernel;
  const anon = folios.has(head, FOLIO.anon);
  const order = folios.orderOf(head);
  if (anon && order >= 2 && folios.entireMaps[head] === 0 && folios.mappedPages[head] > 1) {
    if (!folios.has(head, FOLIO.partiallyMapped)) {
      counters.countOrder('split_deferred', order);
      if (order === geometry.hugeOrder) counters.count('thp_deferred_split_page');
    }
  }
  let cost = 0;
  for (const mapping of mappingsAlong(kernel, head)) {
    if (mapping.leaf < 0) cost += splitPmdMapping(kernel, mapping.mm, mapping.page);
    if (!anon) unmapFile(kernel, mapping);
  }
  if (anon) markDirtyFromEntries(kernel, head);
  return cost;
}

/** Mappings of any page of a folio, the PMD ones once. */
function mappingsAlong(kernel: Kernel, head: FrameNumber): PageMapping[] {
  const found: PageMapping[] = [];
  const { folios } = kernel;
  if (folios.totalMaps[head] === 0) return found;
  const pages = folios.pagesOf(head);
  for (let frame = head; frame < head + pages; frame++) {
    for (const mapping of mappingsOf(kernel, frame))
      if (mapping.leaf >= 0 || frame === head) found.push(mapping);
  }
  return found;
}

function unmapFile(kernel: Kernel, mapping: PageMapping): void {
  if (mapping.leaf < 0) return;
  unmapPtes(kernel, mapping.mm, mapping.leaf, 1);
  kernel.flushes.tell(mapping.mm.id, mapping.page, mapping.page + 1);
}

function markDirtyFromEntries(kernel: Kernel, head: FrameNumber): void {
  const { folios, tables } = kernel;
  for (const { leaf } of mappingsAlong(kernel, head)) {
    if (tables.pteBits[leaf] & ENTRY.dirty) {
      folios.set(head, FOLIO.dirty);
      return;
    }
  }
}

/** Heads and orders of the pieces, in address order. `target` is the frame to isolate, or UNIFORM. */
export function piecesOf(
  head: FrameNumber,
  from: Order,
  to: Order,
  target: FrameNumber,
  anon: boolean,
): [FrameNumber, Order][] {
  let pieces: [FrameNumber, Order][] = [[head, from]];
  if (target === UNIFORM) return halves(head, from, to);
  for (let order = from - 1; order >= to; order--) {
    if (order === 1 && anon && to !== 1) continue;
    pieces = pieces.flatMap(([start, size]) =>
      target >= start && target < start + 2 ** size ? halves(start, size, order) : [[start, size]],
    );
  }
  return pieces;
}

function halves(head: FrameNumber, from: Order, to: Order): [FrameNumber, Order][] {
  const pieces: [FrameNumber, Order][] = [];
  for (let start = head; start < head + 2 ** from; start += 2 ** to) pieces.push([start, to]);
  return pieces;
}

/** Rewrites the columns: every piece becomes a folio with the properties of the whole. */
function makePieces(kernel: Kernel, head: FrameNumber, from: Order, pieces: [FrameNumber, Order][]): void {
  const { folios, frames, counters } = kernel;
  const flags = folios.flags[head] & INHERITED & ~FOLIO.lru;
  const anon = (flags & FOLIO.anon) !== 0;
  const memcg = kernel.memcgAt(folios.memcg[head]);
  const whole = { owner: folios.owner[head], index: folios.index[head], memcg: folios.memcg[head] };
  countKind(kernel, memcg, flags, from, -(2 ** from));
  if (anon) counters.countOrder('nr_anon', from, -1);
  clearHead(kernel, head);
  for (const [piece, order] of pieces) {
    frames.setOrder(piece, 2 ** order, order);
    folios.flags[piece] = flags & ~FOLIO.maybeShared;
    folios.memcg[piece] = whole.memcg;
    folios.owner[piece] = whole.owner;
    folios.index[piece] = whole.index + (piece - head);
    countKind(kernel, memcg, flags, order, 2 ** order);
    if (anon) counters.countOrder('nr_anon', order);
    recountMaps(kernel, piece);
  }
}

function clearHead(kernel: Kernel, head: FrameNumber): void {
  const { folios } = kernel;
  folios.totalMaps[head] = 0;
  folios.mappedPages[head] = 0;
  folios.mmSlots.fill(0, head * 2, head * 2 + 2);
  folios.mmSlotMaps.fill(0, head * 2, head * 2 + 2);
}

/** Mapping counts of a piece from its pages. */
function recountMaps(kernel: Kernel, piece: FrameNumber): void {
  const { folios } = kernel;
  const end = piece + folios.pagesOf(piece);
  for (let frame = piece; frame < end; frame++) {
    if (folios.maps[frame] === 0) continue;
    folios.mappedPages[piece]++;
    for (const { mm } of mappingsOf(kernel, frame)) folios.countMaps(piece, mm.id, 1);
  }
}

/**
 * remap_page(): order-0 pieces that hold nothing but zeroes are replaced by the shared zero page and freed, unless
 * they are locked; pieces that no process maps any more are freed; all others join the LRU.
 */
function remapPieces(kernel: Kernel, pieces: [FrameNumber, Order][], listed: boolean): Nanoseconds {
  const { folios } = kernel;
  let cost = 0;
  for (const [piece, order] of pieces) {
    const zero = order === 0 && folios.content[piece] === 0 && !folios.has(piece, FOLIO.mlocked);
    if (zero && folios.totalMaps[piece] > 0) {
      for (const mapping of mappingsOf(kernel, piece)) mapToZeroPage(kernel, mapping);
      cost += kernel.costs.splitZeroPage;
    } else if (order > 0 && kernel.tables.contiguousOrder > 0) refold(kernel, piece);
    if (order < kernel.tables.contiguousOrder) unfoldPiece(kernel, piece);
    if (folios.totalMaps[piece] === 0 && folios.pins[piece] === 0) freeFolio(kernel, piece);
    else settle(kernel, piece, listed);
  }
  return cost;
}

/** try_to_map_unused_to_zeropage(): the page reads as zeroes from the shared page, a write faults a new one. */
function mapToZeroPage(kernel: Kernel, { mm, leaf, page }: PageMapping): void {
  const { tables, folios } = kernel;
  const kept = tables.pteBits[leaf] & (ENTRY.softDirty | ENTRY.uffdWp);
  const frame = tables.pteValue[leaf];
  changePte(kernel, leaf, 0, 0);
  clearEntries(kernel, leaf, 1);
  countResident(mm, folios.flags[frame], -1);
  folios.maps[frame]--;
  folios.mappedPages[frame] = folios.maps[frame] > 0 ? 1 : 0;
  folios.countMaps(frame, mm.id, -1);
  setSpecial(kernel, leaf, ZERO_FRAME, ENTRY.present | ENTRY.zero | ENTRY.accessed | kept);
  kernel.flushes.tell(mm.id, page, page + 1);
}

function unfoldPiece(kernel: Kernel, piece: FrameNumber): void {
  for (let frame = piece; frame < piece + kernel.folios.pagesOf(piece); frame++)
    for (const { leaf } of mappingsOf(kernel, frame)) if (leaf >= 0) changePte(kernel, leaf, 0, 0);
}

function refold(kernel: Kernel, piece: FrameNumber): void {
  for (const { leaf } of mappingsOf(kernel, piece))
    if (leaf >= 0) fold(kernel, leaf, kernel.folios.pagesOf(piece));
}

/** Pieces of a file folio beyond the file's end leave the cache. */
function dropBeyondEnd(kernel: Kernel, piece: FrameNumber): boolean {
  const { folios } = kernel;
  const inode = kernel.inodes.get(folios.owner[piece]);
  const index = folios.index[piece];
  if (inode === undefined || index < inode.pages) return false;
  for (let i = 0; i < folios.pagesOf(piece); i++) inode.clear(index + i);
  freeFolio(kernel, piece);
  return true;
}

function settle(kernel: Kernel, piece: FrameNumber, listed: boolean): void {
  if (listed) addToLru(kernel, piece);
  else kernel.folios.set(piece, FOLIO.isolated);
}
