/** Which virtual page of a process a physical frame is mapped at: runs of pages whose frames follow each other. */
import { NO_PAGE } from '../vocabulary/sample.js';
import type { FrameNumber, PageNumber, Pages } from '../vocabulary/units.js';

const WIDTH = 3;

/** Runs of one window of a process, in the order in which they were read: frame, page, pages. */
export class RunList {
  #values = new Float64Array(64 * WIDTH);
  count = 0;

  /** Adds one page; it joins the last run when it continues it. */
  add(page: PageNumber, frame: FrameNumber): void {
    const last = (this.count - 1) * WIDTH;
    if (this.count > 0 && this.#continues(last, page, frame)) {
      this.#values[last + 2]++;
      return;
    }
    if (this.count * WIDTH === this.#values.length) this.#grow();
    this.#values.set([frame, page, 1], this.count * WIDTH);
    this.count++;
  }

  frame(run: number): FrameNumber {
    return this.#values[run * WIDTH];
  }
  page(run: number): PageNumber {
    return this.#values[run * WIDTH + 1];
  }
  pages(run: number): Pages {
    return this.#values[run * WIDTH + 2];
  }

  #continues(last: number, page: PageNumber, frame: FrameNumber): boolean {
    const length = this.#values[last + 2];
    return this.#values[last] + length === frame && this.#values[last + 1] + length === page;
  }

  #grow(): void {
    const larger = new Float64Array(this.#values.length * 2);
    larger.set(this.#values);
    this.#values = larger;
  }
}

/** All runs of a process, by frame. */
export class FrameIndex {
  /** Pages that a frame is mapped at beside the one that is answered (shared memory mapped twice). */
  aliases = 0;
  readonly runs: number;
  readonly #frames: Float64Array;
  readonly #pages: Float64Array;
  readonly #lengths: Float64Array;

  constructor(lists: Iterable<RunList>) {
    const all = gathered([...lists]);
    const order = byFrame(all.frames);
    const count = order.length;
    this.#frames = new Float64Array(count);
    this.#pages = new Float64Array(count);
    this.#lengths = new Float64Array(count);
    this.runs = this.#lay(all, order);
  }

  /** Virtual page of a frame, NO_PAGE when the process does not map it. */
  find(frame: FrameNumber): PageNumber {
    let low = 0;
    let high = this.runs;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#frames[middle] <= frame) low = middle + 1;
      else high = middle;
    }
    const run = low - 1;
    if (run < 0 || frame >= this.#frames[run] + this.#lengths[run]) return NO_PAGE;
    return this.#pages[run] + (frame - this.#frames[run]);
  }

  /** Keeps of each run what no earlier one covers; returns how many runs are left. */
  #lay(all: Columns, order: Uint32Array): number {
    let count = 0;
    let covered = Number.NEGATIVE_INFINITY;
    for (const run of order) {
      const frame = all.frames[run];
      const end = frame + all.lengths[run];
      const start = Math.max(frame, covered);
      this.aliases += Math.max(0, Math.min(end, start) - frame);
      if (start >= end) continue;
      this.#frames[count] = start;
      this.#pages[count] = all.pages[run] + (start - frame);
      this.#lengths[count++] = end - start;
      covered = end;
    }
    return count;
  }
}

interface Columns {
  readonly frames: Float64Array;
  readonly pages: Float64Array;
  readonly lengths: Float64Array;
}

function gathered(lists: readonly RunList[]): Columns {
  const count = lists.reduce((sum, list) => sum + list.count, 0);
  const all = {
    frames: new Float64Array(count),
    pages: new Float64Array(count),
    lengths: new Float64Array(count),
  };
  let at = 0;
  for (const list of lists) {
    for (let run = 0; run < list.count; run++, at++) {
      all.frames[at] = list.frame(run);
      all.pages[at] = list.page(run);
      all.lengths[at] = list.pages(run);
    }
  }
  return all;
}

const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;

/** Positions in ascending order of frame, equal ones as they came: radix sort by 16 bits, as frames have 40 at most. */
function byFrame(frames: Float64Array): Uint32Array {
  let order = Uint32Array.from(frames, (_, index) => index);
  let other = new Uint32Array(order.length);
  const largest = frames.reduce((most, frame) => Math.max(most, frame), 0);
  const starts = new Uint32Array(DIGITS + 1);
  for (let divisor = 1; divisor <= largest; divisor *= DIGITS) {
    starts.fill(0);
    for (const index of order) starts[(Math.floor(frames[index] / divisor) % DIGITS) + 1]++;
    for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1] += starts[digit];
    for (const index of order) other[starts[Math.floor(frames[index] / divisor) % DIGITS]++] = index;
    [order, other] = [other, order];
  }
  return order;
}
