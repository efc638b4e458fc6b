import { PAGEMAP_ENTRY_BYTES } from '../formats/proc/pagemap.js';
import type { Host, OpenFile, Refusal } from '../host/host.js';
import type { PageNumber, Pages } from '../vocabulary/units.js';

const CAPACITY: Pages = 16_384;

/** Entries of one process's pagemap as u32 pairs, read ahead in large pieces. */
export class PagemapReader {
  readonly #file: OpenFile;
  readonly #clock: Host['clock'];
  readonly #bytes = new Uint8Array(CAPACITY * PAGEMAP_ENTRY_BYTES);
  /** Low and high word of each entry in turn, as signed words: small integers are what hot loops are fast on. */
  readonly words = new Int32Array(this.#bytes.buffer);
  #start: PageNumber = 0;
  #end: PageNumber = 0;
  readNs = 0;
  refusal: Refusal | undefined;
  /** First page whose entry the file did not hold, although it was asked for. */
  endsBefore: PageNumber | undefined;

  constructor(file: OpenFile, clock: Host['clock']) {
    this.#file = file;
    this.#clock = clock;
  }

  /** Most pages that one `at` can offer. */
  get capacity(): Pages {
    return CAPACITY;
  }

  /**
   * Index in `words` (times two) of a page's entry, reading [page, readTo) when it is not at hand.
   * −1 when the kernel gave nothing: see `refusal`.
   */
  indexOf(page: PageNumber, readTo: PageNumber): number {
    if (!this.isAtHand(page)) this.#read(page, Math.min(readTo, page + CAPACITY));
    return page < this.#end ? page - this.#start : -1;
  }

  /** Whether a page's entry has been read already. */
  isAtHand(page: PageNumber): boolean {
    return page >= this.#start && page < this.#end;
  }

  /** Pages at hand from `page` on. */
  available(page: PageNumber): Pages {
    return this.#end - page;
  }

  forget(): void {
    this.#start = this.#end = 0;
  }

  close(): void {
    this.#file.close();
  }

  #read(start: PageNumber, end: PageNumber): void {
    const started = this.#clock.monotonicNs();
    const length = (end - start) * PAGEMAP_ENTRY_BYTES;
    const read = this.#file.read(this.#bytes.subarray(0, length), start * PAGEMAP_ENTRY_BYTES);
    this.readNs += this.#clock.monotonicNs() - started;
    if (!read.ok) this.refusal = read.error;
    this.#start = start;
    this.#end = start + (read.ok ? Math.floor(read.value / PAGEMAP_ENTRY_BYTES) : 0);
    if (read.ok && this.#end === start) this.endsBefore = start;
  }
}
