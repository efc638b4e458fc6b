/**
 * One recording being read: bytes go in wherever they were cut, sample rows come out. The reader stops when the
 * rows are full or the bytes are used up, so memory does not depend on the length of the input.
 */

import { type AccessColumns, instructionColumns } from '../../vocabulary/access-columns.js';
import type { Fingerprint, HashedRows } from '../../vocabulary/fingerprint.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { midrOfCpuId } from '../arm-spe/data-source.js';
import { flagsOfDataSource, kindOfDataSource } from '../intel-pebs/data-source.js';
import { AUXTRACE_ARM_SPE, RECORD } from '../perf-abi/constants.js';
import { SampleLoop } from '../sample-loop/sample-loop.js';
import { DamageLog } from './damage.js';
import { EventTable } from './event-table.js';
import { payloadAfter, RecordStream } from './record-stream.js';
import type { RecordView } from './record-view.js';
import { type NewProgram, RecordingState } from './recording-state.js';
import { SampleDecoder } from './sample-decoder.js';
import { SpeTrace } from './spe-trace.js';
import { ZstdStream } from './zstd-stream.js';

/** Types counted one by one; higher ones (none exist) share the last counter. */
const COUNTED_TYPES = 128;
/** Payloads longer than this are damage, not data. */
const LONGEST_PAYLOAD = 2 ** 40;

/** Which samples of the recording are wanted. */
export interface SessionOptions {
  readonly geometry: PageGeometry;
  /** Processes whose samples are wanted; all when undefined. */
  readonly pids?: ReadonlySet<number>;
  /** CPUs, and paths of cgroups with those below, whose samples are wanted; all when undefined. */
  readonly cpus?: ReadonlySet<number>;
  readonly cgroups?: readonly string[];
  /** Rows have the instructions that made the accesses, which takes a slower way through all samples. */
  readonly instructions?: boolean;
  /** Rows are given away before a thread gets a new name. */
  readonly namesMatter?: boolean;
}

/** `full`: rows must be taken away. `more`: bytes are wanted. `stopped`: damage ended the stream. */
export type Progressed = 'full' | 'more' | 'stopped';

/** Reads one recording. `read` fills columns until they are full or bytes are missing. */
export class PerfSession {
  readonly damage = new DamageLog();
  readonly events = new EventTable();
  readonly samples: SampleDecoder;
  readonly trace: SpeTrace;
  readonly state: RecordingState;
  /** Records by type. */
  readonly recordCounts = new Float64Array(COUNTED_TYPES);
  /**
   * Called when a process runs another program, or its pid is another's, once all rows so far were taken away. Records of
   * several CPUs are not in order of time: `isLast` says that no row so far is of a later moment.
   */
  onReplaced: (program: NewProgram, isLast: boolean) => void = () => {};
  /** Moment of the latest row, in nanoseconds; infinite when a row does not say. */
  #lastNs = Number.NEGATIVE_INFINITY;
  /** AUX data of a kind that is not read (Intel PT, CoreSight, …). */
  foreignAuxBytes = 0;
  readonly #inOneStream: boolean;
  readonly #withInstructions: boolean;
  #loop: SampleLoop | undefined;
  #isBigEndian = false;
  #outer: RecordStream | undefined;
  #inner: RecordStream | undefined;
  #zstd: ZstdStream | undefined;
  #auxIndex = 0;
  #auxTid = 0;
  #auxCpu = 0;
  #payloadIsSpe = false;
  #hasStopped = false;
  #hasToldFailure = false;

  constructor(options: SessionOptions, inOneStream = true) {
    const { cpus, cgroups } = options;
    this.samples = new SampleDecoder(this.events, options.geometry, options.pids, undefined, {
      ...(cpus === undefined ? {} : { cpus }),
      ...(cgroups === undefined ? {} : { isInCgroup: (id) => this.state.cgroups.isBelow(id, cgroups) }),
    });
    this.#inOneStream = inOneStream;
    this.#withInstructions = options.instructions === true;
    let trace: SpeTrace | undefined;
    this.state = new RecordingState(
      this.events,
      this.samples,
      () => trace as SpeTrace,
      this.damage,
      options.geometry.pageBytes,
    );
    trace = new SpeTrace(this.samples, this.state.threads);
    this.trace = trace;
    this.state.namesMatter = options.namesMatter === true;
  }

  /** Begins a stream of records; a recording by several threads has more than one, one after the other. */
  begin(isBigEndian: boolean, offset: number): void {
    this.#isBigEndian = isBigEndian;
    this.#outer = new RecordStream(isBigEndian, this.#open().outer, offset);
    this.#inner = undefined;
    this.#zstd = undefined;
    this.#hasStopped = false;
    this.#hasToldFailure = false;
  }

