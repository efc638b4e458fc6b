/** Gathers batches of one or more recordings. */
import type { RegionRecord } from '../../formats/damo-record/region.js';
import type { NewProgram } from '../../formats/perf-data/recording-state.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import { HeatSlices, type SliceOptions } from '../../hotness/heat-slices.js';
import { DEFAULT_HEAT_BYTES } from '../../hotness/hot-maps.js';
import { AccessViews } from '../../sources/access-views.js';
import { DamoRecordSource } from '../../sources/damo-record.js';
import type { PerfFileSource } from '../../sources/perf-file.js';
import type { PerfScriptSource } from '../../sources/perf-script.js';
import { BatchResolver } from '../../sources/resolved.js';
import type { Resolver } from '../../sources/resolver.js';
import type { TouchedPlaces } from '../../sources/touched-places.js';
import type { ViewRow } from '../../sources/view-values.js';
import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { repetitionOf, shareInWords } from '../../vocabulary/independence.js';
import { bestNature, type SampleNature } from '../../vocabulary/nature.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { RecordedSpan, RecordingFacts } from '../../vocabulary/recording.js';
import type { SampleBatch } from '../../vocabulary/sample.js';
import type { SampleWish } from '../../vocabulary/sample-wish.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import type { Bytes, Milliseconds, PageGeometry, ProcessId } from '../../vocabulary/units.js';
import { finishMaps, finishSlices } from './finish-import.js';
import { account, type Imported, nothingYet } from './imported.js';
import { SliceClocks } from './slice-clocks.js';
import { type PlaceName, type TouchedView, touchedView } from './touched-view.js';
import { joinedRows } from './view.js';

/** What to count of touched places: blocks or pages, with names and instructions. */
export interface TouchOptions {
  readonly by: PlaceName;
  /** Counters for a recording, of which it is known later when it ended at the latest. */
  placesOf(session: PerfSession, recordedMs: () => Milliseconds | undefined): TouchedPlaces;
}

/** What to keep of recordings, and for which processes. */
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
  /** Counts which instructions touch what, by block or page. */
  readonly touch?: TouchOptions;
  /** Longest text record that is read. */
  readonly textBytes?: Bytes;
}

/** A second to begin with; eight slices show a course, and a page takes at most eight rows. */
export const DEFAULT_SLICES: SliceOptions = { widthMs: 1000, most: 8 };

type Recorded = Pick<PerfFileSource, 'sorter' | 'session'>;

/** What was counted of the events of a recording that have the nature of the maps. */
type Counted<What> = (nature: SampleNature | undefined) => What;

/** One import: takes batches of all its recordings into one tally and hot maps by slices of time. */
export class Importing {
  readonly imported: Imported;
  readonly #hot: HeatSlices | undefined;
  readonly #clocks = new SliceClocks();
  /** Names of processes from texts. */
  readonly #commands = new Map<ProcessId, string>();
  readonly #sessions: PerfSession[] = [];
  readonly #views = new Map<PerfSession, AccessViews>();
  readonly #viewed: Counted<ViewRow[]>[] = [];
  /** When recordings ended at the latest. */
  readonly #ends = new Map<PerfSession, Milliseconds | undefined>();
  readonly #touched = new Map<PerfSession, TouchedPlaces>();
  readonly #touches: Counted<{ touched: TouchedPlaces; counts: (event: number) => boolean }>[] = [];
  /** Natures that samples were met of. */
  readonly #natures = new Set<SampleNature>();

  readonly #options: ImportOptions;
  readonly #resolving: BatchResolver | undefined;

