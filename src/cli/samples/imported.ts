/** What was read from recordings, as it is gathered and told. */
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import type { MappedName, TimedMaps } from '../../formats/heat-file/write.js';
import { DamageLog } from '../../formats/perf-data/damage.js';
import type { RecordedMapping } from '../../formats/perf-data/mappings.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import { Tally } from '../../formats/perf-data/tally.js';
import { damagedBytes, lostOf } from '../../sources/perf-account.js';
import type { PerfFileSource } from '../../sources/perf-file.js';
import type { ResolvedFacts } from '../../sources/resolved.js';
import type { ViewRow } from '../../sources/view-values.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { SampleNature } from '../../vocabulary/nature.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import type { SampleOrigin } from '../../vocabulary/sample.js';
import type { PageGeometry, PageNumber, ProcessId } from '../../vocabulary/units.js';
import type { TouchedView } from './touched-view.js';

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
  /** Which instructions touch what, where that was asked for. */
  touched: TouchedView | undefined;
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

/** Before anything was read. Names of mappings are asked of the sessions that there are by then. */
export function nothingYet(sessions: readonly PerfSession[], geometry: PageGeometry): Imported {
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
    touched: undefined,
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

/** Adds what a recording says beside its samples. */
export function account(imported: Imported, source: PerfFileSource): void {
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
