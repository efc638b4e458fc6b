/** Memory samples from a perf.data file, a directory of `perf record --threads`, or a pipe. */
import { SAMPLE_FIELD } from '../formats/perf-abi/constants.js';
import type { RecordedEvent } from '../formats/perf-data/event-table.js';
import { PerfSession } from '../formats/perf-data/session.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import { bestNature, NATURES, type SampleNature } from '../vocabulary/nature.js';
import type { HeatProvenance, RecordedSpan, RecordingFacts } from '../vocabulary/recording.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import { needsMoments, type SampleWish } from '../vocabulary/sample-wish.js';
import type { PageGeometry, ProcessId } from '../vocabulary/units.js';
import { EventSorter, isNamed } from './event-sorter.js';
import { lossesOf, notesOf, unseenShareOf } from './perf-account.js';
import { PerfReader, type ReaderContext } from './perf-reader.js';
import { type Moments, SampleFilter } from './sample-filter.js';
import type { Reading, Renamed, Source, SourceAccount, SourceContext } from './source.js';

/** A recording, and which of its samples are wanted. */
export interface PerfInput {
  /** Path of a file or directory; only a name for messages when `stream` is given. */
  readonly path: string;
  /** Bytes as they come (standard input), instead of a path. */
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Only samples of these processes. */
  readonly pids?: ReadonlySet<number>;
  /** Only samples of the event of this name. */
  readonly event?: string;
  /** Only samples of these moments, threads, commands, CPUs and cgroups. */
  readonly wish?: SampleWish;
  /** Rows have the instructions that made the accesses. */
  readonly instructions?: boolean;
  /** Of all parts of a recording that comes in several; one of its own when absent. */
  readonly fingerprint?: Fingerprint;
  readonly geometry: PageGeometry;
}

/** Yields the samples of a recording batch by batch; memory does not depend on its length. */
export class PerfFileSource implements Source {
  readonly name = 'perf-file';
  readonly session: PerfSession;
  readonly #input: PerfInput;
  readonly #reader: PerfReader;
  readonly #fingerprint: Fingerprint;
  readonly sorter: EventSorter;
  /** Read as a source of samples, which regions of DAMON are not. */
  #isForPlan = false;
  #filter: SampleFilter | undefined;
  #moments: Moments | undefined;

  constructor(input: PerfInput) {
    this.#input = input;
    const { cpus, cgroups } = input.wish ?? {};
    this.session = new PerfSession({
      ...input,
      ...(cpus === undefined ? {} : { cpus }),
      ...(cgroups === undefined ? {} : { cgroups }),
      namesMatter: input.wish?.commands !== undefined,
    });
    this.#reader = new PerfReader(input.path, input.stream, this.session);
    this.#fingerprint = input.fingerprint ?? new Fingerprint();
    this.sorter = new EventSorter(this.session.events, input.event);
  }

  /** Of the best nature that was found; of an unknown one before anything was read. */
  get origin(): SampleOrigin {
    return this.#originOf(bestNature(this.sorter.found) ?? 'unknown');
  }

  origins(): readonly SampleOrigin[] {
    return this.sorter.found.length === 0
      ? [this.origin]
      : this.sorter.found.map((nature) => this.#originOf(nature));
  }

  #originOf(nature: SampleNature): SampleOrigin {
    const events = this.sorter.eventsOf(nature);
    return {
      source: this.name,
      detail: this.#input.path,
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      tells: 'heat',
      nature,
      event: events.map(({ name }) => name).join(' + '),
      unseenShare: unseenShareOf(this.session, this.#fingerprint),
      fade: 1,
      windowNs: this.#windowNs,
      ...stepsOf(events),
    };
  }

  get #windowNs(): number | undefined {
    const { windowNs } = this.#fingerprint;
    const time = this.session.state.features.sampleTime;
    return windowNs ?? (time === undefined ? undefined : Number(time.last - time.first));
  }

  provenance(): HeatProvenance {
    const { threads } = this.session.state;
    return { recordings: [this.facts()], processes: threads.named(), unknown: '' };
  }

