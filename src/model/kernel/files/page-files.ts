import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { FrameNumber, PageNumber } from '../../../vocabulary/units.js';
import { FOLIO, PAGE } from '../state/folios.js';
import { FRAME } from '../state/frames.js';
import { type Kernel, ZERO_FRAME } from '../state/kernel.js';
import { type Mm, VM, type Vma } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import type { Viewer } from './viewer.js';

/** Two halves of a 64-bit value, as the files hold them. */
type Halves = [low: number, high: number];

const BIT = (bit: number) => 2 ** (bit - 32);
const PRESENT = BIT(63);
const SWAPPED = BIT(62);
const FILE = BIT(61);
const GUARD = BIT(58);
const UFFD_WP = BIT(57);
const EXCLUSIVE = BIT(56);
const SOFT_DIRTY = BIT(55);

/** Reads of files of u64 values: position and length in whole values, else EINVAL. */
function readValues(
  into: Uint8Array,
  position: number,
  end: number,
  valueAt: (index: number) => Halves,
): number | ErrnoName {
  if (position % 8 !== 0 || into.length % 8 !== 0) return 'EINVAL';
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
  const count = Math.max(0, Math.min(into.length, end - position)) / 8;
  for (let i = 0; i < count; i++) {
    const [low, high] = valueAt(position / 8 + i);
    view.setUint32(i * 8, low, true);
    view.setUint32(i * 8 + 4, high, true);
  }
  return count * 8;
}

/** /proc/PID/pagemap: one value for each page of the address space. */
export function readPagemap(
  kernel: Kernel,
  mm: Mm,
  viewer: Viewer,
  into: Uint8Array,
  position: number,
): number | ErrnoName {
  const pages = 2 ** (47 - kernel.geometry.pageShift);
  return readValues(into, position, pages * 8, (page) => pagemapEntry(kernel, mm, viewer, page));
}

function pagemapEntry(kernel: Kernel, mm: Mm, viewer: Viewer, page: PageNumber): Halves {
  const vma = mm.vmaOf(page);
  if (vma === undefined) return [0, 0];
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, Math.floor(page / geometry.pagesPerBlock));
  const within = page % geometry.pagesPerBlock;
  const bits = tables.pmdBits[pmd];
  if (bits & ENTRY.present)
    return presentEntry(kernel, vma, viewer, { frame: tables.pmdValue[pmd] + within, bits, huge: true });
  const entry = tables.pteOf(pmd, page);
  const pte = tables.pteBits[entry];
  if (pte & ENTRY.present)
    return presentEntry(kernel, vma, viewer, { frame: tables.pteValue[entry], bits: pte, huge: false });
  const soft = isSoftDirty(kernel, vma, pte) ? SOFT_DIRTY : 0;
  if (pte & ENTRY.guard) return [0, SWAPPED + GUARD + soft];
  if (pte & ENTRY.swap) return swapEntry(tables.pteValue[entry], viewer, soft);
  return [0, isSoftDirty(kernel, vma, 0) ? SOFT_DIRTY : 0];
}

function isSoftDirty(kernel: Kernel, vma: Vma, bits: number): boolean {
  return kernel.features.softDirty && (vma.flags & VM.softDirty || bits & ENTRY.softDirty) !== 0;
}

/** Swap type 0 in bits 0–4, the slot in bits 5–54. */
function swapEntry(slot: number, viewer: Viewer, soft: number): Halves {
  if (!viewer.seesFrames) return [0, SWAPPED + soft];
  const shifted = slot * 32;
  return [shifted % 4294967296, SWAPPED + soft + Math.floor(shifted / 4294967296)];
}

interface Present {
  readonly frame: FrameNumber;
  readonly bits: number;
  readonly huge: boolean;
}

function presentEntry(kernel: Kernel, vma: Vma, viewer: Viewer, { frame, bits, huge }: Present): Halves {
  const { folios } = kernel;
  let high = PRESENT;
  if (isSoftDirty(kernel, vma, bits)) high += SOFT_DIRTY;
  if (bits & ENTRY.uffdWp) high += UFFD_WP;
  // The huge zero page is no anonymous memory; the small one has no struct page here (vm_normal_page()).
  if (bits & ENTRY.zero) {
    if (huge) high += FILE;
  } else {
    if (!folios.has(folios.headOf(frame), FOLIO.anon)) high += FILE;
    if (folios.mapCount(frame) === 1) high += EXCLUSIVE;
  }
  const shown = bits & ENTRY.zero && !huge ? ZERO_FRAME : frame;
  return viewer.seesFrames ? [shown, high] : [0, high];
}

