import type { Host, OpenFile } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import type { FrameNumber, Pages } from '../vocabulary/units.js';

const ENTRY_BYTES = 8;

/** A file of one u64 for each frame (kpageflags, kpagecount), a window of frames at a time. */
export class FrameWords {
  readonly #file: OpenFile | undefined;
  readonly #frames: Pages;
  readonly #words: Uint32Array;
  #window = -1;
  #known = 0;

  /** `frames`: length of a window; folios up to that size lie in one, as they are aligned. */
  constructor(host: Host, path: string, frames: Pages) {
    const opened = ifRecorded(() => host.files.open(path));
    this.#file = opened?.ok ? opened.value : undefined;
    this.#frames = frames;
    this.#words = new Uint32Array(frames * 2);
  }

  /**
   * Words of `frames` frames from `first` on, low and high in turn, which lie in one window. Valid until the next
   * call; undefined when they cannot be read.
   */
  at(first: FrameNumber, frames: Pages): Uint32Array | undefined {
    const window = Math.floor(first / this.#frames);
    if (window !== this.#window) this.#read(window);
    const from = first - window * this.#frames;
    if (from + frames > this.#known) return undefined;
    return this.#words.subarray(from * 2, (from + frames) * 2);
  }

  close(): void {
    this.#file?.close();
  }

  #read(window: number): void {
    this.#window = window;
    const into = new Uint8Array(this.#words.buffer);
    const read = ifRecorded(() => this.#file?.read(into, window * this.#frames * ENTRY_BYTES));
    this.#known = read?.ok ? Math.floor(read.value / ENTRY_BYTES) : 0;
  }
}
