/**
 * The AUX buffers of a recording: joins the pieces of each queue, decodes them to sample rows, and says which
 * thread each record is of. By context packets where there are any; else, per thread, by the buffer's own thread;
 * else by the context switches of the CPU, for which buffers wait until the switches up to their end are known.
 */
import { SAMPLE_FLAG, SAMPLE_KIND } from '../../vocabulary/sample.js';
import type { AccessColumns } from '../perf-data/access-columns.js';
import type { SampleDecoder } from '../perf-data/sample-decoder.js';
import type { ThreadTable } from '../perf-data/threads.js';
import { type DataSources, dataSourcesOf, UNKNOWN_SOURCES } from './data-source.js';
import { EVENT, isAtomic } from './packets.js';
import { readOrdinaryRecords, SpeColumns } from './record-columns.js';
import { hasContext, SpeRecordDecoder } from './record-decoder.js';
import { SwitchTimeline } from './switch-timeline.js';
import type { TimeConverter } from './time-conversion.js';

/** Bytes of AUX data that may wait for context switches. */
const MOST_WAITING = 32 << 20;
const MOST_QUEUES = 4096;
const NO_THREAD = 0xffffffff;
const SOURCE_VALUES = 65536;

/** The AUXTRACE record that bytes came with. */
export interface AuxBuffer {
  readonly index: number;
  /** All ones when the buffer is not of one CPU (or thread). */
  readonly cpu: number;
  readonly tid: number;
}

interface Piece {
  readonly bytes: Uint8Array;
  /** No further bytes of the same buffer follow. */
  readonly ends: boolean;
  readonly round: number;
}

interface Queue {
  readonly buffer: AuxBuffer;
  readonly timeline: SwitchTimeline;
  /** 1 for data sources of another socket or chip. */
  readonly isRemote: Uint8Array;
  /** Value of the last context packet, −1 before the first. */
  context: number;
  /** Begun record whose rest is still to come. */
  tail: Uint8Array;
  waiting: Piece[];
  tid: number;
  pid: number;
  /** True once a context packet has named the thread. */
  isNamed: boolean;
}

export interface SpeSetup {
  /** Event number and weight of the rows. */
  event: number;
  weight: number;
  /** MIDR by CPU, and of all CPUs that are not listed. */
  midrs: ReadonlyMap<number, number>;
  midr: number;
}

export class SpeTrace {
  readonly records = new SpeRecordDecoder();
  private readonly columns = new SpeColumns();
  readonly setup: SpeSetup = { event: 0, weight: 1, midrs: new Map(), midr: 0 };
  converter: TimeConverter | undefined;
  /** Records that are no memory access. */
  otherOperations = 0;
  /** Records of the load/store class. */
  memoryOperations = 0;
  /** Memory accesses whose thread is a guess by context switches, and those with no thread at all. */
  guessedThreads = 0;
  unknownThreads = 0;
  /** Records with a timestamp but without a conversion for it. */
  unconvertedTimes = 0;
  /** Queues beyond the number kept; their bytes are lost. */
  ignoredBytes = 0;
  /** How often each data source value was seen with a load. */
  private sourceCounts = new Uint32Array(0);
  private readonly queues = new Map<number, Queue>();
  private readonly remoteTables = new Map<DataSources, Uint8Array>();
  private readonly timelines = new Map<number, SwitchTimeline>();
  private readonly samples: SampleDecoder;
  private readonly threads: ThreadTable;
  private usesContext: boolean | undefined;
  private round = 0;
  private waitingBytes = 0;
  private releasedRound = -1;
  private baseOffset = 0;
  private hasBase = false;
  /** What is being decoded now: position in `current`. */
  private current: Uint8Array | undefined;
  private currentAt = 0;
  private currentEnds = false;
  private currentQueue: Queue | undefined;

  constructor(samples: SampleDecoder, threads: ThreadTable) {
    this.samples = samples;
    this.threads = threads;
  }

  /** A context switch: from `time` (as SampleDecoder.since counts) on, `tid` runs on `cpu`. */
  addSwitch(cpu: number, time: number, pid: number, tid: number): void {
    this.timelineOf(cpu).add(time, pid, tid);
  }

  /** Takes bytes of a buffer, which stay valid until `drain` has answered true. */
  addBytes(buffer: AuxBuffer, bytes: Uint8Array, ends: boolean): void {
    const queue = this.queueOf(buffer);
    if (queue === undefined) {
      this.ignoredBytes += bytes.length;
      return;
    }
    this.usesContext ??= hasContext(bytes);
    const waits = this.usesContext === false && buffer.tid === NO_THREAD;
    if (!waits && queue.waiting.length === 0) {
      this.begin(queue, bytes, ends);
      return;
    }
    queue.waiting.push({ bytes: bytes.slice(), ends, round: this.round });
    this.waitingBytes += bytes.length;
    if (this.waitingBytes > MOST_WAITING) this.releasedRound = this.round;
  }

