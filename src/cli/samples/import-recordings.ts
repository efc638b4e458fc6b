/** Reads recordings into one tally and, when wanted, hot maps. */

import { DEFAULT_HEAT_BYTES } from '../../cycle/plan-turn.js';
import type { RegionRecord } from '../../formats/damo-record/region.js';
import { type HeatFacts, NO_TIME } from '../../formats/heat-file/schema.js';
import type { MappedName, TimedMaps } from '../../formats/heat-file/write.js';
import type { AccessColumns } from '../../formats/perf-data/access-columns.js';
import { DamageLog } from '../../formats/perf-data/damage.js';
import type { RecordedMapping } from '../../formats/perf-data/mappings.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import { Tally } from '../../formats/perf-data/tally.js';
import { HeatSlices, type SliceOptions } from '../../hotness/heat-slices.js';
import type { HotMaps } from '../../hotness/hot-maps.js';
import { AccessViews } from '../../sources/access-views.js';
import { DamoRecordSource } from '../../sources/damo-record.js';
import { damagedBytes, lostOf } from '../../sources/perf-account.js';
import { PerfFileSource } from '../../sources/perf-file.js';
import { PerfScriptSource } from '../../sources/perf-script.js';
import { BatchResolver, type ResolvedFacts } from '../../sources/resolved.js';
import type { Resolver } from '../../sources/resolver.js';
import { regionsWithin } from '../../sources/sample-filter.js';
import type { ViewRow } from '../../sources/view-values.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { repetitionOf, shareInWords } from '../../vocabulary/independence.js';
import type { SampleNature } from '../../vocabulary/nature.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { RecordedSpan, RecordingFacts } from '../../vocabulary/recording.js';
import type { SampleBatch, SampleOrigin } from '../../vocabulary/sample.js';
import type { SampleWish } from '../../vocabulary/sample-wish.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { Bytes, PageGeometry, PageNumber, ProcessId } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { withExcess } from './heat-merge.js';
import { openRecording } from './open-recording.js';
import { SliceClocks } from './slice-clocks.js';
import { joinedRows } from './view.js';

export interface ImportOptions {
  readonly geometry: PageGeometry;
  readonly pids?: ReadonlySet<number>;
  /** Whether hot maps are built: not needed for a tally alone. */
  readonly maps: boolean;
  /** DAMON records are of physical memory. */
  readonly physical?: boolean;
  /** Looks up where samples with a physical address only are mapped. */
  readonly resolver?: Resolver;
  /** Only samples of the event of this name. */
  readonly event?: string;
  /** Only samples of these moments, threads, commands, CPUs and cgroups. */
  readonly wish?: SampleWish;
  /** Bytes that the counters of heat may take. */
  readonly heatBytes?: Bytes;
  /** Slices of time that heat is counted in. */
  readonly slices?: SliceOptions;
  /** Longest text record that is read. */
  readonly textBytes?: Bytes;
}

/** What was read from all recordings together. */
export interface Imported {
  readonly tally: Tally;
  readonly damage: DamageLog;
  damagedBytes: number;
  bytesRead: number;
  lost: number;
  /** Regions of DAMON records, and the rows of whole blocks that they make. */
  regions: number;
  regionRows: number;
  readonly losses: Record<string, number>;
  readonly notes: string[];
  /** Events of the recordings, with what their samples are samples of and why. */
  readonly events: { readonly name: string; readonly nature: SampleNature; readonly why: string }[];
  /** What all rows of the maps are samples of; undefined without any. */
  nature: SampleNature | undefined;
  readonly recordings: RecordingFacts[];
  /** 1 of so many blocks was kept, to bound memory. */
  thinnedTo: number;
  readonly dataSources: Record<string, number>;
  readonly origins: SampleOrigin[];
  /** What the samples of the maps' nature say beside their place; of all samples where no maps were built. */
  views: readonly ViewRow[];
  maps: readonly HotMap[];
  /** The same samples by time. */
  timed: readonly TimedMaps[];
  slices: HeatFacts['slices'];
  unplaced: Readonly<Record<string, number>>;
  /** What became of physical addresses, when they were resolved. */
  resolved?: ResolvedFacts;
  /** Recorded mappings of a process, ascending. */
  mappingsOf(pid: ProcessId): readonly RecordedMapping[];
  /** The mapping of a page; without a name when not recorded. */
  nameMapping(pid: ProcessId, page: PageNumber): MappedName;
}

/** A second to begin with; eight slices show a course, and a page takes at most eight rows. */
export const DEFAULT_SLICES: SliceOptions = { widthMs: 1000, most: 8 };

type Recorded = Pick<PerfFileSource, 'sorter' | 'session'>;

