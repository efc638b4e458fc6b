/** The use of memory that a file tells: regions of a DAMON record, or sampled pages of a heat file. */
import type { RegionRecord } from '../../formats/damo-record/region.js';
import { type MemoryUse, SampledUse, useOfRegions, useOfSizes } from '../../sources/distributions.js';
import { HeatFileSource, isHeatFile } from '../../sources/heat-file.js';
import { PerfFileSource } from '../../sources/perf-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { OctavoContext } from '../context.js';
import { working } from './import-recordings.js';
import { openRecording } from './open-recording.js';

/** The use of memory that was read, and what limits it. */
export interface ToldUse {
  readonly use: MemoryUse;
  readonly notes: readonly string[];
}

/** FILE_MALFORMED when it is neither a heat file nor a record of DAMON. */
export async function memoryUse(
  context: OctavoContext,
  path: string,
  pids: ReadonlySet<number> | undefined,
  leastAccesses: number,
  wanted: 'accesses' | 'sizes' = 'accesses',
): Promise<ToldUse> {
  if (wanted === 'sizes') return sizesUse(context, path, pids);
  if (isHeatFile(context.host.files, path))
    return heatUse(context, HeatFileSource.open(context.host.files, path), pids);
  const regions = await regionsOf(context, path);
  if (regions.length > 0) {
    const use = useOfRegions(regions, leastAccesses);
    const isOld = use.idle.length === 0;
    return {
      use,
      notes: isOld
        ? ['Recency is not known: that takes the age of regions (Linux 5.16) and at least two snapshots.']
        : [],
    };
  }
  const problem = 'holds no regions of DAMON: make a heat file of samples with `octavo import --out`';
  throw new OctavoError('FILE_MALFORMED', { path, problem, place: 'its records' });
}

/** Longest text of sizes that is read: some million of them. */
const LONGEST_SIZES = 256 * 1024 * 1024;

/** RSS and VSZ, which only damo's footprint files have. */
async function sizesUse(
  context: OctavoContext,
  path: string,
  pids: ReadonlySet<number> | undefined,
): Promise<ToldUse> {
  const { files, identity } = { files: context.host.files, identity: context.host.identity };
  const status = files.status(path);
  if (!status.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: status.error.errno });
  const isRead =
    status.value.kind === 'file' &&
    status.value.bytes <= LONGEST_SIZES &&
    !isHeatFile(context.host.files, path);
  const text = isRead ? files.readText(path) : undefined;
  if (text?.ok === false) throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
  const { isDamoSizes, parseDamoSizes } = await import('../../formats/damo-record/sizes.js');
  const found =
    text !== undefined && isDamoSizes(text.value)
      ? parseDamoSizes(text.value)
      : 'holds no sizes of processes (damo record --footprint keeps them in PATH.mem_footprint)';
  if (typeof found === 'string')
    throw new OctavoError('FILE_MALFORMED', { path, problem: found, place: 'its records' });
  const { pageBytes } = identity.geometry;
  return {
    use: useOfSizes(found, pageBytes, pids),
    notes: [`Recorded in pages, taken to be of ${pageBytes / 1024} KiB as on this machine.`],
  };
}

async function regionsOf(context: OctavoContext, path: string): Promise<readonly RegionRecord[]> {
  const { stream, whole } = await openRecording(context, path);
  if (whole !== undefined) {
    const { readDamoRecord } = await import('../../sources/damo-file.js');
    return readDamoRecord(path, whole) ?? [];
  }
  const { geometry } = context.host.identity;
  const source = new PerfFileSource({ path, geometry, ...(stream === undefined ? {} : { stream }) });
  for await (const _ of source.batches(working(context, path))) throwIfStopped(context.signal);
  throwIfStopped(context.signal);
  return source.session.samples.regions;
}

/** Of the processes of a heat file. What was not sampled may have been accessed all the same. */
async function heatUse(
  context: OctavoContext,
  source: HeatFileSource,
  pids: ReadonlySet<number> | undefined,
): Promise<ToldUse> {
  const { geometry } = source;
  const processes = new Map<number, SampledUse>();
  let [first, last] = [Number.POSITIVE_INFINITY, 0];
  for await (const group of source.groups()) {
    throwIfStopped(context.signal);
    for (let row = 0; row < group.count; row++) {
      const pid = group.pid[row];
      if (pids !== undefined && !pids.has(pid)) continue;
      const known = processes.get(pid);
      const use = known ?? new SampledUse(`${pid} ${group.command[row]}`.trim(), bytesOf(source));
      if (known === undefined) processes.set(pid, use);
      const timeMs = group.timeMs[row];
      use.add(Number(group.address[row] / BigInt(geometry.pageBytes)), timeMs);
      if (timeMs < 0) continue;
      first = Math.min(first, timeMs);
      last = Math.max(last, timeMs);
    }
  }
  const all = [...processes.values()].map((use) => use.finish(first, last));
  const use = { moments: all.flatMap(({ moments }) => moments), idle: all.flatMap(({ idle }) => idle) };
  return { use, notes: heatNotes(source, use) };
}

/** What a row stands for: a page, or the whole block where the source sees no pages. */
function bytesOf({ geometry, origin }: HeatFileSource): number {
  return Math.min(origin.granularity.pages, geometry.pagesPerBlock) * geometry.pageBytes;
}

function heatNotes({ facts }: HeatFileSource, { idle }: MemoryUse): string[] {
  const notes = ['Of sampled pages: a lower bound, since memory may be accessed without being sampled.'];
  if (facts.thinned_to > 1)
    notes.push(`1 of ${facts.thinned_to} blocks is in the file: all sizes are of these.`);
  if (idle.length > 0) {
    const { widthMs } = facts.slices;
    notes.push(`Moments are slices of ${widthMs} ms; recency counts from the last one.`);
  } else {
    notes.push(
      'The file has no times: all of it is one moment, and recency is not known. Import its recording again.',
    );
  }
  return notes;
}
