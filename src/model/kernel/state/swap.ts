import type { Pages } from '../../../vocabulary/units.js';

/**
 * Swap space as a bounded store of pages, with an optional compressed pool (zswap) in front. A slot keeps the
 * content stamp of its page and how many entries refer to it.
 */
export class Swap {
  readonly slots: Pages;
  readonly users: Uint16Array;
  readonly content: Uint32Array;
  readonly memcg: Uint16Array;
  /** Whether the page is held compressed in memory rather than on the device. */
  readonly compressed: Uint8Array;
  used: Pages = 0;
  compressedPages: Pages = 0;
  readonly compressedLimit: Pages;
  private cursor = 0;

  /** `slots` pages of swap; at most `compressedLimit` pages held by zswap (at a ratio of 3 to 1 in memory). */
  constructor(slots: Pages, compressedLimit: Pages) {
    this.slots = slots;
    this.users = new Uint16Array(slots);
    this.content = new Uint32Array(slots);
    this.memcg = new Uint16Array(slots);
    this.compressed = new Uint8Array(slots);
    this.compressedLimit = compressedLimit;
  }

  get free(): Pages {
    return this.slots - this.used;
  }

  /** First of `pages` adjoining free slots, aligned to their number; −1 when there is no such run. */
  reserve(pages: Pages): number {
    if (this.free < pages) return -1;
    const start = this.cursor - (this.cursor % pages);
    for (let step = 0; step <= this.slots; step += pages) {
      const first = (start + step) % this.slots;
      if (first % pages !== 0 || first + pages > this.slots || !this.isRunFree(first, pages)) continue;
      this.cursor = (first + pages) % this.slots;
      return first;
    }
    return -1;
  }

  /** Fills a slot reserved before. Returns true when it went to the compressed pool. */
  store(slot: number, content: number, users: number, memcg: number): boolean {
    this.users[slot] = users;
    this.content[slot] = content;
    this.memcg[slot] = memcg;
    this.used++;
    const fits = content !== 0 && this.compressedPages < this.compressedLimit;
    this.compressed[slot] = fits ? 1 : 0;
    if (fits) this.compressedPages++;
    return fits;
  }

  share(slot: number): void {
    this.users[slot]++;
  }

  /** Drops one reference. Returns true when that was the last and the slot is free again. */
  release(slot: number): boolean {
    if (--this.users[slot] > 0) return false;
    this.used--;
    if (this.compressed[slot] === 1) this.compressedPages--;
    this.compressed[slot] = 0;
    return true;
  }

  private isRunFree(first: number, pages: Pages): boolean {
    for (let slot = first; slot < first + pages; slot++) if (this.users[slot] !== 0) return false;
    return true;
  }
}
