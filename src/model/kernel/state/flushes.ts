import type { PageNumber } from '../../../vocabulary/units.js';

/** Called when translations of `mm` for pages [start, end) must not be used from a TLB any more. */
export type FlushListener = (mmId: number, start: PageNumber, end: PageNumber) => void;

/** Called once for each shootdown: CPUs that run `mm` are told to drop `entries` of its translations. */
export type ShootdownListener = (mmId: number, entries: number) => void;

/**
 * Tells the hardware when the kernel flushes. Clearing an accessed bit is no reason to flush, on x86 and arm64
 * alike (ptep_test_and_clear_young()), so nothing is told then: that is the blind spot T1.
 *
 * Which translations are gone is told at once. CPUs are interrupted once for each flush, or once for all flushes of
 * a `batch` (mmu_gather, try_to_unmap_flush()).
 */
export class Flushes {
  /** Flushes told so far. */
  count = 0;
  /** Shootdowns told so far. */
  shootdowns = 0;
  readonly #listeners: FlushListener[] = [];
  readonly #shootdownListeners: ShootdownListener[] = [];
  /** Entries by address space of the batch under way. */
  readonly #batch = new Map<number, number>();
  #depth = 0;

  listen(listener: FlushListener): void {
    this.#listeners.push(listener);
  }

  listenToShootdowns(listener: ShootdownListener): void {
    this.#shootdownListeners.push(listener);
  }

  /** `entries`: how many translations that is, where it is not one a page. */
  tell(mmId: number, start: PageNumber, end: PageNumber, entries: number = end - start): void {
    this.count++;
    for (const listener of this.#listeners) listener(mmId, start, end);
    if (entries <= 0) return;
    if (this.#depth === 0) this.shootDown(mmId, entries);
    else this.#batch.set(mmId, (this.#batch.get(mmId) ?? 0) + entries);
  }

  /** All flushes that `work` tells are one shootdown for each address space. Batches within a batch belong to it. */
  batch<T>(work: () => T): T {
    this.#depth++;
    try {
      return work();
    } finally {
      if (--this.#depth === 0) this.endBatch();
    }
  }

  private endBatch(): void {
    for (const [mmId, entries] of this.#batch) this.shootDown(mmId, entries);
    this.#batch.clear();
  }

  private shootDown(mmId: number, entries: number): void {
    this.shootdowns++;
    for (const listener of this.#shootdownListeners) listener(mmId, entries);
  }
}