export async function importRecordings(
  context: OctavoContext,
  paths: readonly string[],
  options: ImportOptions,
): Promise<Imported> {
  const importing = new Importing(options);
  for (const path of paths) {
    const { stream, whole, text } = await openRecording(context, path);
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
      ...(stream === undefined ? {} : { stream }),
    });
    for await (const batch of source.batches(working(context, path))) {
      importing.add(batch, source, source.session.state.namesGuests);
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

/** Gathers batches of one or more recordings. */
export class Importing {
  readonly imported: Imported;
  private readonly hot: HeatSlices | undefined;
  private readonly clocks = new SliceClocks();
  /** Names of processes from texts. */
  private readonly commands = new Map<ProcessId, string>();
  private readonly sessions: PerfSession[] = [];
  private readonly views = new Map<PerfSession, AccessViews>();
  private readonly viewed: ((nature: SampleNature | undefined) => ViewRow[])[] = [];

  private readonly options: ImportOptions;
  private readonly resolving: BatchResolver | undefined;

  constructor(options: ImportOptions) {
    this.options = options;
    const { geometry, heatBytes = DEFAULT_HEAT_BYTES } = options;
    const { slices = DEFAULT_SLICES } = options;
    this.hot = options.maps ? new HeatSlices({ geometry, mostBytes: heatBytes }, slices) : undefined;
    this.imported = nothingYet(this.sessions, geometry);
    if (options.resolver !== undefined)
      this.resolving = new BatchResolver(options.resolver, options.geometry.hugeOrder);
  }

  /** `guestsAreNamed` as Tally.add() takes it. */
  add(batch: AccessColumns, { sorter, session }: Recorded, guestsAreNamed = false): void {
    this.imported.tally.add(batch, guestsAreNamed);
    this.resolving?.resolve(batch);
    this.viewsOf(session).add(batch);
    const offsetNs = this.clocks.offsetOf(session);
    for (const sorted of sorter.sort(batch)) this.hot?.addSamples(sorted.batch, sorted.nature, offsetNs);
  }

  private viewsOf(session: PerfSession): AccessViews {
    const known = this.views.get(session);
    if (known !== undefined) return known;
    const fresh = new AccessViews(session, this.options.geometry.pageBytes);
    this.views.set(session, fresh);
    return fresh;
  }

  /** Takes over what a recording that has been read says beside its samples. */
  account(source: PerfFileSource): void {
    this.sessions.push(source.session);
    const renamed = source.settled();
    if (renamed !== undefined) this.hot?.relabel(renamed.from, renamed.to);
    account(this.imported, source);
    const natureOf = (event: number) => source.sorter.natureOf(event);
    this.viewed.push((nature) =>
      this.viewsOf(source.session).rows((event) => nature === undefined || natureOf(event) === nature),
    );
    const { regions } = source.session.samples;
    if (regions.length > 0) this.addRegions(regions, source.origin.detail, 0);
  }

  /** Adds what the text of `perf script` says. */
  async addText(source: PerfScriptSource, signal: AbortSignal): Promise<void> {
    const { imported } = this;
    for await (const { nature, batch } of source.batches(signal)) {
      imported.tally.add(batch);
      this.resolving?.resolve(batch);
      this.hot?.addSamples(batch, nature);
    }
    throwIfStopped(signal);
    for (const [pid, command] of source.commands) this.commands.set(pid, command);
    imported.events.push(...source.eventNames);
    imported.origins.push(...source.origins());
    imported.notes.push(...source.notes());
    imported.bytesRead += source.bytesRead;
    for (const [reason, count] of Object.entries(source.losses))
      imported.losses[reason] = (imported.losses[reason] ?? 0) + count;
    this.addRecording(source.facts());
  }

  /** HEAT_REPEATED when it has samples of a recording that was read before. */
  addRecording(facts: RecordingFacts): void {
    const repeated = repetitionOf(this.imported.recordings, facts);
    if (repeated !== undefined) {
      throw new OctavoError('HEAT_REPEATED', {
        first: repeated.first.name,
        second: facts.name,
        share: shareInWords(repeated.share),
      });
    }
    this.imported.recordings.push(facts);
  }

  /** Adds what DAMON said of regions. */
  addRegions(regions: readonly RegionRecord[], path: string, bytesRead: number, span?: RecordedSpan): void {
    const { geometry, pids = new Set(), physical = false } = this.options;
    const source = new DamoRecordSource({
      path,
      regions,
      bytesRead,
      geometry,
      pids: [...pids],
      isPhysical: physical,
      ...(span === undefined ? {} : { span }),
    });
    const { slices = DEFAULT_SLICES } = this.options;
    for (const batch of source.batches(slices.most)) {
      this.imported.regionRows += samplesIn(batch);
      this.resolving?.resolve(batch);
      this.hot?.addSamples(batch, 'access-bits');
    }
    this.addRecording(source.facts());
    const { losses, notes } = source.account();
    const { imported } = this;
    imported.regions += regions.length;
    imported.bytesRead += bytesRead;
    imported.origins.push(source.origin);
    imported.notes.push(...notes);
    for (const [reason, count] of Object.entries(losses))
      imported.losses[reason] = (imported.losses[reason] ?? 0) + count;
  }

  /** `live`: the processes that were recorded, when they were recorded just now. */
  finish(live: readonly ProcessIdentity[] = []): Imported {
    if (this.resolving !== undefined) this.imported.resolved = this.resolving.facts;
    if (this.hot !== undefined) {
      const total = this.hot.total();
      for (const process of total.processes)
        total.name({ ...process, command: this.commands.get(process.pid) ?? process.command });
      finishMaps(this.imported, total, this.sessions, live);
      finishSlices(this.imported, this.hot, total, this.clocks.clock(this.imported.recordings));
    }
    const { nature } = this.imported;
    this.imported.views = joinedRows(this.viewed.flatMap((rowsOf) => rowsOf(nature)));
    return this.imported;
  }
}

export function working(context: OctavoContext, path: string) {
  return {
    host: context.host,
    signal: context.signal,
    progress: (done: number, total: number, unit: string) => context.progress.show(path, done, total, unit),
  };
}

function nothingYet(sessions: readonly PerfSession[], geometry: PageGeometry): Imported {
  return {
    tally: new Tally(geometry),
    damage: new DamageLog(),
    damagedBytes: 0,
    bytesRead: 0,
    lost: 0,
    regions: 0,
    regionRows: 0,
    losses: {},
    notes: [],
    events: [],
    dataSources: {},
    origins: [],
    views: [],
    maps: [],
    timed: [],
    slices: { clock: 'none', widthMs: null },
    nature: undefined,
    recordings: [],
    thinnedTo: 1,
    unplaced: {},
    mappingsOf: (pid) =>
      sessions.map((session) => session.state.mappings.of(pid)).find((list) => list.length > 0) ?? [],
    nameMapping: (pid, page) => {
      let end = Number.POSITIVE_INFINITY;
      for (const session of sessions) {
        const found = session.state.mappings.findRun(pid, page);
        end = Math.min(end, found.end);
        if (found.name !== undefined) return { name: found.name, end };
      }
      return { name: '', end };
    },
  };
}

function account(imported: Imported, source: PerfFileSource): void {
  const { session } = source;
  const { damage, events } = session;
  imported.damagedBytes += damagedBytes(session);
  imported.bytesRead += source.account().bytesRead;
  imported.lost += lostOf(session);
  imported.notes.push(...source.account().notes);
  imported.origins.push(...source.origins());
  for (const place of damage.places) imported.damage.add(place.offset, place.bytes, place.reason);
  for (const [reason, count] of Object.entries(source.account().losses)) {
    imported.losses[reason] = (imported.losses[reason] ?? 0) + count;
  }
  for (const { name, index, nature } of events.events) {
    const known = imported.events.some((event) => event.name === name);
    const { why } = nature;
    if (!known) imported.events.push({ name, nature: source.sorter.natureOf(index), why });
  }
  for (const [name, count] of session.trace.sourcesByName()) {
    imported.dataSources[name] = (imported.dataSources[name] ?? 0) + count;
  }
}

/** Processes get their names, which were not known while their samples came. */
function finishMaps(
  imported: Imported,
  hot: HotMaps,
  sessions: readonly PerfSession[],
  live: readonly ProcessIdentity[],
): void {
  for (const met of hot.processes) {
    const process = live.find(({ pid }) => pid === met.pid) ?? met;
    const command = sessions.map((session) => session.state.threads.nameOf(process.pid)).find(Boolean);
    hot.name({ ...process, command: command ?? process.command });
  }
  imported.unplaced = hot.unplaced();
  imported.thinnedTo = hot.thinnedTo;
  imported.maps = hot.build(imported.origins);
  imported.nature = imported.maps[0]?.nature;
  for (const nature of hot.natures()) {
    const excess = hot.excess(nature);
    imported.origins.forEach((origin, at) => {
      if (origin.nature === nature) imported.origins.splice(at, 1, ...withExcess([origin], excess));
    });
  }
}

/** Time is not known where the clocks of several recordings cannot be related. */
function finishSlices(
  imported: Imported,
  hot: HeatSlices,
  total: HotMaps,
  clock: HeatFacts['slices']['clock'],
): void {
  const slices = hot.slices.filter(({ maps }) => maps.natures().length > 0);
  if (clock === 'none' || slices.every(({ startMs }) => startMs === undefined)) {
    imported.timed = [{ timeMs: NO_TIME, maps: imported.maps }];
    if (slices.length > 1)
      imported.notes.push(
        'Times are not kept: the recordings do not say how their clocks relate; record with `perf record -k CLOCK_MONOTONIC`.',
      );
    return;
  }
  // Each slice would be brought to a rate of its own, and together they would no longer be the whole.
  if (imported.nature !== undefined && total.leftOut(imported.nature) > 0) {
    imported.timed = [{ timeMs: NO_TIME, maps: imported.maps }];
    imported.notes.push(
      'Times are not kept: the samples have different periods (perf record -F); -c keeps them.',
    );
    return;
  }
  imported.slices = { clock, widthMs: hot.widthMs };
  imported.timed = slices.map(({ startMs = NO_TIME, maps }) => ({
    timeMs: startMs,
    maps: maps.build(imported.origins).filter(({ nature }) => nature === imported.nature),
  }));
}

function samplesIn({ count, times }: SampleBatch): number {
  return times === undefined ? count : times.subarray(0, count).reduce((sum, each) => sum + each, 0);
}
