/**
 * What memory looks like, read from /proc by itself: scenarios must not judge Octavo's work with Octavo's own
 * readers. Everything here goes through the host door, so that it serves the model as well.
 */
import type { Host, OpenFile } from '../../src/host/host.js';
import type { BlockNumber, PageNumber, PageRange, ProcessId } from '../../src/vocabulary/units.js';

const WORD = 8;
const CHUNK_FRAMES = 512;
const PRESENT_HIGH = 0x8000_0000;
const FRAME_HIGH_MASK = 0x007f_ffff;
/** include/uapi/linux/kernel-page-flags.h */
const KPF_HEAD = 1 << 15;
const KPF_TAIL = 1 << 16;

/** Sum of a kB field of smaps over the mappings that lie in the range. */
export function smapsKib(host: Host, pid: ProcessId, range: PageRange, field: string): number {
  const text = must(host.files.readText(`/proc/${pid}/smaps`));
  let inside = false;
  let sum = 0;
  for (const line of text.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (head) {
      const start = pageOf(host, head[1]);
      inside = start >= range.start && pageOf(host, head[2]) <= range.end;
    } else if (inside && line.startsWith(`${field}:`)) sum += Number(/(\d+) kB/.exec(line)?.[1] ?? 0);
  }
  return sum;
}

/** Mappings that lie in the range: `rw-p hg`, one entry each, in order. */
export function mappingsIn(
  host: Host,
  pid: ProcessId,
  range: PageRange,
): { range: PageRange; flags: string[] }[] {
  const text = must(host.files.readText(`/proc/${pid}/smaps`));
  const found: { range: PageRange; flags: string[] }[] = [];
  let inside = false;
  for (const line of text.split('\n')) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line);
    if (head) {
      const mapping = { start: pageOf(host, head[1]), end: pageOf(host, head[2]) };
      inside = mapping.start >= range.start && mapping.end <= range.end;
      if (inside) found.push({ range: mapping, flags: [] });
    } else if (inside && line.startsWith('VmFlags:')) {
      found.at(-1)?.flags.push(...line.slice(8).trim().split(/\s+/));
    }
  }
  return found;
}

/**
 * The range drawn, one letter a huge block: `H` a folio of the block's size, a digit the one order that all its
 * folios have, `.` nothing present, `?` several orders. Runs are shortened: `H×16 2 H×111`.
 */
export function drawBlocks(host: Host, pid: ProcessId, range: PageRange): string {
  const perBlock = host.identity.geometry.pagesPerBlock;
  const letters: string[] = [];
  const pagemap = must(host.files.open(`/proc/${pid}/pagemap`));
  const flags = new FrameFlags(must(host.files.open('/proc/kpageflags')));
  try {
    for (let page = range.start; page < range.end; page += perBlock) {
      const frames = framesOf(pagemap, page, perBlock);
      letters.push(letterOf(flags, frames, host.identity.geometry.hugeOrder));
    }
  } finally {
    pagemap.close();
    flags.close();
  }
  return shortened(letters);
}

/** Frame of the first page of a block, −1 when absent: unchanged by a split, new after a collapse. */
export function firstFrame(host: Host, pid: ProcessId, block: BlockNumber): number {
  const pagemap = must(host.files.open(`/proc/${pid}/pagemap`));
  try {
    return framesOf(pagemap, block * host.identity.geometry.pagesPerBlock, 1)[0];
  } finally {
    pagemap.close();
  }
}

function letterOf(flags: FrameFlags, frames: readonly number[], huge: number): string {
  const orders = new Set<number>();
  for (let at = 0; at < frames.length; ) {
    const pages = frames[at] < 0 ? 1 : flags.folioPages(frames[at], frames.length);
    if (frames[at] >= 0) orders.add(Math.log2(pages));
    at += pages;
  }
  if (orders.size === 0) return '.';
  if (orders.size !== 1) return '?';
  const [order] = orders;
  return order === huge ? 'H' : String(order);
}

/** kpageflags in chunks, each read once. */
class FrameFlags {
  readonly #file: OpenFile;
  readonly #chunks = new Map<number, Buffer>();

  constructor(file: OpenFile) {
    this.#file = file;
  }

  close(): void {
    this.#file.close();
  }

  /** Pages of the folio whose first page has this frame; 1 for a page that is no compound page. */
  folioPages(frame: number, most: number): number {
    if ((this.#word(frame) & KPF_HEAD) === 0) return 1;
    let pages = 1;
    while (pages < most && (this.#word(frame + pages) & KPF_TAIL) !== 0) pages++;
    return pages;
  }

  #word(frame: number): number {
    const number = Math.floor(frame / CHUNK_FRAMES);
    let chunk = this.#chunks.get(number);
    if (!chunk) {
      chunk = readFully(this.#file, number * CHUNK_FRAMES * WORD, CHUNK_FRAMES * WORD);
      this.#chunks.set(number, chunk);
    }
    return chunk.readUInt32LE((frame % CHUNK_FRAMES) * WORD);
  }
}

function framesOf(pagemap: OpenFile, page: PageNumber, pages: number): number[] {
  const bytes = readFully(pagemap, page * WORD, pages * WORD);
  return Array.from({ length: pages }, (_, index) => {
    const high = bytes.readUInt32LE(index * WORD + 4);
    if ((high & PRESENT_HIGH) === 0) return -1;
    return (high & FRAME_HIGH_MASK) * 2 ** 32 + bytes.readUInt32LE(index * WORD);
  });
}

function readFully(file: OpenFile, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const got = must(file.read(bytes.subarray(filled), position + filled));
    if (got === 0) return bytes;
    filled += got;
  }
  return bytes;
}

function shortened(letters: readonly string[]): string {
  const runs: { letter: string; count: number }[] = [];
  for (const letter of letters) {
    const last = runs.at(-1);
    if (last?.letter === letter) last.count++;
    else runs.push({ letter, count: 1 });
  }
  return runs.map(({ letter, count }) => (count === 1 ? letter : `${letter}×${count}`)).join(' ');
}

function pageOf(host: Host, hex: string): PageNumber {
  return Number(BigInt(`0x${hex}`) >> BigInt(host.identity.geometry.pageShift));
}

/** One word a block: the huge-page advice of the mapping it lies in; `cut` when a mapping ends inside it. */
export function drawAdvice(host: Host, pid: ProcessId, range: PageRange): string {
  const perBlock = host.identity.geometry.pagesPerBlock;
  const words: string[] = [];
  for (const { range: mapping, flags } of mappingsIn(host, pid, range)) {
    const word = flags.includes('hg') ? 'hg' : flags.includes('nh') ? 'nh' : 'plain';
    const aligned = mapping.start % perBlock === 0 && mapping.end % perBlock === 0;
    const blocks = Math.ceil(Math.max(1, (mapping.end - mapping.start) / perBlock));
    words.push(...Array.from({ length: blocks }, () => (aligned ? word : 'cut')));
  }
  return shortened(words);
}

/** A counter file of one number. */
export function counter(host: Host, path: string): number {
  return Number(must(host.files.readText(path)));
}

/** The value of an answer that a scenario cannot do without. */
export function must<Value>(
  answer: { ok: true; value: Value } | { ok: false; error: { errno: string; call: string } },
): Value {
  if (!answer.ok) throw new Error(`${answer.error.call}: ${answer.error.errno}`);
  return answer.value;
}
