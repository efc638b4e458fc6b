/** Carrying results of a running context back into the sysfs tree (mm/damon/sysfs-schemes.c). */
import { leftWindowBp, movingSum } from '../core/attributes.js';
import type { Context, Scheme } from '../core/context.js';
import type { TriedRegion } from '../core/kdamond-calls.js';
import { MOST_PROBES, type RegionList } from '../core/region-list.js';
import type { SysfsDirectory } from './sysfs-tree.js';
import { PROBE_HITS, TRIED_REGION } from './tree-table.js';

/** Runs over schemes that still have a directory: users may have removed some. */
function* withDirectories(
  schemes: SysfsDirectory,
  context: Context,
): Generator<readonly [Scheme, SysfsDirectory]> {
  const count = Math.min(schemes.count, context.schemes.length);
  for (let index = 0; index < count; index++) yield [context.schemes[index], schemes.child(index)];
}

/** Writes the counters of every scheme into its `stats`. */
export function storeStatistics(schemes: SysfsDirectory, context: Context): void {
  for (const [{ statistics }, directory] of withDirectories(schemes, context)) {
    const stats = directory.directory('stats');
    stats.setNumber('nr_tried', statistics.tried);
    stats.setNumber('sz_tried', statistics.triedBytes);
    stats.setNumber('nr_applied', statistics.applied);
    stats.setNumber('sz_applied', statistics.appliedBytes);
    stats.setNumber('sz_ops_filter_passed', statistics.passedBytes);
    stats.setNumber('qt_exceeds', statistics.quotaExceeds);
    stats.setNumber('nr_snapshots', statistics.snapshots);
  }
}

/** Writes the quota in effect of every scheme. */
export function storeEffectiveQuotas(schemes: SysfsDirectory, context: Context): void {
  for (const [scheme, directory] of withDirectories(schemes, context)) {
    directory.directory('quotas').setNumber('effective_bytes', scheme.quota.effective);
  }
}

/** Writes the intervals in effect, which tuning may have changed. */
export function storeIntervals(directory: SysfsDirectory, context: Context): void {
  const intervals = directory.directory('monitoring_attrs').directory('intervals');
  intervals.setNumber('sample_us', context.attributes.sampleUs);
  intervals.setNumber('aggr_us', context.attributes.aggregationUs);
}

/** Removes the regions of every scheme. */
export function clearTriedRegions(schemes: SysfsDirectory): void {
  for (const scheme of schemes.children()) {
    const tried = scheme.directory('tried_regions');
    tried.removeNumbered();
    tried.set('total_bytes', 0n);
  }
}

/** One tried region: adds to total_bytes and, unless only those are wanted, a directory. */
export function storeTriedRegion(
  schemes: SysfsDirectory,
  context: Context,
  scheme: Scheme,
  { regions, index, accesses, passed }: TriedRegion,
  bytesOnly: boolean,
): void {
  const place = context.schemes.indexOf(scheme);
  if (place >= schemes.count) return;
  const tried = schemes.child(place).directory('tried_regions');
  tried.setNumber('total_bytes', tried.number('total_bytes') + regions.size(index));
  if (bytesOnly) return;
  const directory = tried.append(TRIED_REGION);
  if (directory === undefined) return;
  directory.setNumber('start', regions.start[index]);
  directory.setNumber('end', regions.end[index]);
  directory.setNumber('nr_accesses', accesses);
  directory.setNumber('age', regions.age[index]);
  directory.setNumber('sz_filter_passed', passed);
  if (directory.hasDirectory('probes')) storeHits(directory.directory('probes'), context, regions, index);
}

function storeHits(probes: SysfsDirectory, context: Context, regions: RegionList, index: number): void {
  const left = leftWindowBp(context);
  for (let probe = 0; probe < context.probes.length; probe++) {
    const at = index * MOST_PROBES + probe;
    const hits = movingSum(regions.hits[at], regions.lastHits[at], left);
    probes.append(PROBE_HITS)?.setNumber('hits', hits & 0xff);
  }
}
