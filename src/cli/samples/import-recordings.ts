/** Reads recordings into one tally and, when wanted, hot maps. */
import type { RegionRecord } from '../../formats/damo-record/region.js';
import { PerfFileSource } from '../../sources/perf-file.js';
import { PerfScriptSource } from '../../sources/perf-script.js';
import { regionsWithin } from '../../sources/sample-filter.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { RecordedSpan } from '../../vocabulary/recording.js';
import type { SampleWish } from '../../vocabulary/sample-wish.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { Bytes } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import type { Imported } from './imported.js';
import { Importing, type ImportOptions } from './importing.js';
import { openRecording } from './open-recording.js';

/**
 * Reads recordings one after the other. Throws an OctavoError for a file that cannot be read; damage within
 * one is counted.
 */
export async function importRecordings(
  context: OctavoContext,
  paths: readonly string[],
  options: ImportOptions,
): Promise<Imported> {
  const importing = new Importing(options);
  for (const path of paths) {
    const { stream, whole, text } = await openRecording(context, path, options.textBytes);
    const name = path === '-' ? 'standard input' : path;
    if (text !== undefined) {
      await importing.addText(new PerfScriptSource({ ...options, path: name, stream: text }), context.signal);
      continue;
    }
    const regions = whole === undefined ? undefined : await damoRegions(name, whole, options.textBytes);
    if (regions !== undefined && whole !== undefined) {
      importing.addRegions(
        regionsWished(name, regions, options.wish),
        name,
        whole.length,
        spanOf(context, path),
      );
      continue;
    }
    const source = new PerfFileSource({
      path: name,
      geometry: options.geometry,
      ...(options.pids === undefined ? {} : { pids: options.pids }),
      ...(options.event === undefined ? {} : { event: options.event }),
      ...(options.wish === undefined ? {} : { wish: options.wish }),
      ...(options.touch === undefined ? {} : { instructions: true }),
      ...(stream === undefined ? {} : { stream }),
    });
    for await (const batch of source.batches(working(context, path))) {
      importing.add(batch, source, source.session.state.namesGuests);
      const turn = context.turn();
      if (turn !== undefined) await turn;
    }
    throwIfStopped(context.signal);
    importing.account(source);
    importing.addRecording(source.facts());
  }
  return importing.finish();
}

/** Regions of the time asked for. They say nothing of threads and CPUs: asking for those is an error. */
function regionsWished(
  path: string,
  regions: readonly RegionRecord[],
  wish: SampleWish | undefined,
): readonly RegionRecord[] {
  if (wish === undefined) return regions;
  const { time, ...others } = wish;
  if (Object.keys(others).length > 0) throw new OctavoError('FILTER_BLIND', { path });
  return time === undefined ? regions : regionsWithin(regions, time);
}

/** When a file was last written: its record ended then or earlier. */
function spanOf(context: OctavoContext, path: string): RecordedSpan | undefined {
  const status = context.host.files.status(path);
  if (!status.ok || status.value.kind !== 'file') return undefined;
  return { fromMs: undefined, toMs: status.value.modifiedMs, isExact: false };
}

async function damoRegions(
  name: string,
  whole: Uint8Array,
  longest: Bytes | undefined,
): Promise<readonly RegionRecord[] | undefined> {
  const { readDamoRecord } = await import('../../sources/damo-file.js');
  return readDamoRecord(name, whole, longest);
}

/** Returns what a source needs of a command: host, stop signal, and progress under the name of the path. */
export function working(context: OctavoContext, path: string) {
  return {
    host: context.host,
    signal: context.signal,
    progress: (done: number, total: number, unit: string) => context.progress.show(path, done, total, unit),
  };
}
