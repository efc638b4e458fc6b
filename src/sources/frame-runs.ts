/** Which virtual page of a process a physical frame is mapped at: runs of pages whose frames follow each other. */
import { NO_PAGE } from '../vocabulary/sample.js';
import type { FrameNumber, PageNumber, Pages } from '../vocabulary/units.js';

const WIDTH = 3;

/** Runs of one window of a process, in the order in which they were read: frame, page, pages. */
export class RunList {
  private values = new Float64Array(64 * WIDTH);
  count = 0;

  /** Adds one page; it joins the last run when it continues it. */
  add(page: PageNumber, frame: FrameNumber): void {
    const last = (this.count - 1) * WIDTH;
    if (this.count > 0 && this.continues(last, page, frame)) {
      this.values[last + 2]++;
      return;
    }
    if (this.count * WIDTH === this.values.length) this.grow();
    this.values.set([frame, page, 1], this.count * WIDTH);
    this.count++;
  }

  frame(run: number): FrameNumber {
    return this.values[run * WIDTH];
  }
  page(run: number): PageNumber {
    return this.values[run * WIDTH + 1];
  }
  pages(run: number): Pages {
    return this.values[run * WIDTH + 2];
  }

  private continues(last: number, page: PageNumber, frame: FrameNumber): boolean {
    const length = this.values[last + 2];
    return this.values[last] + length === frame && this.values[last + 1] + length === page;
  }

  private grow(): void {
    const larger = new Float64Array(this.values.length * 2);
    larger.set(this.values);
    this.values = larger;
  }
}

/** All runs of a process, by frame. */
export class FrameIndex {
  /** Pages that a frame is mapped at beside the one that is answered (shared memory mapped twice). */
  aliases = 0;
  readonly runs: number;
  private readonly frames: Float64Array;
  private readonly pages: Float64Array;
  private readonly lengths: Float64Array;

  constructor(lists: Iterable<RunList>) {
    const all = [...lists].flatMap((list) => Array.from({ length: list.count }, (_, run) => ({ list, run })));
    all.sort((a, b) => a.list.frame(a.run) - b.list.frame(b.run) || a.list.page(a.run) - b.list.page(b.run));
    this.frames = new Float64Array(all.length);
    this.pages = new Float64Array(all.length);
    this.lengths = new Float64Array(all.length);
    let count = 0;
    let covered = Number.NEGATIVE_INFINITY;
    for (const { list, run } of all) {
      const end = list.frame(run) + list.pages(run);
      const start = Math.max(list.frame(run), covered);
      this.aliases += Math.max(0, Math.min(end, start) - list.frame(run));
      if (start >= end) continue;
      this.frames[count] = start;
      this.pages[count] = list.page(run) + (start - list.frame(run));
      this.lengths[count++] = end - start;
      covered = end;
    }
    this.runs = count;
  }

  /** Virtual page of a frame, NO_PAGE when the process does not map it. */
  find(frame: FrameNumber): PageNumber {
    let low = 0;
    let high = this.runs;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.frames[middle] <= frame) low = middle + 1;
      else high = middle;
    }
    const run = low - 1;
    if (run < 0 || frame >= this.frames[run] + this.lengths[run]) return NO_PAGE;
    return this.pages[run] + (frame - this.frames[run]);
  }
}