/** Bits of /proc/kpageflags (include/uapi/linux/kernel-page-flags.h); those from 32 on in the upper half. */
const KPF = {
  locked: 1,
  referenced: 1 << 2,
  uptodate: 1 << 3,
  dirty: 1 << 4,
  lru: 1 << 5,
  active: 1 << 6,
  writeback: 1 << 8,
  buddy: 1 << 10,
  mmap: 1 << 11,
  anon: 1 << 12,
  swapCache: 1 << 13,
  swapBacked: 1 << 14,
  head: 1 << 15,
  tail: 1 << 16,
  unevictable: 1 << 18,
  thp: 1 << 22,
  zero: 1 << 24,
  idle: 1 << 25,
  pageTable: 1 << 26,
} as const;
const HIGH_RESERVED = 1;
const HIGH_MLOCKED = 1 << 1;
/** PG_anon_exclusive shares its bit with PG_owner_2. */
const HIGH_OWNER_2 = 1 << 2;

/** /proc/kpageflags: one value for each frame. */
export function readKpageflags(kernel: Kernel, into: Uint8Array, position: number): number | ErrnoName {
  return readValues(into, position, kernel.frames.count * 8, (frame) => frameFlags(kernel, frame));
}

/** /proc/kpagecount. */
export function readKpagecount(kernel: Kernel, into: Uint8Array, position: number): number | ErrnoName {
  const { frames, folios } = kernel;
  return readValues(into, position, frames.count * 8, (frame) =>
    frames.isAllocated(frame) ? [folios.mapCount(frame), 0] : [0, 0],
  );
}

/** /proc/kpagecgroup: the inode of the cgroup that is charged. */
export function readKpagecgroup(kernel: Kernel, into: Uint8Array, position: number): number | ErrnoName {
  const { frames, folios } = kernel;
  return readValues(into, position, frames.count * 8, (frame) => {
    if (!frames.isAllocated(frame) || frames.state[frame] & FRAME.reserved) return [0, 0];
    return [kernel.memcgAt(folios.memcg[folios.headOf(frame)]).inode, 0];
  });
}

function frameFlags(kernel: Kernel, frame: number): Halves {
  const { frames, folios } = kernel;
  const state = frames.state[frame];
  if ((state & FRAME.allocated) === 0) return [KPF.buddy, 0];
  const head = folios.headOf(frame);
  const flags = folios.flags[head];
  if (flags & FOLIO.zero) return [zeroFlags(kernel, frame, head), state & FRAME.reserved ? HIGH_RESERVED : 0];
  if (frame === ZERO_FRAME) return [KPF.zero, HIGH_RESERVED];
  if (state & FRAME.reserved) return [0, HIGH_RESERVED];
  if (flags & FOLIO.pageTable) return [KPF.pageTable, 0];
  let low = fromFolio(kernel, flags);
  if (folios.totalMaps[head] > 0) low += KPF.mmap;
  if (folios.orderOf(head) > 0) low += KPF.thp + (frame === head ? KPF.head : KPF.tail);
  const owner = flags & FOLIO.anon && folios.page[frame] & PAGE.exclusive ? HIGH_OWNER_2 : 0;
  return [low, owner + (flags & FOLIO.mlocked ? HIGH_MLOCKED : 0)];
}

/** The huge zero page is a THP, too. */
function zeroFlags(kernel: Kernel, frame: number, head: number): number {
  if (kernel.folios.orderOf(head) === 0) return KPF.zero;
  return KPF.zero + KPF.thp + (frame === head ? KPF.head : KPF.tail);
}

function fromFolio(kernel: Kernel, flags: number): number {
  const pairs: [number, number][] = [
    [FOLIO.locked, KPF.locked],
    [FOLIO.referenced, KPF.referenced],
    [FOLIO.uptodate, KPF.uptodate],
    [FOLIO.dirty, KPF.dirty],
    [FOLIO.lru, KPF.lru],
    [FOLIO.writeback, KPF.writeback],
    [FOLIO.anon, KPF.anon],
    [FOLIO.swapCache, KPF.swapCache],
    [FOLIO.swapBacked, KPF.swapBacked],
    [FOLIO.unevictable, KPF.unevictable],
    [FOLIO.idle, KPF.idle],
    // Under the multi-generational LRU the generation stands in for PG_active.
    [kernel.features.lruGen ? 0 : FOLIO.active, KPF.active],
  ];
  let low = 0;
  for (const [flag, bit] of pairs) if (flags & flag) low += bit;
  return low;
}
