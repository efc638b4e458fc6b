import type { AccessPattern } from './context.js';
import type { RegionList } from './region-list.js';

/** Whether a region of the given moving access count lies in the closed intervals of the pattern. */
export function matchesPattern(
  pattern: AccessPattern,
  list: RegionList,
  index: number,
  accesses: number,
): boolean {
  const size = list.size(index);
  const age = list.age[index];
  return (
    pattern.leastSize <= size &&
    size <= pattern.mostSize &&
    pattern.leastAccesses <= accesses &&
    accesses <= pattern.mostAccesses &&
    pattern.leastAge <= age &&
    age <= pattern.mostAge
  );
}
