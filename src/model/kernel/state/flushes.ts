import type { PageNumber } from '../../../vocabulary/units.js';

/** Called when translations of `mm` for pages [start, end) must not be used from a TLB any more. */
export type FlushListener = (mmId: number, start: PageNumber, end: PageNumber) => void;

/**
 * Tells the hardware when the kernel flushes. Clearing an accessed bit is no reason to flush, on x86 and arm64
 * alike (ptep_test_and_clear_young()), so nothing is told then: that is the blind spot T1.
 */
export class Flushes {
  /** Flushes told so far. */
  count = 0;
  readonly #listeners: FlushListener[] = [];

  listen(listener: FlushListener): void {
    this.#listeners.push(listener);
  }

  tell(mmId: number, start: PageNumber, end: PageNumber): void {
    this.count++;
    for (const listener of this.#listeners) listener(mmId, start, end);
  }
}
