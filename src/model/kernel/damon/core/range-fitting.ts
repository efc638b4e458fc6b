/** Fitting a target's regions to address ranges (mm/damon/core.c damon_set_regions(), damon_fill_regions_holes()). */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { alignDown, alignUp } from './region-dynamics.js';
import type { RegionList } from './region-list.js';

/** [start, end) in core units. */
export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Checks that the aligned ranges are non-empty, ascending and disjoint (touching is allowed). `raw`: as earlier
 * kernels did, who looked before aligning and took empty ranges.
 */
export function checkRanges(
  ranges: readonly AddressRange[],
  granule: number,
  raw = false,
): Result<void, ErrnoName> {
  if (raw) return checkRaw(ranges, granule);
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const range of ranges) {
    const start = alignDown(range.start, granule);
    const end = alignUp(range.end, granule);
    if (start >= end || end >= ADDRESS_SPACE || lastEnd > start) return failure('EINVAL');
    lastEnd = end;
  }
  return success(undefined);
}

function checkRaw(ranges: readonly AddressRange[], granule: number): Result<void, ErrnoName> {
  let lastEnd = Number.NEGATIVE_INFINITY;
  for (const { start, end } of ranges) {
    if (start > end || alignUp(end, granule) >= ADDRESS_SPACE || lastEnd > start) return failure('EINVAL');
    lastEnd = end;
  }
  return success(undefined);
}

/** An end in the last page of the 64-bit space wraps to 0 when it is aligned up. */
const ADDRESS_SPACE = 2 ** 64;

/**
 * Drops regions outside all ranges, stretches the first and last region of each range to its bounds, and fills
 * holes with fresh regions. Regions inside a range keep their history.
 */
export function fitRegions(
  list: RegionList,
  ranges: readonly AddressRange[],
  granule: number,
  raw = false,
): Result<void, ErrnoName> {
  const checked = checkRanges(ranges, granule, raw);
  if (!checked.ok) return checked;
  dropOutside(list, ranges);
  let from = 0;
  for (const range of ranges) from = fitRange(list, range, granule, from);
  return checked;
}

function dropOutside(list: RegionList, ranges: readonly AddressRange[]): void {
  for (let index = list.count - 1; index >= 0; index--) {
    if (!ranges.some((range) => intersects(list, index, range))) list.remove(index);
  }
}

/** Returns the index at which the search of the next range starts. */
function fitRange(list: RegionList, range: AddressRange, granule: number, from: number): number {
  const start = alignDown(range.start, granule);
  const end = alignUp(range.end, granule);
  let first = -1;
  let last = -1;
  let index = from;
  for (; index < list.count && list.start[index] < range.end; index++) {
    if (!intersects(list, index, range)) continue;
    if (first < 0) first = index;
    last = index;
  }
  if (first < 0) {
    list.insert(index, start, end);
    return index + 1;
  }
  list.start[first] = start;
  list.end[last] = end;
  return index + fillHoles(list, first, last);
}

/** Fresh regions between neighbours that do not touch. Returns how many. */
function fillHoles(list: RegionList, first: number, last: number): number {
  let filled = 0;
  for (let index = first; index < last + filled; index++) {
    if (list.end[index] === list.start[index + 1]) continue;
    list.insert(index + 1, list.end[index], list.start[index + 1]);
    filled++;
    index++;
  }
  return filled;
}

function intersects(list: RegionList, index: number, range: AddressRange): boolean {
  return !(list.end[index] <= range.start || range.end <= list.start[index]);
}
