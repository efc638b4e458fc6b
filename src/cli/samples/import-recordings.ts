/** Reads recordings into one tally and, when wanted, hot maps. */

import type { RegionRecord } from '../../formats/damo-record/region.js';
import type { MappedName } from '../../formats/heat-file/write.js';
import type { AccessColumns } from '../../formats/perf-data/access-columns.js';
import { DamageLog } from '../../formats/perf-data/damage.js';
import type { RecordedMapping } from '../../formats/perf-data/mappings.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import { Tally } from '../../formats/perf-data/tally.js';
import { HotMaps } from '../../hotness/hot-maps.js';
import { DamoRecordSource } from '../../sources/damo-record.js';
import { damagedBytes, lossesOf, lostOf, notesOf } from '../../sources/perf-account.js';
import { PerfFileSource } from '../../sources/perf-file.js';
import { BatchResolver, type ResolvedFacts } from '../../sources/resolved.js';
import type { Resolver } from '../../sources/resolver.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { SampleBatch, SampleOrigin } from '../../vocabulary/sample.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { PageGeometry, PageNumber, ProcessId } from '../../vocabulary/units.js';
import type { OctavoContext } from '../context.js';
import { openRecording } from './open-recording.js';

export interface ImportOptions {
  readonly geometry: PageGeometry;
  readonly pids?: ReadonlySet<number>;
  /** Whether hot maps are built: not needed for a tally alone. */
  readonly maps: boolean;
  /** DAMON records are of physical memory. */
  readonly physical?: boolean;
  /** Looks up where samples with a physical address only are mapped. */
  readonly resolver?: Resolver;
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
  readonly events: { readonly name: string; readonly nature: string }[];
  readonly dataSources: Record<string, number>;
  readonly origins: SampleOrigin[];
  maps: readonly HotMap[];
  unplaced: Readonly<Record<string, number>>;
  /** What became of physical addresses, when they were resolved. */
  resolved?: ResolvedFacts;
  /** Recorded mappings of a process, ascending. */
  mappingsOf(pid: ProcessId): readonly RecordedMapping[];
  /** The mapping of a page; without a name when not recorded. */
  nameMapping(pid: ProcessId, page: PageNumber): MappedName;
}

export async function importRecordings(
  context: OctavoContext,
  paths: readonly string[],
  options: ImportOptions,
): Promise<Imported> {
  const importing = new Importing(options);
  for (const path of paths) {
    const { stream, whole } = await openRecording(context, path);
    const name = path === '-' ? 'standard input' : path;
    const regions = whole === undefined ? undefined : await damoRegions(name, whole);
    if (regions !== undefined && whole !== undefined) {
      importing.addRegions(regions, name, whole.length);
      continue;
    }
    const source = new PerfFileSource({
      path: name,
      geometry: options.geometry,
      ...(options.pids === undefined ? {} : { pids: options.pids }),
      ...(stream === undefined ? {} : { stream }),
    });
    for await (const batch of source.batches(working(context, path))) {
      importing.add(batch, source.session.state.namesGuests);
    }
    throwIfStopped(context.signal);
    importing.account(source);
  }
  return importing.finish();
}

async function damoRegions(name: string, whole: Uint8Array): Promise<readonly RegionRecord[] | undefined> {
  const { readDamoRecord } = await import('../../sources/damo-file.js');
  return readDamoRecord(name, whole);
}

/** Gathers batches of one or more recordings. */
export class Importing {
  readonly imported: Imported;
  private readonly hot: HotMaps | undefined;
  private readonly sessions: PerfSession[] = [];

  private readonly options: ImportOptions;
  private readonly resolving: BatchResolver | undefined;

  constructor(options: ImportOptions) {
    this.options = options;
    this.hot = options.maps ? new HotMaps({ geometry: options.geometry }) : undefined;
    this.imported = nothingYet(this.sessions, options.geometry);
    if (options.resolver !== undefined)
      this.resolving = new BatchResolver(options.resolver, options.geometry.hugeOrder);
  }

  /** `guestsAreNamed` as Tally.add() takes it. */
  add(batch: AccessColumns, guestsAreNamed = false): void {
    this.imported.tally.add(batch, guestsAreNamed);
    this.place(batch);
  }

  private place(batch: SampleBatch): void {
    this.resolving?.resolve(batch);
    this.hot?.addSamples(batch);
  }

  /** Takes over what a recording that has been read says beside its samples. */
  account(source: PerfFileSource): void {
    this.sessions.push(source.session);
    account(this.imported, source);
    const { regions } = source.session.samples;
    if (regions.length > 0) this.addRegions(regions, source.origin.detail, 0);
  }

  /** Adds what DAMON said of regions. */
  addRegions(regions: readonly RegionRecord[], path: string, bytesRead: number): void {
    const { geometry, pids = new Set(), physical = false } = this.options;
    const source = new DamoRecordSource({
      path,
      regions,
      bytesRead,
      geometry,
      pids: [...pids],
      isPhysical: physical,
    });
    for (const batch of source.batches()) {
      this.imported.regionRows += batch.count;
      this.place(batch);
    }
    const { losses, notes } = source.account();
    const { imported } = this;
    imported.regions += regions.length;
    imported.bytesRead += bytesRead;
    imported.origins.push(source.origin);
    imported.notes.push(...notes);
    for (const [reason, count] of Object.entries(losses))
      imported.losses[reason] = (imported.losses[reason] ?? 0) + count;
  }

  finish(): Imported {
    if (this.resolving !== undefined) this.imported.resolved = this.resolving.facts;
    if (this.hot !== undefined) finishMaps(this.imported, this.hot, this.sessions);
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
    maps: [],
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
  imported.notes.push(...notesOf(session));
  imported.origins.push(source.origin);
  for (const place of damage.places) imported.damage.add(place.offset, place.bytes, place.reason);
  for (const [reason, count] of Object.entries(lossesOf(session))) {
    imported.losses[reason] = (imported.losses[reason] ?? 0) + count;
  }
  for (const { name, nature } of events.events) {
    if (!imported.events.some((event) => event.name === name)) imported.events.push({ name, nature });
  }
  for (const [name, count] of session.trace.sourcesByName()) {
    imported.dataSources[name] = (imported.dataSources[name] ?? 0) + count;
  }
}

/** Processes get their names, which were not known while their samples came. */
function finishMaps(imported: Imported, hot: HotMaps, sessions: readonly PerfSession[]): void {
  imported.unplaced = hot.unplaced();
  imported.maps = hot.build(imported.origins).map((map) => named(map, sessions));
}

function named(map: HotMap, sessions: readonly PerfSession[]): HotMap {
  const command = sessions.map((session) => session.state.threads.nameOf(map.process.pid)).find(Boolean);
  return {
    process: { ...map.process, command: command ?? map.process.command },
    geometry: map.geometry,
    origins: map.origins,
    subPageHeat: map.subPageHeat,
    unplaced: map.unplaced,
    size: map.size,
    byteLength: map.byteLength,
    blocks: () => map.blocks(),
    block: (block) => map.block(block),
    counts: (block, into) => map.counts(block, into),
    filled: (block, into) => map.filled(block, into),
  };
}
