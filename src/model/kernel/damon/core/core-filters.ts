/** Filters that the core handles itself: addr and target (mm/damon/core.c damos_core_filter_out()). */
import type { Context, Filter, Scheme, Target } from './context.js';
import { alignDown } from './region-dynamics.js';

/** Whether the core judges by this filter itself, before the operations do. */
export const isCoreFilter = (filter: Pick<Filter, 'type'>): boolean =>
  filter.type === 'addr' || filter.type === 'target';

/**
 * Sets what unmatched memory meets: the opposite of what the last filter says. Any ops filter switches the core
 * default to passing, because the ops layer decides then.
 */
export function setDefaults(scheme: Scheme): void {
  const { coreFilters, opsFilters } = scheme.parameters;
  scheme.coreRejectsByDefault = opsFilters.length === 0 && coreFilters.at(-1)?.allow === true;
  scheme.opsRejectsByDefault = opsFilters.at(-1)?.allow === true;
}

/** Whether the first matching core filter, or the default, rejects the region. May cut the region at a range's end. */
export function isFilteredOut(context: Context, target: Target, index: number, scheme: Scheme): boolean {
  scheme.coreAllowed = false;
  for (const filter of scheme.parameters.coreFilters) {
    const has = hasProperty(context, target, index, filter);
    if (has === undefined) return true;
    if (has !== filter.matching) continue;
    scheme.coreAllowed = filter.allow;
    return !filter.allow;
  }
  return scheme.coreRejectsByDefault;
}

function hasProperty(context: Context, target: Target, index: number, filter: Filter): boolean | undefined {
  if (filter.type === 'target') return context.targets.indexOf(target) === filter.target;
  return isInside(context, target, index, filter);
}

/**
 * Whether the region lies in the range, whose ends are rounded down to minimum regions. A region across an end is
 * cut there; the left piece stays the region at hand and the right piece follows it. Undefined when the cut
 * failed.
 */
function isInside(context: Context, target: Target, index: number, filter: Filter): boolean | undefined {
  const { regions } = target;
  const start = alignDown(filter.least, context.leastRegion);
  const end = alignDown(filter.most, context.leastRegion);
  if (start <= regions.start[index] && regions.end[index] <= end) return true;
  if (regions.end[index] <= start || end <= regions.start[index]) return false;
  if (regions.start[index] < start) {
    return regions.splitAt(index, start - regions.start[index]) ? false : undefined;
  }
  return regions.splitAt(index, end - regions.start[index]) ? true : undefined;
}
