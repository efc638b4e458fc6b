/**
 * How a region looks from outside, in lines that are the same on two kernels when the kernels did the same: every smaps
 * field of its mappings, pagemap, kpageflags, kpagecount and PAGEMAP_SCAN page by page (equal neighbours joined), the
 * order of each folio, and whether pages kept their frames since the last look.
 */
import { PAGE_IS } from '../../src/host/host.js';
import type { Machine } from './test-machine.js';

const PRESENT = 1n << 63n;
const FRAMES = (1n << 55n) - 1n;
const HEAD = 1n << 15n;
const TAIL = 1n << 16n;
const ZERO_PAGE = 1n << 24n;
/** Referenced and active: on the zero page, whoever read it last anywhere. */
const OF_ALL_READERS = (1n << 2n) | (1n << 6n);

/**
 * kpageflags by bit, those that are not kernel-debug extras. IDLE (25) is left out: only idle page tracking and DAMON set it,
 * on whatever page they look at, and a host may run either for itself.
 */
const FLAG_NAMES: Readonly<Record<number, string>> = {
  0: 'locked', 2: 'referenced', 3: 'uptodate', 4: 'dirty', 5: 'lru', 6: 'active', 7: 'slab', 8: 'writeback',
  9: 'reclaim', 10: 'buddy', 11: 'mmap', 12: 'anon', 13: 'swapcache', 14: 'swapbacked', 15: 'head', 16: 'tail',
  17: 'huge', 18: 'unevictable', 19: 'hwpoison', 20: 'nopage', 21: 'ksm', 22: 'thp', 23: 'offline', 24: 'zero',
  26: 'pgtable',
}; // biome-ignore format: a table
const PAGEMAP_NAMES: Readonly<Record<number, string>> = {
  55: 'soft-dirty', 56: 'exclusive', 57: 'uffd-wp', 58: 'guard', 61: 'file', 62: 'swap', 63: 'present',
}; // biome-ignore format: a table

export interface Look {
  readonly lines: readonly string[];
  /** Frame by page of the region and the hole behind it, 0 for none: to be given to the next look. */
  readonly frames: readonly number[];
}

export function look(machine: Machine, before?: Look): Look {
  const entries = wordsAt(machine, `/proc/${machine.pid}/pagemap`, machine.firstPage, machine.pages * 2);
  const frames = entries.map((entry) => (entry & PRESENT ? Number(entry & FRAMES) : 0));
  const flags = ofFrames(machine, '/proc/kpageflags', frames);
  const counts = ofFrames(machine, '/proc/kpagecount', frames);
  const pages = entries.map((entry, page) => {
    const zero = (flags[page] & ZERO_PAGE) !== 0n;
    const own = zero ? flags[page] & ~OF_ALL_READERS : flags[page];
    const words = [namesOf(entry, PAGEMAP_NAMES), namesOf(own, FLAG_NAMES)];
    if (frames[page] === 0) return words[0];
    // All the system maps the zero page: who else does, and whether it was read since boot, is no property of this region.
    if (zero) return [...words, 'zero page'].join(' | ');
    return [...words, `maps ${counts[page]}`, movedSince(before, frames, page)].join(' | ');
  });
  const orders = ordersOf(machine, frames, flags);
  return {
    lines: [
      ...mappings(machine),
      ...runs('pages', pages),
      ...runs('orders', orders),
      ...runs('scan', categories(machine)),
    ],
    frames,
  };
}

/** Order of each page's folio (see `look`), and whether a PMD maps it, over the region. */
export function ordersOfRegion(machine: Machine): { orders: string[]; huge: boolean[] } {
  const entries = wordsAt(machine, `/proc/${machine.pid}/pagemap`, machine.firstPage, machine.pages);
  const frames = entries.map((entry) => (entry & PRESENT ? Number(entry & FRAMES) : 0));
  const flags = ofFrames(machine, '/proc/kpageflags', frames);
  const huge = categories(machine).slice(0, machine.pages);
  return { orders: ordersOf(machine, frames, flags), huge: huge.map((names) => names.includes('HUGE')) };
}

function movedSince(before: Look | undefined, frames: readonly number[], page: number): string {
  if (before === undefined || before.frames[page] === 0) return 'new';
  return before.frames[page] === frames[page] ? 'same frame' : 'other frame';
}

function namesOf(word: bigint, names: Readonly<Record<number, string>>): string {
  return Object.entries(names)
    .flatMap(([bit, name]) => (word & (1n << BigInt(bit)) ? [name] : []))
    .join(' ');
}

