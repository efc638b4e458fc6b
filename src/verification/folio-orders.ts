import { decodeOrders, FRAME_CODE, KPF } from '../formats/proc/kpageflags.js';
import type { Host, OpenFile } from '../host/host.js';
import type { FrameNumber, PageGeometry } from '../vocabulary/units.js';

const PATH = '/proc/kpageflags';
const ENTRY_BYTES = 8;
const NO_SLOT = -1;
const NOT_LOADED = 0;
const CHUNK_LOADED = 1;
const WINDOW_LOADED = 2;
/** Decoded windows kept, one byte a frame: frames of 256 GiB with 4 KiB pages. */
const MAX_CACHED_FRAMES = 64 * 1024 * 1024;

/** Frames read at first in a window; folios up to this size are told without reading the whole window. */
const CHUNK_FRAMES = 64;
/**
 * Frames there is room for at first: those of 1 GiB with 4 KiB pages. More costs nothing once, and the garbage collector's
 * time where many observations follow each other.
 */
const FIRST_FRAMES = 256 * 1024;

/**
 * Folio order of any frame, decoded once and kept for the length of one observation. Scattered frames cost a short
 * read each; a walk that goes on in a PMD-sized window, or a folio larger than the short read, reads all of it.
 */
export class FolioOrders {
  readonly #file: OpenFile | undefined;
  readonly #clock: { monotonicNs(): number };
  readonly #windowFrames: number;
  readonly #raw: Uint8Array;
  readonly #low: Uint32Array;
  readonly #rawChunk: Uint8Array;
  #slotOf = new Int32Array(0);
  readonly #chunks: number;
  /** By slot and chunk: whether its codes are there, alone or with those of the whole window. */
  #loaded = new Uint8Array(0);
  #slots = 0;
  /** Decoded codes, `windowFrames` a slot; replaced as it grows, so take it anew after each `locate`. */
  codes = new Uint8Array(0);
  /** Frames [spanStart, spanEnd) have their codes from `spanOffset` on, until the next `locate`. */
  spanStart: FrameNumber = 0;
  spanEnd: FrameNumber = 0;
  spanOffset = 0;
  /** Nanoseconds spent in the kernel's reads, for the census's own account. */
  readNs = 0;

  constructor(host: Host, geometry: PageGeometry) {
    const opened = host.files.open(PATH);
    this.#file = opened.ok ? opened.value : undefined;
    this.#clock = host.clock;
    this.#windowFrames = geometry.pagesPerBlock;
    this.#chunks = Math.max(1, this.#windowFrames / CHUNK_FRAMES);
    this.#raw = new Uint8Array(this.#windowFrames * ENTRY_BYTES);
    this.#low = new Uint32Array(this.#raw.buffer);
    this.#rawChunk = this.#raw.subarray(0, CHUNK_FRAMES * ENTRY_BYTES);
  }

  get available(): boolean {
    return this.#file !== undefined;
  }

  /** Makes the codes around a frame available as the current span. */
  locate(frame: FrameNumber): void {
    const window = Math.floor(frame / this.#windowFrames);
    if (window >= this.#slotOf.length) this.#growIndex(window);
    const slot = this.#slotOf[window] === NO_SLOT ? this.#newSlot(window) : this.#slotOf[window];
    const chunk = Math.floor((frame % this.#windowFrames) / CHUNK_FRAMES);
    if (this.#loaded[slot * this.#chunks + chunk] === NOT_LOADED)
      this.#load(window, slot, chunk, frame === this.spanEnd);
    // The wider the span, the fewer the calls of a walk that goes back and forth in a window.
    const isWhole = this.#loaded[slot * this.#chunks + chunk] === WINDOW_LOADED;
    const skipped = isWhole ? 0 : chunk * CHUNK_FRAMES;
    const frames = isWhole ? this.#windowFrames : Math.min(CHUNK_FRAMES, this.#windowFrames);
    this.spanStart = window * this.#windowFrames + skipped;
    this.spanEnd = this.spanStart + frames;
    this.spanOffset = slot * this.#windowFrames + skipped;
  }

  close(): void {
    this.#file?.close();
  }

  /** A walk that goes on where the last span ended, or that comes back, is likely to need the whole window. */
  #load(window: number, slot: number, chunk: number, isSequential: boolean): void {
    if (!isSequential && this.#chunks > 1 && !this.#hasChunkOf(slot)) {
      this.#read(window, slot, chunk * CHUNK_FRAMES, CHUNK_FRAMES);
      if (!this.#reachesOver()) {
        this.#loaded[slot * this.#chunks + chunk] = CHUNK_LOADED;
        return;
      }
    }
    this.#read(window, slot, 0, this.#windowFrames);
    this.#loaded.fill(WINDOW_LOADED, slot * this.#chunks, (slot + 1) * this.#chunks);
  }

  #hasChunkOf(slot: number): boolean {
    for (let at = slot * this.#chunks; at < (slot + 1) * this.#chunks; at++)
      if (this.#loaded[at] !== NOT_LOADED) return true;
    return false;
  }

  /** Whether the chunk just read begins inside a folio, or is one folio that may go on behind it. */
  #reachesOver(): boolean {
    const first = this.#low[0];
    if (first & KPF.COMPOUND_TAIL) return true;
    return (first & KPF.COMPOUND_HEAD) !== 0 && (this.#low[(CHUNK_FRAMES - 1) * 2] & KPF.COMPOUND_TAIL) !== 0;
  }

  #read(window: number, slot: number, skipped: number, frames: number): void {
    const started = this.#clock.monotonicNs();
    const into = frames === CHUNK_FRAMES ? this.#rawChunk : this.#raw;
    const read = this.#file?.read(into, (window * this.#windowFrames + skipped) * ENTRY_BYTES);
    this.readNs += this.#clock.monotonicNs() - started;
    const known = read?.ok ? Math.floor(read.value / ENTRY_BYTES) : 0;
    const at = slot * this.#windowFrames + skipped;
    if (known < frames) this.codes.fill(FRAME_CODE.unknown, at + known, at + frames);
    decodeOrders(this.#low, known, this.codes, at);
  }

  #newSlot(window: number): number {
    if ((this.#slots + 1) * this.#windowFrames > MAX_CACHED_FRAMES) this.#forget();
    const slot = this.#slots++;
    if (this.codes.length < this.#slots * this.#windowFrames) this.#growCodes();
    this.#slotOf[window] = slot;
    return slot;
  }

  #growIndex(window: number): void {
    const larger = new Int32Array(Math.max(4096, 2 ** Math.ceil(Math.log2(window + 1)))).fill(NO_SLOT);
    larger.set(this.#slotOf);
    this.#slotOf = larger;
  }

  #growCodes(): void {
    const wanted = Math.max(FIRST_FRAMES, this.codes.length * 2);
    const larger = new Uint8Array(Math.min(wanted, MAX_CACHED_FRAMES));
    larger.set(this.codes);
    this.codes = larger;
    const loaded = new Uint8Array(larger.length / CHUNK_FRAMES);
    loaded.set(this.#loaded);
    this.#loaded = loaded;
  }

  #forget(): void {
    this.#slotOf.fill(NO_SLOT);
    this.#loaded.fill(0);
    this.#slots = 0;
  }
}
