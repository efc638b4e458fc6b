import type { FrameNumber, Nanoseconds, PageNumber } from '../../../vocabulary/units.js';
import { releaseSlot } from '../memory/release-slot.js';
import { removeFromCache } from '../memory/shmem.js';
import { unmapAll } from '../reclaim/swap-out.js';
import { type Outcome, splitFolio, UNIFORM } from '../split/split.js';
import type { Kernel } from '../state/kernel.js';
import { type MappedInode, VM, type Vma } from '../state/mm.js';
import { zapRange } from '../translation/zap.js';

/**
 * MADV_REMOVE: pages of the range go from every shared mapping and from the cache of their inode (shmem_undo_range()).
 * A folio that reaches out of the range is split around the border, by halves where the kernel can, and only what
 * lies inside goes; one that cannot be split keeps its pages, zeroed.
 */
export function punchHole(kernel: Kernel, vma: Vma, start: PageNumber, end: PageNumber): Outcome {
  const { inode } = vma;
  if (inode === undefined || (vma.flags & VM.shared) === 0) return { error: 'EINVAL', cost: 0 };
  const hole: Hole = { inode, from: vma.offsetOf(start), to: vma.offsetOf(end) };
  let cost = unmapRange(kernel, hole);
  for (let offset = hole.from; offset < hole.to; ) {
    const step = removeAt(kernel, hole, offset);
    cost += step.cost;
    offset = step.next;
  }
  return { error: undefined, cost };
}

interface Hole {
  readonly inode: MappedInode;
  readonly from: PageNumber;
  readonly to: PageNumber;
}

/** unmap_mapping_range(): a huge mapping that is hit in part goes as a whole, as always with files. */
function unmapRange(kernel: Kernel, { inode, from, to }: Hole): Nanoseconds {
  let cost = 0;
  for (const { mm } of inode.mappers) {
    for (const vma of mm.vmas) {
      if (vma.inode !== inode || (vma.flags & VM.shared) === 0) continue;
      const start = Math.max(vma.start, vma.start + from - vma.offset);
      const end = Math.min(vma.end, vma.start + to - vma.offset);
      if (start < end) cost += zapRange(kernel, mm, start, end);
    }
  }
  return cost;
}

/** Removes what is at one offset. Returns where to go on. */
function removeAt(kernel: Kernel, hole: Hole, offset: PageNumber): { next: PageNumber; cost: Nanoseconds } {
  const { inode, from, to } = hole;
  const slot = inode.swapAt(offset);
  if (slot >= 0) {
    releaseSlot(kernel, slot);
    inode.clear(offset);
  }
  const frame = inode.frameAt(offset);
  if (frame < 0) return { next: offset + 1, cost: 0 };
  const { folios, costs } = kernel;
  const head = folios.headOf(frame);
  const first = folios.index[head];
  const last = first + folios.pagesOf(head);
  if (first >= from && last <= to) {
    unmapAll(kernel, head);
    removeFromCache(kernel, head);
    return { next: last, cost: costs.visitPte * (last - first) };
  }
  folios.content.fill(0, head + Math.max(from, first) - first, head + Math.min(to, last) - first);
  const split = splitAtPage(kernel, frame);
  if (split.error !== undefined) return { next: Math.min(to, last), cost: split.cost };
  // A piece behind the end of the file is gone already.
  const other = to < last && inode.frameAt(to) >= 0 ? splitAtPage(kernel, inode.frameAt(to)) : NOTHING;
  return { next: offset, cost: split.cost + other.cost };
}

const NOTHING: Outcome = { error: undefined, cost: 0 };

/** try_folio_split(): only the piece with that page becomes small, where the kernel knows how. */
function splitAtPage(kernel: Kernel, frame: FrameNumber): Outcome {
  const head = kernel.folios.headOf(frame);
  if (kernel.folios.orderOf(head) === 0) return NOTHING;
  return splitFolio(kernel, head, 0, kernel.features.splitAtOffset ? frame - head : UNIFORM);
}
