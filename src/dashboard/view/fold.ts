/**
 * Addresses on one line: the segments of the map, one behind the other, without what lies between them. A place on the line
 * counts base pages and is a number with a fraction. Pure.
 */
import type { PageNumber, Pages, ProcessId } from '../../vocabulary/units.js';
import type { SegmentView } from '../wire/map.js';

/** A segment with its place on the line. */
export interface FoldedSegment extends SegmentView {
  /** Where it begins on the line. */
  readonly at: number;
}

/** A page of a segment. */
export interface PagePlace {
  readonly segment: FoldedSegment;
  /** From the segment's first page. */
  readonly page: Pages;
}

/** The line of addresses. */
export class Fold {
  readonly segments: readonly FoldedSegment[];
  /** Length of the line. */
  readonly pages: Pages;

  constructor(segments: readonly SegmentView[]) {
    let at = 0;
    this.segments = segments.map((segment) => {
      const folded = { ...segment, at };
      at += segment.pages;
      return folded;
    });
    this.pages = at;
  }

  /** The page at a place of the line; undefined beyond its ends. */
  placeOf(at: number): PagePlace | undefined {
    if (!(at >= 0 && at < this.pages)) return undefined;
    let [low, high] = [0, this.segments.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.segments[middle].at <= at) low = middle;
      else high = middle - 1;
    }
    const segment = this.segments[low];
    return { segment, page: Math.floor(at - segment.at) };
  }

  /** Where a page of a segment lies on the line; undefined where there is no such segment or page. */
  lineOf(id: number, page: Pages): number | undefined {
    const segment = this.segments.find((one) => one.id === id);
    return segment !== undefined && page >= 0 && page < segment.pages ? segment.at + page : undefined;
  }

  /** Where a page of a process lies on the line; undefined where no segment has it. */
  lineOfPage(pid: ProcessId, page: PageNumber): number | undefined {
    const segment = this.segments.find(
      (one) => one.pid === pid && page >= one.firstPage && page < one.firstPage + one.pages,
    );
    return segment && segment.at + (page - segment.firstPage);
  }

  /** Segments that some of [from, to) is of. */
  within(from: number, to: number): readonly FoldedSegment[] {
    return this.segments.filter(({ at, pages }) => at < to && at + pages > from);
  }
}