  /** The rows that `fill` fills: valid until `close`. */
  get rows(): AccessColumns {
    return this.#open().columns;
  }

  /** Hashes of the rows for a fingerprint, without those that are too large for it. */
  hashRows({ bound, coarseBound }: Pick<Fingerprint, 'bound' | 'coarseBound'>): HashedRows {
    const hashed = this.#open().hashRows(bound, coarseBound);
    // Rows without a time may be of any.
    const last =
      hashed.timed < hashed.count ? Number.POSITIVE_INFINITY : Number(this.samples.timeOrigin) + hashed.last;
    if (hashed.count > 0) this.#lastNs = Math.max(this.#lastNs, last);
    return hashed;
  }

  /** Ends reading: rows and room are no longer there, what was counted stays. To be called in any case. */
  close(): void {
    const loop = this.#loop;
    this.#loop = undefined;
    this.#outer = undefined;
    this.#inner = undefined;
    this.samples.attach(undefined);
    this.trace.attach(undefined);
    loop?.giveBack();
  }

  #open(): SampleLoop {
    if (this.#loop !== undefined) return this.#loop;
    const { events, samples, trace, state } = this;
    const loop = SampleLoop.take({
      eventOf: (low, high) => events.ofId(low, high),
      isWanted: (pid) => (samples.wants(pid) ? 1 : 0),
      meaningOfSource: (low, high) => kindOfDataSource(low) | (flagsOfDataSource(low, high) << 8),
      processOf: (tid) => state.threads.processOf(tid),
      seekThread: (time) => trace.seekThread(time),
    });
    loop.columns.instructions = this.#withInstructions
      ? instructionColumns(loop.columns.capacity)
      : undefined;
    samples.attach(loop);
    trace.attach(loop);
    this.#loop = loop;
    return loop;
  }

