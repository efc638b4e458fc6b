/**
 * /proc/kpageflags (include/uapi/linux/kernel-page-flags.h): one u64 per frame. Folio orders follow from the
 * COMPOUND_HEAD and COMPOUND_TAIL bits; KPF_THP is set for every large folio, whatever its order.
 */
export const KPF = {
  LOCKED: 1,
  REFERENCED: 1 << 2,
  DIRTY: 1 << 4,
  LRU: 1 << 5,
  ACTIVE: 1 << 6,
  SLAB: 1 << 7,
  WRITEBACK: 1 << 8,
  BUDDY: 1 << 10,
  MMAP: 1 << 11,
  ANON: 1 << 12,
  SWAPCACHE: 1 << 13,
  SWAPBACKED: 1 << 14,
  COMPOUND_HEAD: 1 << 15,
  COMPOUND_TAIL: 1 << 16,
  HUGE: 1 << 17,
  UNEVICTABLE: 1 << 18,
  NOPAGE: 1 << 20,
  KSM: 1 << 21,
  THP: 1 << 22,
  ZERO_PAGE: 1 << 24,
} as const;

/** What a base page of its own has none of: nearly all frames of a process without large folios. */
const NOT_PLAIN = KPF.COMPOUND_HEAD | KPF.COMPOUND_TAIL | KPF.ZERO_PAGE;

/** Codes beside orders in a decoded window. */
export const FRAME_CODE = { zeroPage: 0xfd, unknown: 0xfe } as const;

/**
 * Folio order of each frame of an aligned window. Folios are naturally aligned, so one no larger than the window
 * lies wholly in it. `low` holds the low words of the entries; a tail without its head is `unknown`.
 */
export function decodeOrders(low: Uint32Array, frames: number, into: Uint8Array, at: number): void {
  for (let frame = 0; frame < frames; ) {
    const flags = low[frame * 2];
    if ((flags & NOT_PLAIN) === 0) into[at + frame++] = 0;
    else if (flags & KPF.COMPOUND_HEAD) frame = decodeCompound(low, frames, into, at, frame);
    else into[at + frame++] = flags & KPF.COMPOUND_TAIL ? FRAME_CODE.unknown : singleCode(flags);
  }
}

function decodeCompound(
  low: Uint32Array,
  frames: number,
  into: Uint8Array,
  at: number,
  head: number,
): number {
  let end = head + 1;
  while (end < frames && low[end * 2] & KPF.COMPOUND_TAIL) end++;
  const order = Math.log2(end - head);
  const code =
    low[head * 2] & KPF.ZERO_PAGE
      ? FRAME_CODE.zeroPage
      : Number.isInteger(order)
        ? order
        : FRAME_CODE.unknown;
  into.fill(code, at + head, at + end);
  return end;
}

function singleCode(flags: number): number {
  return flags & KPF.ZERO_PAGE ? FRAME_CODE.zeroPage : 0;
}
