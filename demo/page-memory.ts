import { VIEW_BYTES, viewMemory } from './own-calls.js';

/** The words of a mapped region, viewed once, in pieces that are small enough for any Node. */
export class PageMemory {
  readonly wordsPerPage: number;
  readonly #pagesPerView: number;
  readonly #views: readonly Int32Array[];

  constructor(address: number, pages: number, pageBytes: number) {
    this.wordsPerPage = pageBytes / 4;
    this.#pagesPerView = VIEW_BYTES / pageBytes;
    const views: Int32Array[] = [];
    for (let offset = 0; offset < pages * pageBytes; offset += VIEW_BYTES) {
      const bytes = Math.min(VIEW_BYTES, pages * pageBytes - offset);
      views.push(new Int32Array(viewMemory(address + offset, bytes)));
    }
    this.#views = views;
  }

  /** The view that a page lies in. */
  view(page: number): Int32Array {
    return this.#views[Math.floor(page / this.#pagesPerView)];
  }

  /** Index of the page's first word in its view. */
  at(page: number): number {
    return (page % this.#pagesPerView) * this.wordsPerPage;
  }
}