  /** A FINISHED_ROUND: the switches up to the end of the round before are now known. */
  endRound(): void {
    this.releasedRound = this.round - 1;
    this.round++;
  }

  /** All input has been read. */
  endAll(): void {
    this.releasedRound = Number.POSITIVE_INFINITY;
  }

  /** Decodes what is ready into `out`; false when `out` is full and there is more. */
  drain(out: AccessColumns): boolean {
    for (;;) {
      if (this.current !== undefined && !this.decode(this.current, out)) return false;
      if (!this.beginReleased()) return true;
    }
  }

  /** Drops the begun records at the very end of the input, counting them. */
  finish(): void {
    for (const queue of this.queues.values()) {
      this.records.attach(queue.tail);
      this.records.next(0, queue.tail.length, true);
      queue.tail = EMPTY;
    }
  }

  /** Loads by the name of their data source, for the CPUs whose names are known; by value otherwise. */
  sourcesByName(): ReadonlyMap<string, number> {
    const names = new Map<string, number>();
    const sources = dataSourcesOf([...this.setup.midrs.values()][0] ?? this.setup.midr);
    this.sourceCounts.forEach((count, value) => {
      if (count === 0) return;
      const name = sources.names[value] ?? `0x${value.toString(16)}`;
      names.set(name, (names.get(name) ?? 0) + count);
    });
    return names;
  }

  private beginReleased(): boolean {
    if (this.waitingBytes === 0) return false;
    for (const queue of this.queues.values()) {
      const piece = queue.waiting[0];
      if (piece === undefined || piece.round > this.releasedRound) continue;
      queue.waiting.shift();
      this.waitingBytes -= piece.bytes.length;
      this.begin(queue, piece.bytes, piece.ends);
      return true;
    }
    return false;
  }

  private begin(queue: Queue, bytes: Uint8Array, ends: boolean): void {
    this.current = queue.tail.length === 0 ? bytes : joined(queue.tail, bytes);
    queue.tail = EMPTY;
    this.records.attach(this.current);
    this.currentAt = 0;
    this.currentEnds = ends;
    this.currentQueue = queue;
  }

  /** Decodes `current` in portions; false when `out` is full before its end. */
  private decode(bytes: Uint8Array, out: AccessColumns): boolean {
    const queue = this.currentQueue as Queue;
    const { columns, records } = this;
    columns.context = queue.context;
    for (;;) {
      const limit = Math.min(columns.capacity, out.capacity - out.count);
      if (limit === 0) return false;
      columns.count = 0;
      columns.records = 0;
      this.currentAt = readOrdinaryRecords(bytes, records.view, this.currentAt, bytes.length, limit, columns);
      records.counts.records += columns.records;
      const isDone = columns.count < limit && this.decodeRare(queue, bytes);
      queue.context = columns.context;
      this.takeRows(queue, out);
      if (isDone) return true;
    }
  }

  /** One record with rare packets, bad bytes or close to the end; true when no whole record is left. */
  private decodeRare(queue: Queue, bytes: Uint8Array): boolean {
    const next = this.records.next(this.currentAt, bytes.length, this.currentEnds);
    if (next > 0) {
      this.currentAt = next;
      this.columns.push(this.records);
      return false;
    }
    queue.tail = -next < bytes.length ? bytes.slice(-next) : EMPTY;
    this.current = undefined;
    return true;
  }

  private takeRows(queue: Queue, out: AccessColumns): void {
    const { columns } = this;
    this.otherOperations += columns.records - columns.count;
    this.memoryOperations += columns.count;
    for (let row = 0; row < columns.count; row++) {
      const context = columns.contexts[row];
      if (context >= 0 && (context !== queue.tid || !queue.isNamed)) this.nameThread(queue, context);
      const time = this.timeOf(row);
      if (!queue.isNamed && queue.buffer.tid === NO_THREAD) this.guessThread(queue, time);
      if (!this.samples.wants(queue.pid)) this.samples.losses.otherProcess++;
      else this.fill(row, queue, time, out);
    }
  }

  private nameThread(queue: Queue, tid: number): void {
    queue.tid = tid;
    queue.pid = this.threads.processOf(tid);
    queue.isNamed = true;
  }

  private guessThread(queue: Queue, time: number): void {
    if (queue.timeline.seek(time)) {
      queue.tid = queue.timeline.tid;
      queue.pid = queue.timeline.pid;
      this.guessedThreads++;
    } else this.unknownThreads++;
  }

