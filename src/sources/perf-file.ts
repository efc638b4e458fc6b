/** Memory samples from a perf.data file, a directory of `perf record --threads`, or a pipe. */
import type { AccessColumns } from '../formats/perf-data/access-columns.js';
import { SAMPLE_FIELD } from '../formats/perf-data/constants.js';
import {
  FILE_HEADER_BYTES,
  type FileHeader,
  identify,
  locateFeatures,
  MAGIC_BYTES,
  type ReadAt,
  readAttrs,
  readFileHeader,
} from '../formats/perf-data/container.js';
import { readFeature } from '../formats/perf-data/header-features.js';
import { PerfSession } from '../formats/perf-data/session.js';
import type { Files, OpenFile } from '../host/host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import { bestNature, NATURES, type SampleNature } from '../vocabulary/nature.js';
import type { HeatProvenance, RecordedSpan, RecordingFacts } from '../vocabulary/recording.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import { needsMoments, type SampleWish } from '../vocabulary/sample-wish.js';
import type { Milliseconds, PageGeometry } from '../vocabulary/units.js';
import { ByteQueue } from './byte-queue.js';
import { COMPRESSION_BYTES, compressionOf, decompressed } from './compressed.js';
import { EventSorter, isNamed } from './event-sorter.js';
import { lossesOf, notesOf, unseenShareOf } from './perf-account.js';
import { type Moments, SampleFilter } from './sample-filter.js';
import type { Reading, Renamed, Source, SourceAccount, SourceContext } from './source.js';

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
  /** Of all parts of a recording that comes in several; one of its own when absent. */
  readonly fingerprint?: Fingerprint;
  readonly geometry: PageGeometry;
}

export class PerfFileSource implements Source {
  readonly name = 'perf-file';
  readonly session: PerfSession;
  private readonly input: PerfInput;
  private bytesRead = 0;
  private bytesTotal = 0;

  private readonly fingerprint: Fingerprint;
  readonly sorter: EventSorter;
  private modifiedMs: Milliseconds | undefined;
  /** Read as a source of samples, which regions of DAMON are not. */
  private isForPlan = false;
  private filter: SampleFilter | undefined;
  private moments: Moments | undefined;

  constructor(input: PerfInput) {
    this.input = input;
    const { cpus, cgroups } = input.wish ?? {};
    this.session = new PerfSession({
      ...input,
      ...(cpus === undefined ? {} : { cpus }),
      ...(cgroups === undefined ? {} : { cgroups }),
      namesMatter: input.wish?.commands !== undefined,
    });
    this.fingerprint = input.fingerprint ?? new Fingerprint();
    this.sorter = new EventSorter(this.session.events, input.event);
  }

  /** Of the best nature that was found; of an unknown one before anything was read. */
  get origin(): SampleOrigin {
    return this.originOf(bestNature(this.sorter.found) ?? 'unknown');
  }

  origins(): readonly SampleOrigin[] {
    return this.sorter.found.length === 0
      ? [this.origin]
      : this.sorter.found.map((nature) => this.originOf(nature));
  }

  private originOf(nature: SampleNature): SampleOrigin {
    const events = this.sorter.eventsOf(nature);
    return {
      source: this.name,
      detail: this.input.path,
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      tells: 'heat',
      nature,
      event: events.map(({ name }) => name).join(' + '),
      unseenShare: unseenShareOf(this.session, this.fingerprint),
      fade: 1,
      windowNs: this.windowNs,
    };
  }

