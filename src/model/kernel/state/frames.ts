import type { FrameNumber, Order } from '../../../vocabulary/units.js';

/** Bits of `Frames.state`, one byte for each frame. */
export const FRAME = {
  /** Part of an allocation; the low bits are the order of its folio, on every frame of it. */
  allocated: 0x80,
  /** First frame of a block on a free list; the low bits are its order. Other frames of free blocks are 0. */
  freeHead: 0x40,
  /** Never given back: the kernel's image, and unmovable pages that fragment memory. */
  reserved: 0x20,
  orderMask: 0x1f,
} as const;

/** No frame. */
export const NO_FRAME = -1;

/**
 * Physical memory: the buddy lists and one byte of state for each frame. Columns are as long as memory but the
 * operating system backs them only where they were written, so untouched memory costs nothing. Frames above
 * `untouchedFrom` were never allocated and stand for free blocks of the largest order.
 */
export class Frames {
  readonly count: number;
  /** Largest order of the buddy lists (MAX_PAGE_ORDER: 10 on x86-64). */
  readonly maxOrder: Order;
  readonly hugeOrder: Order;
  readonly state: Uint8Array;
  /** Links of the free lists and, for allocated folios, of the LRU lists. Lists start at index count + n. */
  readonly next: Uint32Array;
  readonly previous: Uint32Array;
  /** Free blocks on the lists, by order; untouched memory is not counted here. */
  readonly freeBlocks: Float64Array;
  /** Allocated frames in each huge-order block: 0 means that the whole block is free. */
  readonly usedInBlock: Uint16Array;
  freeFrames: number;
  untouchedFrom: FrameNumber = 0;
  private readonly freeListBase: number;

  /** `extraLists` further list heads are reserved behind the free lists, for the LRU. */
  constructor(count: number, hugeOrder: Order, extraLists: number) {
    this.maxOrder = Math.max(10, hugeOrder);
    this.hugeOrder = hugeOrder;
    this.count = count;
    const heads = this.maxOrder + 1 + extraLists;
    this.state = new Uint8Array(count);
    this.next = new Uint32Array(count + heads);
    this.previous = new Uint32Array(count + heads);
    this.freeBlocks = new Float64Array(this.maxOrder + 1);
    this.usedInBlock = new Uint16Array(Math.ceil(count / 2 ** hugeOrder));
    this.freeFrames = count;
    this.freeListBase = count;
    for (let head = count; head < count + heads; head++) this.makeEmpty(head);
  }

  /** Index of the n-th list head reserved for the LRU. */
  listHead(n: number): number {
    return this.count + this.maxOrder + 1 + n;
  }

  /** Takes a block of 2^order frames, lowest addresses of the smallest fitting free block. NO_FRAME when none. */
  allocate(order: Order): FrameNumber {
    let from = order;
    while (from <= this.maxOrder && this.freeBlocks[from] === 0) from++;
    if (from > this.maxOrder) {
      if (!this.carve()) return NO_FRAME;
      from = this.maxOrder;
      while (this.freeBlocks[from] === 0) from--;
      if (from < order) return NO_FRAME;
    }
    const frame = this.next[this.freeListBase + from];
    this.takeFree(frame, from);
    this.giveBackUpperHalves(frame, from, order);
    this.markAllocated(frame, order);
    return frame;
  }

  /** Takes exactly this frame if it is free; used to lay out fragmentation. */
  allocateAt(frame: FrameNumber): boolean {
    while (frame >= this.untouchedFrom) if (!this.carve()) return false;
    for (let order = 0; order <= this.maxOrder; order++) {
      const head = frame - (frame % 2 ** order);
      if (this.state[head] !== (FRAME.freeHead | order)) continue;
      this.takeFree(head, order);
      this.isolate(head, order, frame);
      this.markAllocated(frame, 0);
      return true;
    }
    return false;
  }

  /** Gives 2^order frames back and joins them with their free buddies. */
  free(head: FrameNumber, order: Order): void {
    this.state.fill(0, head, head + 2 ** order);
    this.countUsed(head, order, -1);
    this.freeFrames += 2 ** order;
    let frame = head;
    let size = order;
    while (size < this.maxOrder) {
      const buddy = buddyOf(frame, size);
      if (buddy + 2 ** size > this.count || this.state[buddy] !== (FRAME.freeHead | size)) break;
      this.takeFree(buddy, size);
      frame = Math.min(frame, buddy);
      size++;
    }
    this.putFree(frame, size);
  }