function wordsAt(machine: Machine, path: string, first: number, count: number): bigint[] {
  const opened = machine.host.files.open(path);
  if (!opened.ok) throw new Error(`${opened.error.call}: ${opened.error.errno}`);
  const bytes = new Uint8Array(count * 8);
  const read = opened.value.read(bytes, first * 8);
  opened.value.close();
  if (!read.ok || read.value !== bytes.length) throw new Error(`${path}: short read`);
  return [...new BigUint64Array(bytes.buffer)];
}

/** One value of a file by frame for each page; 0 where there is none. Reads runs of frames at once. */
function ofFrames(machine: Machine, path: string, frames: readonly number[]): bigint[] {
  const values: bigint[] = [];
  for (let page = 0; page < frames.length; ) {
    let run = 1;
    while (page + run < frames.length && frames[page + run] === frames[page] + run) run++;
    if (frames[page] === 0) values.push(0n);
    else values.push(...wordsAt(machine, path, frames[page], run));
    page += frames[page] === 0 ? 1 : run;
  }
  return values;
}

/** Order of each page's folio by the heads and tails around its frame; `-` for a hole, `z` for the zero page. */
function ordersOf(machine: Machine, frames: readonly number[], flags: readonly bigint[]): string[] {
  const { pagesPerBlock } = machine.host.identity.geometry;
  const windows = new Map<number, bigint[]>();
  return frames.map((frame, page) => {
    if (frame === 0) return '-';
    if (flags[page] & ZERO_PAGE) return flags[page] & (HEAD | TAIL) ? 'Z' : 'z';
    if ((flags[page] & (HEAD | TAIL)) === 0n) return '0';
    const start = frame - (frame % pagesPerBlock);
    const window = windows.get(start) ?? wordsAt(machine, '/proc/kpageflags', start, pagesPerBlock);
    windows.set(start, window);
    let head = frame - start;
    while ((window[head] & HEAD) === 0n) head--;
    let end = head + 1;
    while (end < window.length && window[end] & TAIL) end++;
    return String(Math.log2(end - head));
  });
}

/** smaps of the mappings in the region and behind it, addresses counted from its first page. */
function mappings({ host, pid, firstPage, pages }: Machine): string[] {
  const text = host.files.readText(`/proc/${pid}/smaps`);
  if (!text.ok) throw new Error(`${text.error.call}: ${text.error.errno}`);
  const { pageBytes } = host.identity.geometry;
  const lines: string[] = [];
  let inside = false;
  for (const line of text.value.split('\n')) {
    const header = /^([0-9a-f]+)-([0-9a-f]+) (\S+) (.*)$/.exec(line);
    if (header !== null) {
      const [from, to] = [header[1], header[2]].map((at) => Number.parseInt(at, 16) / pageBytes - firstPage);
      // Room kept free around the region is no part of it.
      inside = to > 0 && from < 2 * pages && header[3] !== '---p';
      // The number of the inode of shared memory is each kernel's own.
      const backing = header[4].trim().replace(/^(\S+ \S+) \d+ */, '$1 ');
      if (inside) lines.push(`mapping ${from}-${to} ${header[3]} ${backing}`);
    } else if (inside && line !== '') lines.push(line);
  }
  return lines;
}

/** PAGEMAP_SCAN categories by page, of the region and the hole behind it. */
function categories(machine: Machine): string[] {
  const { firstPage: start, pages, host, pid } = machine;
  const report = Object.values(PAGE_IS).reduce((all, bit) => all | bit, 0) & ~PAGE_IS.ACCESSED;
  const range = { start, end: start + 2 * pages };
  const ask = (wanted: number) =>
    host.calls.scanPagemap(pid, { range, inverted: 0, mask: PAGE_IS.PRESENT, anyOf: 0, report: wanted });
  // Kernels before 6.16 do not know guard regions and refuse the question.
  const first = ask(report);
  const found = first.ok ? first : ask(report & ~PAGE_IS.GUARD);
  if (!found.ok) throw new Error(`${found.error.call}: ${found.error.errno}`);
  const { count, starts, ends, categories } = found.value;
  const names = Object.entries(PAGE_IS);
  const shown: string[] = [];
  for (let page = 0, i = 0; i < count; i++) {
    for (; page < starts[i] - start; page++) shown.push('');
    for (; page < ends[i] - start; page++)
      shown.push(names.flatMap(([name, bit]) => (categories[i] & bit ? [name] : [])).join(' '));
  }
  for (let page = shown.length; page < 2 * pages; page++) shown.push('');
  return shown;
}

/** `title from-to what` for each run of equal neighbours that says something. */
function runs(title: string, each: readonly string[]): string[] {
  const lines: string[] = [];
  for (let from = 0; from < each.length; ) {
    let to = from + 1;
    while (to < each.length && each[to] === each[from]) to++;
    if (each[from] !== '' && each[from] !== '-') lines.push(`${title} ${from}-${to} ${each[from]}`);
    from = to;
  }
  return lines;
}