  /** What this recording was, once it has been read. */
  facts(): RecordingFacts {
    const { features } = this.session.state;
    const { nature, event, unseenShare, detail } = this.origin;
    const events = this.sorter.eventsOf(nature);
    const isFixed = events.length > 0 && events.every(({ attr }) => !attr.isFrequency);
    return {
      name: detail,
      fingerprint: this.#fingerprint.digest,
      sketch: this.#fingerprint.sketch,
      coarseSketch: this.#fingerprint.coarseSketch,
      samples: this.#fingerprint.count,
      event,
      nature,
      period: isFixed ? events[0].attr.samplePeriod : undefined,
      unseenShare,
      span: this.#span(),
      bootId: undefined,
      host: features.hostname ?? '',
      kernel: features.osRelease ?? '',
      cpu: features.cpuDescription ?? features.cpuId ?? '',
    };
  }

  /** By the recording's own clock where it says how that one relates to the wall's, else by the age of its file. */
  #span(): RecordedSpan | undefined {
    const { clock } = this.session.state.features;
    const { first, last } = this.#fingerprint;
    if (clock !== undefined && last >= first) {
      const wallMs = (ns: number) => (Number(clock.wallNs - clock.clockNs) + ns) / 1e6;
      return { fromMs: wallMs(first), toMs: wallMs(last), isExact: true };
    }
    const { modifiedMs } = this.#reader;
    if (modifiedMs === undefined) return undefined;
    const windowNs = this.#windowNs;
    const fromMs = windowNs === undefined ? undefined : modifiedMs - windowNs / 1e6;
    return { fromMs, toMs: modifiedMs, isExact: false };
  }

  account(): SourceAccount {
    const losses = { ...lossesOf(this.session), ...this.#filter?.leftOut, ...this.sorter.leftOut };
    return {
      losses,
      bytesRead: this.#reader.bytesRead,
      notes: [...notesOf(this.session), ...this.#emptyNotes(), ...this.#natureNotes()],
    };
  }

  /** A word when nothing was sampled, or nothing of it was asked for. */
  #emptyNotes(): readonly string[] {
    const { session } = this;
    const input = this.#input;
    const fingerprint = this.#fingerprint;
    if (fingerprint.count > 0 || session.samples.regions.length > 0) return [];
    const seen = session.samples.seen + session.trace.records.counts.records;
    if (seen === 0) return [`${input.path}: nothing was sampled.`];
    const { otherProcess, otherPlace, otherPlaceBytes } = session.samples.losses;
    const filtered = otherProcess + otherPlace + otherPlaceBytes;
    const isFiltered = filtered > 0 || Object.keys(this.#filter?.leftOut ?? {}).length > 0;
    return isFiltered ? [`${input.path}: none of its ${seen} samples is of what was asked for.`] : [];
  }

  /** What the samples that count are samples of. */
  #natureNotes(): readonly string[] {
    if (this.#isForPlan && this.session.samples.regions.length > 0) {
      return [
        `${this.#input.path}: regions of DAMON; \`octavo import\` makes a heat file of them for --heat.`,
      ];
    }
    if (this.sorter.found.length === 0) return [];
    const { nature, event, detail } = this.origin;
    const [{ nature: table }] = this.sorter.eventsOf(nature);
    const others = this.sorter.found.filter((other) => other !== nature).map((other) => NATURES[other].says);
    const apart = others.length === 0 ? '' : `; kept apart: ${others.join(', ')}`;
    return [`${detail}: samples of ${NATURES[nature].says} (${event}; ${table.why})${apart}.`];
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    this.#isForPlan = true;
    const replaced: ProcessId[] = [];
    this.session.onReplaced = ({ pid }, isLast) => {
      if (isLast) replaced.push(pid);
    };
    for await (const batch of this.batches(context)) {
      for (const pid of replaced.splice(0)) yield { kind: 'replaced', pid };
      for (const sorted of this.sorter.sort(batch)) yield { kind: 'samples', ...sorted };
    }
    for (const pid of replaced) yield { kind: 'replaced', pid };
  }

  /** An event whose PMU was only named behind its samples (a file sent through a pipe) gets its nature now. */
  settled(): Renamed | undefined {
    return this.sorter.settle();
  }

  /** The same rows with their exact addresses. EVENT_ABSENT when the event asked for is not in the recording. */
  async *batches(context: ReaderContext): AsyncIterable<AccessColumns> {
    try {
      if (this.#input.wish !== undefined && needsMoments(this.#input.wish))
        this.#moments = await this.#momentsOf(context);
      const out = this.session.rows;
      for await (const _ of this.#reader.read(out, context)) yield* this.#flush(out);
      for (let done = false; !done; ) {
        done = this.session.finish(out);
        yield* this.#flush(out);
      }
    } finally {
      this.session.close();
    }
    this.#checkEvent();
    this.#checkPlaces();
  }

  /** The first and last moment of a file, by reading it once more than needed where it does not say. */
  async #momentsOf(context: ReaderContext): Promise<Moments | undefined> {
    const { path, stream, geometry } = this.#input;
    const status = context.host.files.status(path);
    if (stream !== undefined || !status.ok || status.value.kind === 'other') return undefined;
    const whole = new PerfFileSource({ path, geometry });
    for await (const _ of whole.batches({ ...context, progress: () => {} }));
    return momentsSaid(whole.session) ?? whole.#fingerprint;
  }

  #filterOf(wish: SampleWish): SampleFilter {
    const moments = this.#moments ?? momentsSaid(this.session);
    if (moments === undefined && needsMoments(wish))
      throw new OctavoError('TIME_UNBOUNDED', { path: this.#input.path });
    return new SampleFilter(wish, this.session.state.threads, moments);
  }

  /** FIELD_ABSENT when CPUs or cgroups were asked for and no sample says its own. */
  #checkPlaces(): void {
    const { wish, path } = this.#input;
    const { events, samples, state } = this.session;
    if (samples.seen === 0) return;
    const lacks = (field: number) => events.events.every(({ attr }) => (attr.sampleType & field) === 0);
    if (wish?.cpus !== undefined && lacks(SAMPLE_FIELD.cpu))
      throw new OctavoError('FIELD_ABSENT', { path, field: 'CPU', option: 'perf record --sample-cpu' });
    if (wish?.cgroups !== undefined && (lacks(SAMPLE_FIELD.cgroup) || state.cgroups.size === 0))
      throw new OctavoError('FIELD_ABSENT', { path, field: 'cgroup', option: 'perf record --all-cgroups' });
  }

  #checkEvent(): void {
    const { event: wanted, path } = this.#input;
    if (wanted === undefined) return;
    const names = this.session.events.events.map(({ name }) => name);
    if (names.some((name) => isNamed(name, wanted))) return;
    throw new OctavoError('EVENT_ABSENT', { path, event: wanted, events: names.join(', ') || 'none' });
  }

  *#flush(out: AccessColumns): Iterable<AccessColumns> {
    if (out.count === 0) return;
    out.timeOrigin = this.session.samples.timeOrigin;
    const { wish } = this.#input;
    if (wish !== undefined) {
      this.#filter ??= this.#filterOf(wish);
      this.#filter.apply(out);
      if (out.count === 0) return;
    }
    this.#fingerprint.addHashed(this.session.hashRows(this.#fingerprint), out.timeOrigin);
    yield out;
    out.count = 0;
  }
}

/** By event, how samples follow each other when that is by a fixed number of accesses, without any chance in it. */
function stepsOf(events: readonly RecordedEvent[]): Pick<SampleOrigin, 'stepPeriods'> {
  const steady = events.filter(({ attr, nature }) => !attr.isFrequency && nature.isJittered !== true);
  const periods = new Set(steady.map(({ attr }) => attr.samplePeriod).filter((period) => period > 1));
  return periods.size > 0 ? { stepPeriods: [...periods] } : {};
}

/** The first and last moment as the recording says them, undefined when it does not. */
function momentsSaid({ state }: PerfSession): Moments | undefined {
  const time = state.features.sampleTime;
  return time === undefined ? undefined : { first: Number(time.first), last: Number(time.last) };
}