  /** Rewrites the order of an allocation in place (folio split). Frames and counts stay. */
  setOrder(head: FrameNumber, pages: number, order: Order): void {
    this.state.fill(FRAME.allocated | order, head, head + pages);
  }

  orderOf(frame: FrameNumber): Order {
    return this.state[frame] & FRAME.orderMask;
  }

  /** First frame of the folio that `frame` belongs to: folios are naturally aligned. */
  headOf(frame: FrameNumber): FrameNumber {
    return frame - (frame % 2 ** (this.state[frame] & FRAME.orderMask));
  }

  isAllocated(frame: FrameNumber): boolean {
    return (this.state[frame] & FRAME.allocated) !== 0;
  }

  /** Free blocks of exactly this order, untouched memory included (as /proc/buddyinfo counts). */
  freeOfOrder(order: Order): number {
    const untouched = this.count - this.untouchedFrom;
    const whole = Math.floor(untouched / 2 ** this.maxOrder);
    if (order === this.maxOrder) return this.freeBlocks[order] + whole;
    return this.freeBlocks[order] + (Math.floor(untouched / 2 ** order) & 1 && order < this.maxOrder ? 1 : 0);
  }

  /** How many blocks of `order` could be allocated without moving anything. */
  available(order: Order): number {
    let blocks = Math.floor((this.count - this.untouchedFrom) / 2 ** order);
    for (let size = order; size <= this.maxOrder; size++)
      blocks += this.freeBlocks[size] * 2 ** (size - order);
    return blocks;
  }

  append(list: number, frame: FrameNumber): void {
    this.link(this.previous[list], frame, list);
  }

  prepend(list: number, frame: FrameNumber): void {
    this.link(list, frame, this.next[list]);
  }

  unlink(frame: FrameNumber): void {
    const before = this.previous[frame];
    const after = this.next[frame];
    this.next[before] = after;
    this.previous[after] = before;
  }

  private link(before: number, frame: FrameNumber, after: number): void {
    this.next[before] = frame;
    this.previous[frame] = before;
    this.next[frame] = after;
    this.previous[after] = frame;
  }

  private makeEmpty(list: number): void {
    this.next[list] = list;
    this.previous[list] = list;
  }

  /** Moves the next untouched block (or the odd rest of memory, in falling powers of two) onto the lists. */
  private carve(): boolean {
    const left = this.count - this.untouchedFrom;
    if (left === 0) return false;
    const order = Math.min(this.maxOrder, Math.floor(Math.log2(left)));
    const frame = this.untouchedFrom;
    this.untouchedFrom += 2 ** order;
    this.putFree(frame, order);
    return true;
  }

  private takeFree(frame: FrameNumber, order: Order): void {
    this.unlink(frame);
    this.state[frame] = 0;
    this.freeBlocks[order]--;
  }

  private putFree(frame: FrameNumber, order: Order): void {
    this.state[frame] = FRAME.freeHead | order;
    this.prepend(this.freeListBase + order, frame);
    this.freeBlocks[order]++;
  }

  private giveBackUpperHalves(frame: FrameNumber, from: Order, to: Order): void {
    for (let order = from - 1; order >= to; order--) this.putFree(frame + 2 ** order, order);
  }

  /** Splits the free block down to `target` and gives back everything else of it. */
  private isolate(head: FrameNumber, from: Order, target: FrameNumber): void {
    let base = head;
    for (let order = from - 1; order >= 0; order--) {
      const upper = base + 2 ** order;
      if (target >= upper) {
        this.putFree(base, order);
        base = upper;
      } else this.putFree(upper, order);
    }
  }

  private markAllocated(head: FrameNumber, order: Order): void {
    this.state.fill(FRAME.allocated | order, head, head + 2 ** order);
    this.countUsed(head, order, 1);
    this.freeFrames -= 2 ** order;
  }

  private countUsed(head: FrameNumber, order: Order, sign: number): void {
    const huge = this.hugeOrder;
    const first = head >>> huge;
    if (order <= huge) this.usedInBlock[first] += sign * 2 ** order;
    else for (let i = 0; i < 2 ** (order - huge); i++) this.usedInBlock[first + i] += sign * 2 ** huge;
  }
}

/** The block that pairs with this one in a block of the next order. Frame numbers stay below 2^31. */
function buddyOf(frame: FrameNumber, order: Order): FrameNumber {
  return (frame ^ (1 << order)) >>> 0;
}
