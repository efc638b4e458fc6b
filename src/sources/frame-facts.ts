/** What /proc/kpageflags says of frames: the order of their folio, and what they are used for. */
import { decodeOrders, FRAME_CODE, KPF } from '../formats/proc/kpageflags.js';
import type { Host, OpenFile } from '../host/host.js';
import type { FrameNumber, Order } from '../vocabulary/units.js';

/** Windows remembered: 5 KiB each. */
const MOST_WINDOWS = 1 << 11;

/** Why a frame that no target maps is none of theirs, in words for a count. */
export type FrameUse =
  | 'frame is mapped by no target'
  | 'frame is beyond this machine’s memory'
  | 'frame is free by now'
  | 'anonymous memory of another process'
  | 'file memory that no target maps'
  | 'kernel memory';

interface Window {
  readonly orders: Uint8Array;
  /** Low words of the flags. */
  readonly flags: Uint32Array;
  /** Frames of the window that exist. */
  readonly known: number;
}

/** Reads kpageflags in windows, each once. Frames are unknown where it may not be read. */
export class FrameFacts {
  readonly #host: Host;
  readonly #windows = new Map<number, Window>();
  #file: OpenFile | undefined;
  #isHidden = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * Order of the folio that a frame belongs to: a frame is part of a huge page by what the kernel says, not by its
   * alignment. Undefined when that cannot be read.
   */
  orderOf(frame: FrameNumber): Order | undefined {
    const { window, at } = this.#lookUp(frame);
    const code = at < window.known ? window.orders[at] : FRAME_CODE.unknown;
    return code < FRAME_CODE.zeroPage ? code : undefined;
  }

  /** What a frame that is mapped by no target is used for now. */
  useOf(frame: FrameNumber): FrameUse {
    const { window, at } = this.#lookUp(frame);
    if (this.#isHidden) return 'frame is mapped by no target';
    if (at >= window.known) return 'frame is beyond this machine’s memory';
    return useByFlags(window.flags[at]);
  }

  /** Forgets what was read: memory has moved since. */
  forget(): void {
    this.#windows.clear();
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #lookUp(frame: FrameNumber): { window: Window; at: number } {
    const perBlock = this.#host.identity.geometry.pagesPerBlock;
    const number = Math.floor(frame / perBlock);
    let window = this.#windows.get(number);
    if (window === undefined) {
      if (this.#windows.size >= MOST_WINDOWS) this.#windows.clear();
      window = this.#read(number * perBlock, perBlock);
      this.#windows.set(number, window);
    }
    return { window, at: frame - number * perBlock };
  }

  #read(first: FrameNumber, frames: number): Window {
    const words = new Uint32Array(frames * 2);
    const orders = new Uint8Array(frames).fill(FRAME_CODE.unknown);
    this.#file ??= this.#open();
    const read = this.#file?.read(new Uint8Array(words.buffer), first * 8);
    const known = read?.ok ? Math.floor(read.value / 8) : 0;
    decodeOrders(words, known, orders, 0);
    return { orders, flags: Uint32Array.from({ length: frames }, (_, at) => words[2 * at]), known };
  }

  #open(): OpenFile | undefined {
    const opened = this.#host.files.open('/proc/kpageflags');
    this.#isHidden = !opened.ok;
    return opened.ok ? opened.value : undefined;
  }
}

/** Device memory and holes have NOPAGE; what is on no LRU list and not mapped is the kernel's own. */
function useByFlags(flags: number): FrameUse {
  if (flags & KPF.NOPAGE) return 'frame is beyond this machine’s memory';
  if (flags & KPF.BUDDY) return 'frame is free by now';
  if (flags & KPF.ANON) return 'anonymous memory of another process';
  if (flags & (KPF.LRU | KPF.MMAP | KPF.UNEVICTABLE)) return 'file memory that no target maps';
  return 'kernel memory';
}