  private get windowNs(): number | undefined {
    const { windowNs } = this.fingerprint;
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
      fingerprint: this.fingerprint.digest,
      sketch: this.fingerprint.sketch,
      samples: this.fingerprint.count,
      event,
      nature,
      period: isFixed ? events[0].attr.samplePeriod : undefined,
      unseenShare,
      span: this.span(),
      bootId: undefined,
      host: features.hostname ?? '',
      kernel: features.osRelease ?? '',
      cpu: features.cpuDescription ?? features.cpuId ?? '',
    };
  }

  /** By the recording's own clock where it says how that one relates to the wall's, else by the age of its file. */
  private span(): RecordedSpan | undefined {
    const { clock } = this.session.state.features;
    const { first, last } = this.fingerprint;
    if (clock !== undefined && last >= first) {
      const wallMs = (ns: number) => (Number(clock.wallNs - clock.clockNs) + ns) / 1e6;
      return { fromMs: wallMs(first), toMs: wallMs(last), isExact: true };
    }
    if (this.modifiedMs === undefined) return undefined;
    const { windowNs } = this;
    const fromMs = windowNs === undefined ? undefined : this.modifiedMs - windowNs / 1e6;
    return { fromMs, toMs: this.modifiedMs, isExact: false };
  }

  account(): SourceAccount {
    const losses = { ...lossesOf(this.session), ...this.filter?.leftOut, ...this.sorter.leftOut };
    return {
      losses,
      bytesRead: this.bytesRead,
      notes: [...notesOf(this.session), ...this.emptyNotes(), ...this.natureNotes()],
    };
  }

  /** A word when nothing was sampled, or nothing of it was asked for. */
  private emptyNotes(): readonly string[] {
    const { session, input, fingerprint } = this;
    if (fingerprint.count > 0 || session.samples.regions.length > 0) return [];
    const seen = session.samples.seen + session.trace.records.counts.records;
    if (seen === 0) return [`${input.path}: nothing was sampled.`];
    const { otherProcess, otherPlace, otherPlaceBytes } = session.samples.losses;
    const filtered = otherProcess + otherPlace + otherPlaceBytes;
    const isFiltered = filtered > 0 || Object.keys(this.filter?.leftOut ?? {}).length > 0;
    return isFiltered ? [`${input.path}: none of its ${seen} samples is of what was asked for.`] : [];
  }

  /** What the samples that count are samples of. */
  private natureNotes(): readonly string[] {
    if (this.isForPlan && this.session.samples.regions.length > 0) {
      return [
        `${this.input.path}: regions of DAMON; \`octavo import\` makes a heat file of them for --heat.`,
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
    this.isForPlan = true;
    for await (const batch of this.batches(context)) {
      for (const sorted of this.sorter.sort(batch)) yield { kind: 'samples', ...sorted };
    }
  }

  /** An event whose PMU was only named behind its samples (a file sent through a pipe) gets its nature now. */
  settled(): Renamed | undefined {
    return this.sorter.settle();
  }

  /** The same rows with their exact addresses. EVENT_ABSENT when the event asked for is not in the recording. */
  async *batches(context: Pick<SourceContext, 'host' | 'progress' | 'signal'>): AsyncIterable<AccessColumns> {
    try {
      if (this.input.wish !== undefined && needsMoments(this.input.wish))
        this.moments = await this.momentsOf(context);
      const out = this.session.rows;
      if (this.input.stream !== undefined) yield* this.readStream(this.input.stream, out, context.signal);
      else yield* this.readPath(this.input.path, out, context);
      for (let done = false; !done; ) {
        done = this.session.finish(out);
        yield* this.flush(out);
      }
    } finally {
      this.session.close();
    }
    this.checkEvent();
    this.checkPlaces();
  }

  /** The first and last moment of a file, by reading it once more than needed where it does not say. */
  private async momentsOf(
    context: Pick<SourceContext, 'host' | 'progress' | 'signal'>,
  ): Promise<Moments | undefined> {
    const { path, stream, geometry } = this.input;
    const status = context.host.files.status(path);
    if (stream !== undefined || !status.ok || status.value.kind === 'other') return undefined;
    const whole = new PerfFileSource({ path, geometry });
    for await (const _ of whole.batches({ ...context, progress: () => {} }));
    return momentsSaid(whole.session) ?? whole.fingerprint;
  }

  private filterOf(wish: SampleWish): SampleFilter {
    const moments = this.moments ?? momentsSaid(this.session);
    if (moments === undefined && needsMoments(wish))
      throw new OctavoError('TIME_UNBOUNDED', { path: this.input.path });
    return new SampleFilter(wish, this.session.state.threads, moments);
  }

  /** FIELD_ABSENT when CPUs or cgroups were asked for and no sample says its own. */
  private checkPlaces(): void {
    const { wish, path } = this.input;
    const { events, samples, state } = this.session;
    if (samples.seen === 0) return;
    const lacks = (field: number) => events.events.every(({ attr }) => (attr.sampleType & field) === 0);
    if (wish?.cpus !== undefined && lacks(SAMPLE_FIELD.cpu))
      throw new OctavoError('FIELD_ABSENT', { path, field: 'CPU', option: 'perf record --sample-cpu' });
    if (wish?.cgroups !== undefined && (lacks(SAMPLE_FIELD.cgroup) || state.cgroups.size === 0))
      throw new OctavoError('FIELD_ABSENT', { path, field: 'cgroup', option: 'perf record --all-cgroups' });
  }

  private checkEvent(): void {
    const { event: wanted, path } = this.input;
    if (wanted === undefined) return;
    const names = this.session.events.events.map(({ name }) => name);
    if (names.some((name) => isNamed(name, wanted))) return;
    throw new OctavoError('EVENT_ABSENT', { path, event: wanted, events: names.join(', ') || 'none' });
  }

  private async *readPath(
    path: string,
    out: AccessColumns,
    context: Pick<SourceContext, 'host' | 'progress' | 'signal'>,
  ): AsyncIterable<AccessColumns> {
    const files = context.host.files;
    const status = must(files.status(path), path);
    if (status.kind === 'file') this.modifiedMs = status.modifiedMs;
    if (status.kind === 'other') {
      yield* this.readStream(fileStream(files, path), out, context.signal);
      return;
    }
    if (status.kind !== 'directory') {
      const compression = compressionOf(headOf(files, path));
      if (compression === undefined) yield* this.readFile(files, path, out, context);
      else
        yield* this.readStream(decompressed(compression, path, fileStream(files, path)), out, context.signal);
      return;
    }
    const names = must(files.list(path), path).filter((name) => /^data(\.\d+)?$/.test(name));
    if (!names.includes('data')) throw malformed(path, 'has no file `data`', 'the directory');
    names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    for (const name of names) yield* this.readFile(files, `${path}/${name}`, out, context, name !== 'data');
  }

  private async *readFile(
    files: Files,
    path: string,
    out: AccessColumns,
    context: Pick<SourceContext, 'progress' | 'signal'>,
    isBare = false,
  ): AsyncIterable<AccessColumns> {
    const file = must(files.open(path), path);
    try {
      const length = files.status(path);
      const total = length.ok ? length.value.bytes : 0;
      this.bytesTotal += total;
      const section = isBare ? { start: 0, end: total } : this.readHead(file, total);
      if (isBare) this.session.begin(this.isBigEndian, 0);
      yield* this.readSection(file, section.start, section.end, out, context);
      this.bytesRead += total - (section.end - section.start);
    } finally {
      file.close();
    }
  }

  private isBigEndian = false;

  /** Reads what stands before and after the data; answers where the data lie. */
  private readHead(file: OpenFile, total: number): { start: number; end: number } {
    const readAt = reader(file, total);
    const head = readAt(0, FILE_HEADER_BYTES);
    const container = identify(head);
    if (container.kind === 'unknown') throw malformed(file.path, container.problem, 'byte 0');
    this.isBigEndian = container.isBigEndian;
    if (container.kind === 'pipe') {
      this.session.begin(container.isBigEndian, MAGIC_BYTES);
      return { start: MAGIC_BYTES, end: total };
    }
    const header = readFileHeader(head, container.isBigEndian);
    if (typeof header === 'string') throw malformed(file.path, header, 'its header');
    this.readTables(header, readAt);
    this.session.begin(container.isBigEndian, header.data.offset);
    const end = header.data.size === 0 ? total : header.data.offset + header.data.size;
    if (end > total) this.session.damage.add(total, end - total, 'the data section ends beyond the file');
    return { start: Math.min(header.data.offset, total), end: Math.min(end, total) };
  }

  private readTables(header: FileHeader, readAt: ReadAt): void {
    const { session } = this;
    const damaged = readAttrs(header, readAt, session.events);
    if (damaged > 0) session.damage.add(header.attrs.offset, damaged, 'event attrs or ids');
    this.readFeatures(header, readAt);
  }

  private readFeatures(header: FileHeader, readAt: ReadAt): void {
    const { session } = this;
    for (const section of locateFeatures(header, readAt)) {
      const body = readAt(section.offset, section.size);
      if (!readFeature(session.state.features, section.id, body, header.isBigEndian)) {
        session.damage.add(section.offset, section.size, `feature ${section.id}`);
      }
    }
    session.state.learn();
  }

  private async *readSection(
    file: OpenFile,
    start: number,
    end: number,
    out: AccessColumns,
    context: Pick<SourceContext, 'progress' | 'signal'>,
  ): AsyncIterable<AccessColumns> {
    let at = start;
    for (;;) {
      const progressed = this.session.fill(out);
      if (progressed === 'full') {
        yield* this.flush(out);
        continue;
      }
      if (progressed === 'stopped' || context.signal.aborted) break;
      const room = this.session.room();
      const wanted = Math.min(room.length, end - at);
      const got = wanted === 0 ? 0 : must(file.read(room.subarray(0, wanted), at), file.path);
      if (got === 0) break;
      this.session.commit(got);
      at += got;
      this.bytesRead += got;
      context.progress(this.bytesRead, this.bytesTotal, 'bytes');
    }
    this.session.endStream(end - at);
    yield* this.flush(out);
  }

  /** A pipe, or a file sent through one: features then come last or within the data. */
  private async *readStream(
    stream: AsyncIterable<Uint8Array>,
    out: AccessColumns,
    signal: AbortSignal,
  ): AsyncIterable<AccessColumns> {
    const queue = new ByteQueue(stream);
    const container = identify(await queue.take(MAGIC_BYTES));
    if (container.kind === 'unknown') throw malformed(this.input.path, container.problem, 'byte 0');
    if (container.kind === 'pipe') {
      this.session.begin(container.isBigEndian, MAGIC_BYTES);
      yield* this.readQueue(queue, Number.POSITIVE_INFINITY, out, signal);
    } else {
      const header = await this.readStreamHead(queue, container.isBigEndian);
      yield* this.readQueue(queue, header.data.size || Number.POSITIVE_INFINITY, out, signal);
      if (queue.taken === header.data.offset + header.data.size) await this.readStreamTail(queue, header);
    }
    this.bytesRead = queue.taken;
    await queue.close();
  }

  /** The attrs of a file stand before its data, so that they are at hand without seeking. */
  private async readStreamHead(queue: ByteQueue, isBigEndian: boolean): Promise<FileHeader> {
    const head = await queue.take(FILE_HEADER_BYTES, MAGIC_BYTES);
    const header = readFileHeader(head, isBigEndian);
    if (typeof header === 'string') throw malformed(this.input.path, header, 'its header');
    if (header.data.offset > LONGEST_STREAM_HEAD) {
      throw malformed(this.input.path, 'has its data too far behind its header for a pipe', 'its header');
    }
    const before = await queue.take(header.data.offset, FILE_HEADER_BYTES);
    const damaged = readAttrs(
      header,
      (offset, size) => before.subarray(offset, offset + size),
      this.session.events,
    );
    if (damaged > 0) this.session.damage.add(header.attrs.offset, damaged, 'event attrs or ids');
    this.session.begin(isBigEndian, header.data.offset);
    return header;
  }

  /** The features stand behind the data: names and the like, in time for what is told at the end. */
  private async readStreamTail(queue: ByteQueue, header: FileHeader): Promise<void> {
    const start = queue.taken;
    const tail = await queue.rest(LONGEST_STREAM_TAIL);
    this.readFeatures(header, (offset, size) => {
      const from = Math.max(0, offset - start);
      return offset < start ? new Uint8Array(0) : tail.subarray(from, from + size);
    });
  }

  private async *readQueue(
    queue: ByteQueue,
    length: number,
    out: AccessColumns,
    signal: AbortSignal,
  ): AsyncIterable<AccessColumns> {
    let left = length;
    for (;;) {
      const progressed = this.session.fill(out);
      if (progressed === 'full') {
        yield* this.flush(out);
        continue;
      }
      if (progressed === 'stopped' || signal.aborted || left === 0) break;
      const got = await queue.into(this.session.room(), left);
      if (got === 0) break;
      this.session.commit(got);
      left -= got;
    }
    this.session.endStream(Number.isFinite(left) && !signal.aborted ? left : 0);
    yield* this.flush(out);
  }

  private *flush(out: AccessColumns): Iterable<AccessColumns> {
    if (out.count === 0) return;
    out.timeOrigin = this.session.samples.timeOrigin;
    const { wish } = this.input;
    if (wish !== undefined) {
      this.filter ??= this.filterOf(wish);
      this.filter.apply(out);
      if (out.count === 0) return;
    }
    this.fingerprint.addHashed(this.session.hashRows(this.fingerprint.bound), out.timeOrigin);
    yield out;
    out.count = 0;
  }
}

/** The first and last moment as the recording says them, undefined when it does not. */
function momentsSaid({ state }: PerfSession): Moments | undefined {
  const time = state.features.sampleTime;
  return time === undefined ? undefined : { first: Number(time.first), last: Number(time.last) };
}

/** Attrs and ids of even the largest machines stay below this. */
const LONGEST_STREAM_HEAD = 48 << 20;
/** Features that are read of a file sent through a pipe; build ids, the longest of them, are not needed. */
const LONGEST_STREAM_TAIL = 16 << 20;

/** The first bytes of a file, to tell how it is compressed. */
function headOf(files: Files, path: string): Uint8Array {
  const file = must(files.open(path), path);
  try {
    const head = new Uint8Array(COMPRESSION_BYTES);
    return head.subarray(0, must(file.read(head, 0), path));
  } finally {
    file.close();
  }
}

/** Bytes of a file or a named pipe, as they come. */
export async function* fileStream(files: Files, path: string): AsyncIterable<Uint8Array> {
  const file = must(files.open(path), path);
  try {
    for (let at = 0; ; ) {
      // Whoever takes the bytes may keep them.
      const buffer = new Uint8Array(1 << 18);
      const got = must(file.read(buffer, at), path);
      if (got === 0) return;
      at += got;
      yield buffer.subarray(0, got);
    }
  } finally {
    file.close();
  }
}

function reader(file: OpenFile, total: number): ReadAt {
  return (offset, size) => {
    const bytes = new Uint8Array(Math.max(0, Math.min(size, total - offset)));
    let at = 0;
    while (at < bytes.length) {
      const got = must(file.read(bytes.subarray(at), offset + at), file.path);
      if (got === 0) break;
      at += got;
    }
    return bytes.subarray(0, at);
  };
}

type Asked<Value> = { ok: true; value: Value } | { ok: false; error: { errno: string } };

function must<Value>(answer: Asked<Value>, path: string): Value {
  if (answer.ok) return answer.value;
  throw new OctavoError('FILE_UNREADABLE', { path, errno: answer.error.errno });
}

function malformed(path: string, problem: string, place: string): OctavoError {
  return new OctavoError('FILE_MALFORMED', { path, problem, place });
}