  /** Where the next bytes are to be read into; only after `fill` said `more`. */
  room(): Uint8Array {
    return (this.#outer as RecordStream).room();
  }

  commit(length: number): void {
    (this.#outer as RecordStream).commit(length);
  }

  /** Bytes put in and not used yet: what is left of them at the end of a stream is damage. */
  get pending(): number {
    return this.#outer?.pending ?? 0;
  }

  /** Decodes until the rows are full or the bytes used up. */
  fill(out: AccessColumns): Progressed {
    for (;;) {
      if (this.state.newNames.length > 0) {
        if (out.count > 0) return 'full';
        this.state.takeNames();
      }
      if (!this.#takePrograms(out)) return 'full';
      if (!this.trace.drain(out) || out.count >= out.capacity) return 'full';
      if (this.#hasStopped) return 'stopped';
      if (this.#zstd !== undefined && this.#runInner(this.#zstd, out)) continue;
      const step = this.#run(this.#outer as RecordStream, out);
      if (step === 'more') return 'more';
      if (step === 'bad') this.#stopOuter(this.#outer as RecordStream);
    }
  }

  /** Goes on with processes that began anew; false when rows of what they were before are still to be taken away. */
  #takePrograms(out: AccessColumns): boolean {
    const { newPrograms } = this.state;
    if (newPrograms.length === 0) return true;
    if (out.count > 0) return false;
    for (const program of newPrograms.splice(0)) {
      this.state.beginAnew(program);
      this.onReplaced(program, this.#lastNs <= program.sinceNs);
    }
    return true;
  }

  /** The stream has ended: what is incomplete in it is damaged. `missing` bytes were promised and never came. */
  endStream(missing: number): void {
    const outer = this.#outer as RecordStream;
    if (this.#hasStopped) this.damage.bytes += missing;
    else if (outer.pending + outer.payloadMissing + missing > 0) {
      this.damage.add(outer.offset, outer.pending + missing, 'ends in the middle of a record');
    }
    const inner = this.#inner;
    if (inner !== undefined && inner.pending > 0) {
      this.damage.add(inner.offset, inner.pending, 'compressed data end in the middle of a record');
    }
    this.#outer = undefined;
    this.#inner = undefined;
  }

  /** All streams have ended: decodes what waited for it. False when the rows are full and there is more. */
  finish(out: AccessColumns): boolean {
    this.trace.endAll();
    if (!this.trace.drain(out)) return false;
    this.trace.finish();
    return true;
  }

  /** Runs decompressed records, or decompresses some; false when there is nothing of either. */
  #runInner(zstd: ZstdStream, out: AccessColumns): boolean {
    this.#inner ??= new RecordStream(this.#isBigEndian, this.#open().inner);
    const step = this.#run(this.#inner, out);
    if (step === 'bad') this.#stopInner(this.#inner, zstd);
    if (step !== 'more') return true;
    const block = zstd.next();
    if (block !== undefined) this.#inner.take(block);
    else if (zstd.failure !== '' && !this.#hasToldFailure) this.#tellFailure(zstd);
    return block !== undefined;
  }

  #tellFailure(zstd: ZstdStream): void {
    this.#hasToldFailure = true;
    this.damage.add(this.#outer?.offset ?? 0, zstd.unread, `compressed data: ${zstd.failure}`);
  }

  #stopOuter(outer: RecordStream): void {
    this.#hasStopped = true;
    this.damage.add(outer.offset, outer.pending, 'a record size below 8: nothing after it can be read');
  }

  /** Reads records until something needs the caller; `record` means "look around and come back". */
  #run(stream: RecordStream, out: AccessColumns): 'full' | 'more' | 'bad' | 'record' {
    const view = stream.view;
    for (;;) {
      stream.passSamples(this.samples, out);
      if (out.count === out.capacity) return 'full';
      const step = stream.next();
      if (step === 'payload') {
        this.#takePayload(stream);
        return 'record';
      }
      if (step !== 'record') return step;
      if (view.type === RECORD.sample) {
        this.samples.decode(view, out);
      } else if (this.#readOther(stream, view)) return 'record';
    }
  }

  /** Takes a record that is no sample; true when there may now be something else to do first. */
  #readOther(stream: RecordStream, view: RecordView): boolean {
    this.recordCounts[view.type < COUNTED_TYPES ? view.type : COUNTED_TYPES - 1]++;
    if (view.type === RECORD.compressed || view.type === RECORD.compressed2)
      return this.#readCompressed(view);
    this.state.read(view);
    if (this.state.newNames.length + this.state.newPrograms.length > 0) return true;
    if (view.type === RECORD.finishedRound) {
      if (this.#inOneStream) this.trace.endRound();
      return true;
    }
    const payload = payloadAfter(view);
    if (payload > 0) this.#expectPayload(stream, view, payload);
    return payload > 0;
  }

  #expectPayload(stream: RecordStream, view: RecordView, length: number): void {
    if (!(length <= LONGEST_PAYLOAD)) {
      this.damage.add(view.offset, view.size, 'claims an impossible amount of data');
      return;
    }
    stream.expectPayload(length);
    this.#payloadIsSpe =
      view.type === RECORD.auxtrace && view.size >= 48 && this.state.auxType === AUXTRACE_ARM_SPE;
    if (!this.#payloadIsSpe) return;
    this.#auxIndex = view.u32(32);
    this.#auxTid = view.u32(36);
    this.#auxCpu = view.u32(40);
    if (this.trace.setup.midr === 0) this.trace.setup.midr = midrOfCpuId(this.state.features.cpuId);
  }

  #takePayload(stream: RecordStream): void {
    if (this.#payloadIsSpe && !this.samples.wantsTrace(this.#auxCpu)) {
      this.samples.losses.otherPlaceBytes += stream.payload.length;
    } else if (this.#payloadIsSpe) {
      const buffer = { index: this.#auxIndex, cpu: this.#auxCpu, tid: this.#auxTid };
      this.trace.addBytes(buffer, stream.payload, stream.payloadEnds);
    } else if (this.state.auxType !== 0) this.foreignAuxBytes += stream.payload.length;
  }

  #readCompressed(view: RecordView): boolean {
    this.#zstd ??= new ZstdStream();
    const isPadded = view.type === RECORD.compressed2;
    const start = isPadded ? 16 : 8;
    const end = isPadded ? Math.min(view.size, 16 + view.u64(8)) : view.size;
    if (this.#zstd.failure !== '' || view.size < start) {
      this.damage.add(
        view.offset,
        view.size,
        `compressed data: ${this.#zstd.failure || 'record is too short'}`,
      );
      return false;
    }
    this.#zstd.push(view.slice(start, end));
    return true;
  }

  /** The decompressed data are no records any more: the rest of them cannot be read either. */
  #stopInner(inner: RecordStream, zstd: ZstdStream): void {
    this.damage.add(inner.offset, inner.pending, 'decompressed data hold a record size below 8');
    zstd.failure ||= 'unreadable since the damage before';
    this.#inner = new RecordStream(this.#isBigEndian, this.#open().inner);
  }
}
