/** What huge entries map, laid over a course of heat. Pure. */
import type { BlockNumber, Milliseconds, ProcessId } from '../../vocabulary/units.js';
import { type HeatCourse, rowOfPage } from './course.js';

/** When a block was mapped by a huge entry. */
export interface BlockHugeness {
  readonly pid: ProcessId;
  readonly block: BlockNumber;
  /** Whether a huge entry mapped it in the slice that begins then; undefined: not known. */
  isHuge(fromMs: Milliseconds | undefined): boolean | undefined;
}

/** The course with the share of each cell that is mapped by huge entries, as far as these blocks tell. */
export function withHuge(course: HeatCourse, blocks: Iterable<BlockHugeness>): HeatCourse {
  const { columns, rows, rowPages, geometry } = course;
  const { pagesPerBlock } = geometry;
  const cells = rows * columns.length;
  const [huge, known] = [new Float64Array(cells), new Float64Array(cells)];
  for (const { pid, block, isHuge } of blocks)
    for (let page = 0; page < pagesPerBlock; page += Math.min(rowPages, pagesPerBlock)) {
      const row = rowOfPage(course, pid, block * pagesPerBlock + page);
      if (row === undefined) continue;
      for (const [column, { fromMs }] of columns.entries()) {
        const is = isHuge(fromMs);
        if (is === undefined) continue;
        const at = row * columns.length + column;
        known[at]++;
        if (is) huge[at]++;
      }
    }
  return { ...course, huge: huge.map((count, at) => (known[at] > 0 ? count / known[at] : Number.NaN)) };
}