  /** Nanoseconds after the recording's first time, NaN when the record has no usable time. */
  private timeOf(row: number): number {
    const { columns, converter } = this;
    if (columns.hasTime[row] === 0) return Number.NaN;
    if (converter === undefined) {
      this.unconvertedTimes++;
      return Number.NaN;
    }
    const relative = converter.relative(columns.timeLow[row] >>> 0, columns.timeHigh[row] >>> 0);
    if (!this.hasBase) this.setBase(converter.base ?? 0n);
    return relative + this.baseOffset;
  }

  private setBase(base: bigint): void {
    this.baseOffset = this.samples.since(Number(base & 0xffffffffn), Number(base >> 32n));
    this.hasBase = true;
  }

  private fill(from: number, queue: Queue, time: number, out: AccessColumns): void {
    const { columns, samples } = this;
    const row = out.count++;
    const virtualLow = columns.virtualLow[from] >>> 0;
    const virtualHigh = columns.virtualHigh[from] >>> 0;
    const physicalLow = columns.physicalLow[from] >>> 0;
    const physicalHigh = columns.physicalHigh[from];
    out.time[row] = time;
    out.pid[row] = queue.pid;
    out.tid[row] = queue.tid;
    out.addressLow[row] = virtualLow;
    out.addressHigh[row] = virtualHigh;
    out.physicalLow[row] = physicalLow;
    out.physicalHigh[row] = physicalHigh;
    out.virtualPage[row] = samples.page(virtualLow, virtualHigh);
    out.physicalPage[row] = samples.page(physicalLow, physicalHigh);
    out.kind[row] = kindOf(columns.operation[from]);
    out.weight[row] = this.setup.weight;
    out.latency[row] = columns.latency[from];
    out.event[row] = this.setup.event;
    out.flags[row] = this.flagsOf(from, queue);
  }

  private flagsOf(row: number, queue: Queue): number {
    const { columns } = this;
    const events = columns.events[row];
    const source = columns.source[row];
    let flags = columns.level[row] > 0 ? SAMPLE_FLAG.kernel : 0;
    if (events & EVENT.tlbWalk) flags |= SAMPLE_FLAG.tlbMiss;
    if (events & EVENT.lastLevelMiss) flags |= SAMPLE_FLAG.cacheMiss;
    if (events & EVENT.remoteAccess) flags |= SAMPLE_FLAG.remoteMemory;
    if (!queue.isNamed && queue.buffer.tid === NO_THREAD) flags |= SAMPLE_FLAG.guessedThread;
    const isLoad = (columns.operation[row] & 1) === 0;
    if (source < 0 || !isLoad) return flags;
    if (this.sourceCounts.length === 0) this.sourceCounts = new Uint32Array(SOURCE_VALUES);
    this.sourceCounts[source]++;
    return queue.isRemote[source] === 1 ? flags | SAMPLE_FLAG.remoteMemory : flags;
  }

  private queueOf(buffer: AuxBuffer): Queue | undefined {
    const known = this.queues.get(buffer.index);
    if (known !== undefined && known.buffer.tid === buffer.tid && known.buffer.cpu === buffer.cpu)
      return known;
    if (known === undefined && this.queues.size >= MOST_QUEUES) return undefined;
    const midr = this.setup.midrs.get(buffer.cpu) ?? this.setup.midr;
    const queue: Queue = {
      buffer: { ...buffer },
      timeline: this.timelineOf(buffer.cpu),
      isRemote: this.remoteTableOf(midr === 0 ? UNKNOWN_SOURCES : dataSourcesOf(midr)),
      context: known?.context ?? -1,
      tail: EMPTY,
      waiting: known?.waiting ?? [],
      tid: buffer.tid | 0,
      pid: buffer.tid === NO_THREAD ? -1 : this.threads.processOf(buffer.tid),
      isNamed: false,
    };
    this.queues.set(buffer.index, queue);
    return queue;
  }

  /** Queues of CPUs of one family share a table. */
  private remoteTableOf(sources: DataSources): Uint8Array {
    const known = this.remoteTables.get(sources);
    if (known !== undefined) return known;
    const table = remoteTable(sources);
    this.remoteTables.set(sources, table);
    return table;
  }

  private timelineOf(cpu: number): SwitchTimeline {
    const known = this.timelines.get(cpu);
    if (known !== undefined) return known;
    const fresh = new SwitchTimeline();
    if (this.timelines.size < MOST_QUEUES) this.timelines.set(cpu, fresh);
    return fresh;
  }
}

const EMPTY = new Uint8Array(0);

function remoteTable(sources: DataSources): Uint8Array {
  const table = new Uint8Array(SOURCE_VALUES);
  for (const value of sources.remote) table[value] = 1;
  return table;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}

function kindOf(operation: number): number {
  if (isAtomic(operation)) return SAMPLE_KIND.update;
  return (operation & 1) !== 0 ? SAMPLE_KIND.store : SAMPLE_KIND.load;
}