  constructor(options: ImportOptions) {
    this.#options = options;
    const { geometry, heatBytes = DEFAULT_HEAT_BYTES } = options;
    const { slices = DEFAULT_SLICES } = options;
    this.#hot = options.maps ? new HeatSlices({ geometry, mostBytes: heatBytes }, slices) : undefined;
    this.imported = nothingYet(this.#sessions, geometry);
    if (options.resolver !== undefined)
      this.#resolving = new BatchResolver(options.resolver, options.geometry.hugeOrder);
  }

  /** `guestsAreNamed` as Tally.add() takes it. */
  add(batch: AccessColumns, { sorter, session }: Recorded, guestsAreNamed = false): void {
    if (!this.#views.has(session))
      session.onReplaced = (program, isLast) => this.#forget(session, program, isLast);
    this.imported.tally.add(batch, guestsAreNamed);
    this.#touchedOf(session)?.add(batch);
    this.#resolving?.resolve(batch);
    this.#viewsOf(session).add(batch);
    const offsetNs = this.#clocks.offsetOf(session);
    for (const sorted of sorter.sort(batch)) {
      this.#natures.add(sorted.nature);
      this.#hot?.addSamples(sorted.batch, sorted.nature, offsetNs);
    }
  }

  /** Heat of a program that a process no longer runs is of memory that is no longer there. */
  #forget(session: PerfSession, { pid, sinceNs }: NewProgram, isLast: boolean): void {
    this.#hot?.forget(pid, isLast ? Number.POSITIVE_INFINITY : sinceNs + this.#clocks.offsetOf(session));
    if (!isLast) return;
    this.#viewsOf(session).forget(pid);
    this.#touched.get(session)?.forget(pid);
  }

  #viewsOf(session: PerfSession): AccessViews {
    const known = this.#views.get(session);
    if (known !== undefined) return known;
    const fresh = new AccessViews(session, this.#options.geometry.pageBytes);
    this.#views.set(session, fresh);
    return fresh;
  }

  #touchedOf(session: PerfSession): TouchedPlaces | undefined {
    const { touch } = this.#options;
    const known = this.#touched.get(session);
    if (known !== undefined || touch === undefined) return known;
    const fresh = touch.placesOf(session, () => this.#ends.get(session));
    this.#touched.set(session, fresh);
    return fresh;
  }

  /** Takes over what a recording that has been read says beside its samples. */
  account(source: PerfFileSource): void {
    this.#sessions.push(source.session);
    const renamed = source.settled();
    if (renamed !== undefined) {
      this.#hot?.relabel(renamed.from, renamed.to);
      this.#natures.delete(renamed.from);
      this.#natures.add(renamed.to);
    }
    account(this.imported, source);
    const natureOf = (event: number) => source.sorter.natureOf(event);
    const counts = (nature: SampleNature | undefined) => (event: number) =>
      nature === undefined || natureOf(event) === nature;
    this.#viewed.push((nature) => this.#viewsOf(source.session).rows(counts(nature)));
    const touched = this.#touched.get(source.session);
    if (touched !== undefined) {
      this.#ends.set(source.session, source.facts().span?.toMs);
      this.#touches.push((nature) => ({ touched, counts: counts(nature) }));
    }
    const { regions } = source.session.samples;
    if (regions.length > 0) this.addRegions(regions, source.origin.detail, 0);
  }

  /** Adds what the text of `perf script` says. */
  async addText(source: PerfScriptSource, signal: AbortSignal): Promise<void> {
    const { imported } = this;
    for await (const { nature, batch } of source.batches(signal)) {
      imported.tally.add(batch);
      this.#resolving?.resolve(batch);
      this.#hot?.addSamples(batch, nature);
    }
    throwIfStopped(signal);
    for (const [pid, command] of source.commands) this.#commands.set(pid, command);
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
    const { geometry, pids = new Set(), physical = false } = this.#options;
    const source = new DamoRecordSource({
      path,
      regions,
      bytesRead,
      geometry,
      pids: [...pids],
      isPhysical: physical,
      ...(span === undefined ? {} : { span }),
    });
    const { slices = DEFAULT_SLICES } = this.#options;
    for (const batch of source.batches(slices.most)) {
      this.imported.regionRows += samplesIn(batch);
      this.#resolving?.resolve(batch);
      this.#hot?.addSamples(batch, 'access-bits');
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
    if (this.#resolving !== undefined) this.imported.resolved = this.#resolving.facts;
    if (this.#hot !== undefined) {
      const total = this.#hot.total();
      for (const process of total.processes)
        total.name({ ...process, command: this.#commands.get(process.pid) ?? process.command });
      finishMaps(this.imported, total, this.#sessions, live);
      finishSlices(this.imported, this.#hot, this.#clocks.clock(this.imported.recordings));
    }
    const nature = this.imported.nature ?? bestNature(this.#natures);
    this.imported.views = joinedRows(this.#viewed.flatMap((rowsOf) => rowsOf(nature)));
    this.imported.touched = this.#touchedView(nature);
    return this.imported;
  }

  #touchedView(nature: SampleNature | undefined): TouchedView | undefined {
    const { touch } = this.#options;
    if (touch === undefined) return undefined;
    const { recordings } = this.imported;
    const counted = this.#touches.map((of) => of(nature));
    const names = this.#sessions.map(({ state }) => state.threads);
    const commandOf = (pid: number) => names.map((threads) => threads.nameOf(pid)).find(Boolean) ?? '';
    return touchedView(touch.by, counted, commandOf, recordings.map(({ name }) => name).join(', '));
  }
}

function samplesIn({ count, times }: SampleBatch): number {
  return times === undefined ? count : times.subarray(0, count).reduce((sum, each) => sum + each, 0);
}
