/**
 * What page tables and frame flags say, read in the plainest way and independently of Octavo's own readers, so that
 * its verdicts are judged by something else than themselves. Needs root.
 */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

/** include/uapi/linux/kernel-page-flags.h. */
const HEAD = 1n << 15n;
const TAIL = 1n << 16n;
const ZERO_PAGE = 1n << 24n;
const PRESENT = 1n << 63n;
const FRAME = (1n << 55n) - 1n;
const SOFT_DIRTY = 1n << 55n;
/** Frames read at a time; memory comes and goes in far larger pieces. */
const WINDOW = 64;

export interface BlockTruth {
  /** Frame of each page, 0 for one that is not present. */
  readonly frames: readonly number[];
  /** Folio order of each page, −1 for a hole, −2 for the zero page. */
  readonly orders: readonly number[];
}

export interface Where {
  readonly firstPage: number;
  readonly pages: number;
  readonly pageBytes: number;
  readonly blockBytes: number;
}

/** Every PMD-sized block of a region. */
export function blocksOf(pid: number, region: Where): readonly BlockTruth[] {
  const perBlock = region.blockBytes / region.pageBytes;
  const pagemap = new WordFile(`/proc/${pid}/pagemap`);
  const flags = new WordFile('/proc/kpageflags');
  try {
    return Array.from({ length: region.pages / perBlock }, (_, block) => {
      const entries = pagemap.read(region.firstPage + block * perBlock, perBlock);
      const frames = [...entries].map((entry) => (entry & PRESENT ? Number(entry & FRAME) : 0));
      return { frames, orders: ordersOf(frames, flags, perBlock) };
    });
  } finally {
    pagemap.close();
    flags.close();
  }
}

export const isOneFolio = (block: BlockTruth, hugeOrder: number): boolean =>
  block.orders.every((order) => order === hugeOrder) &&
  block.frames.every((frame, index) => frame === block.frames[0] + index);

function ordersOf(frames: readonly number[], flags: WordFile, perBlock: number): number[] {
  const windows = new Map<number, BigUint64Array>();
  return frames.map((frame) => {
    if (frame === 0) return -1;
    const start = Math.floor(frame / perBlock) * perBlock;
    const window = windows.get(start) ?? flags.read(start, perBlock);
    windows.set(start, window);
    return orderAt(window, frame - start);
  });
}

function orderAt(window: BigUint64Array, at: number): number {
  if (window[at] & ZERO_PAGE) return -2;
  if ((window[at] & (HEAD | TAIL)) === 0n) return 0;
  let head = at;
  while ((window[head] & HEAD) === 0n) head--;
  let end = head + 1;
  while (end < window.length && window[end] & TAIL) end++;
  return Math.log2(end - head);
}

/** How many times each frame is mapped, all processes together; 0 for no frame. */
export function mapCounts(frames: readonly number[]): readonly number[] {
  const counts = new WordFile('/proc/kpagecount');
  const windows = new Map<number, BigUint64Array>();
  try {
    return frames.map((frame) => {
      if (frame === 0) return 0;
      const start = Math.floor(frame / WINDOW) * WINDOW;
      const window = windows.get(start) ?? counts.read(start, WINDOW);
      windows.set(start, window);
      return Number(window[frame - start]);
    });
  } finally {
    counts.close();
  }
}

/** Entries of pagemap without the bit that tells writes (soft-dirty). */
export function entriesOf(pid: number, region: Where): readonly bigint[] {
  const pagemap = new WordFile(`/proc/${pid}/pagemap`);
  try {
    return [...pagemap.read(region.firstPage, region.pages)].map((entry) => entry & ~SOFT_DIRTY);
  } finally {
    pagemap.close();
  }
}

class WordFile {
  readonly #descriptor: number;

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r');
  }

  read(first: number, count: number): BigUint64Array {
    const words = new BigUint64Array(count);
    const bytes = new Uint8Array(words.buffer);
    const read = readSync(this.#descriptor, bytes, 0, bytes.length, first * 8);
    if (read !== bytes.length) throw new Error(`${read} of ${bytes.length} bytes`);
    return words;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

/** Sum of a field over all mappings that lie in [address, address + bytes), in kB. */
export function smapsKb(pid: number, region: { address: string; bytes: number }, field: string): number {
  const start = Number(region.address);
  let inside = false;
  let sum = 0;
  for (const line of readFileSync(`/proc/${pid}/smaps`, 'latin1').split('\n')) {
    const header = /^([0-9a-f]+)-[0-9a-f]+ /.exec(line);
    if (header) {
      const at = Number.parseInt(header[1], 16);
      inside = at >= start && at < start + region.bytes;
    } else if (inside && line.startsWith(`${field}:`)) sum += Number(line.split(/\s+/)[1]);
  }
  return sum;
}

/** A field of smaps_rollup of the whole process, in kB. */
export function rollupKb(pid: number, field: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
}
