import { closeSync, openSync, readSync } from 'node:fs';

const ENTRY_BYTES = 8;
const CAPACITY = 65_536;

/**
 * Which pages have something behind them, from /proc/self/pagemap: looking at a hole by reading it would map a zero
 * page there and change what is to be measured. Where pagemap cannot be read every page counts as resident.
 */
export class ResidentPages {
  readonly #words = new Uint32Array(CAPACITY * 2);
  readonly #descriptor: number | undefined;
  #start = 0;
  #end = 0;

  constructor() {
    try {
      this.#descriptor = openSync('/proc/self/pagemap', 'r');
    } catch {
      this.#descriptor = undefined;
    }
  }

  /** Whether the page with this number (address divided by page size) is present or swapped out. */
  has(page: number): boolean {
    if (this.#descriptor === undefined) return true;
    if (page < this.#start || page >= this.#end) this.#read(this.#descriptor, page);
    // Bit 63: present, bit 62: swapped or migrating.
    return this.#words[(page - this.#start) * 2 + 1] >>> 30 !== 0;
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }

  #read(descriptor: number, page: number): void {
    const read = readSync(descriptor, this.#words, 0, this.#words.byteLength, page * ENTRY_BYTES);
    this.#start = page;
    this.#end = page + read / ENTRY_BYTES;
    if (this.#end === page) throw new Error(`pagemap gave nothing for page ${page}`);
  }
}
