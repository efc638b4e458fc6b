/**
 * The AUX buffers of a recording: joins the pieces of each queue, decodes them to sample rows, and says which
 * thread each record is of. By context packets where there are any; else, per thread, by the buffer's own thread;
 * else by the context switches of the CPU, for which buffers wait until the switches up to their end are known.
 */

import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { SAMPLE_FLAG } from '../../vocabulary/sample.js';
import { type AuxBuffer, NO_THREAD, type Queue } from '../arm-spe/aux-queue.js';
import { dataSourcesOf, SOURCE_VALUES, sourceFlagsOf, UNKNOWN_SOURCES } from '../arm-spe/data-source.js';
import { hasContext, SpeRecordDecoder } from '../arm-spe/record-decoder.js';
import { SwitchTimeline } from '../arm-spe/switch-timeline.js';
import { clockOf, nanosecondsOf, type TimeConversion } from '../arm-spe/time-conversion.js';
import { EXCHANGE } from '../sample-loop/exchange.js';
import type { SampleLoop } from '../sample-loop/sample-loop.js';
import type { SampleDecoder } from './sample-decoder.js';
import { kindOf, putRecord, tellsSource } from './spe-rows.js';
import type { ThreadTable } from './threads.js';

/** Bytes of AUX data that may wait for context switches. */
const MOST_WAITING = 32 << 20;
const MOST_QUEUES = 4096;

/** What rows of SPE take from the recording, not from the record. */
export interface SpeSetup {
  /** Event number and weight of the rows. */
  event: number;
  weight: number;
  /** MIDR by CPU, and of all CPUs that are not listed. */
  midrs: ReadonlyMap<number, number>;
  midr: number;
}

/** Decodes AUX buffers to rows of samples, queue by queue. */
export class SpeTrace {
  readonly records = new SpeRecordDecoder();
  readonly setup: SpeSetup = { event: 0, weight: 1, midrs: new Map(), midr: 0 };
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
  /** How often each data source value was seen with a load; in the loop's memory while that is there. */
  #sourceCounts: Uint32Array = new Uint32Array(0);
  #conversion: TimeConversion | undefined;
  #loop: SampleLoop | undefined;
  #placedFlags: Uint16Array | undefined;
  readonly #queues = new Map<number, Queue>();
  readonly #timelines = new Map<number, SwitchTimeline>();
  readonly #samples: SampleDecoder;
  readonly #threads: ThreadTable;
  #usesContext: boolean | undefined;
  #round = 0;
  #waitingBytes = 0;
  #releasedRound = -1;
  /** What is being decoded now: bytes in the loop's memory, their address there, and the position in them. */
  #current: Uint8Array | undefined;
  #currentAddress = 0;
  #currentAt = 0;
  #currentEnds = false;
  #currentQueue: Queue | undefined;

  constructor(samples: SampleDecoder, threads: ThreadTable) {
    this.#samples = samples;
    this.#threads = threads;
  }

  /** Decodes by a loop from now on, or not at all any more. */
  attach(loop: SampleLoop | undefined): void {
    if (loop === undefined) this.#sourceCounts = this.#sourceCounts.slice();
    else {
      this.#sourceCounts = loop.sourceCounts;
      for (let payload = 0; payload < 256; payload++) loop.operationKinds[payload] = kindOf(payload);
    }
    this.#loop = loop;
    this.#placedFlags = undefined;
    if (this.#conversion !== undefined) this.convertBy(this.#conversion);
  }

  /** How the timestamps of records become times. */
  convertBy(conversion: TimeConversion): void {
    this.#conversion = conversion;
    const { cycles, mask } = clockOf(conversion);
    this.#loop?.calls.setConversion(conversion.shift, conversion.mult, conversion.zero, cycles, mask);
  }

  /** A context switch: from `time` (as SampleDecoder.since counts) on, `tid` runs on `cpu`. */
  addSwitch(cpu: number, time: number, pid: number, tid: number): void {
    this.#timelineOf(cpu).add(time, pid, tid);
  }

  /** Takes bytes of a buffer, which stay valid until `drain` has answered true. */
  addBytes(buffer: AuxBuffer, bytes: Uint8Array, ends: boolean): void {
    const queue = this.#queueOf(buffer);
    if (queue === undefined) {
      this.ignoredBytes += bytes.length;
      return;
    }
    this.#usesContext ??= hasContext(bytes);
    const waits = this.#usesContext === false && buffer.tid === NO_THREAD;
    if (!waits && queue.waiting.length === 0) {
      this.#begin(queue, bytes, ends);
      return;
    }
    queue.waiting.push({ bytes: bytes.slice(), ends, round: this.#round });
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > MOST_WAITING) this.#releasedRound = this.#round;
  }

  /** A FINISHED_ROUND: the switches up to the end of the round before are now known. */
  endRound(): void {
    this.#releasedRound = this.#round - 1;
    this.#round++;
  }

  /** All input has been read. */
  endAll(): void {
    this.#releasedRound = Number.POSITIVE_INFINITY;
  }

  /** Decodes what is ready into `out`; false when `out` is full and there is more. */
  drain(out: AccessColumns): boolean {
    for (;;) {
      if (this.#current !== undefined && !this.#decode(this.#current, out)) return false;
      if (!this.#beginReleased()) return true;
    }
  }

  /** Drops the begun records at the very end of the input, counting them. */
  finish(): void {
    for (const queue of this.#queues.values()) {
      this.records.attach(queue.tail);
      this.records.next(0, queue.tail.length, true);
      queue.tail = EMPTY;
    }
  }

  /** Loads by the name of their data source, for the CPUs whose names are known; by value otherwise. */
  sourcesByName(): ReadonlyMap<string, number> {
    const names = new Map<string, number>();
    const sources = dataSourcesOf([...this.setup.midrs.values()][0] ?? this.setup.midr);
    this.#sourceCounts.forEach((count, value) => {
      if (count === 0) return;
      const name = sources.names[value] ?? `0x${value.toString(16)}`;
      names.set(name, (names.get(name) ?? 0) + count);
    });
    return names;
  }

  #beginReleased(): boolean {
    if (this.#waitingBytes === 0) return false;
    for (const queue of this.#queues.values()) {
      const piece = queue.waiting[0];
      if (piece === undefined || piece.round > this.#releasedRound) continue;
      queue.waiting.shift();
      this.#waitingBytes -= piece.bytes.length;
      this.#begin(queue, piece.bytes, piece.ends);
      return true;
    }
    return false;
  }

  /** Goes on with bytes in the loop's memory, or copies them there; what was begun is put in front of them. */
  #begin(queue: Queue, bytes: Uint8Array, ends: boolean): void {
    const { memory, aux } = this.#loop as SampleLoop;
    const isInPlace = bytes.buffer === memory.buffer;
    if (!isInPlace) aux.bytes.set(bytes);
    const address = (isInPlace ? bytes.byteOffset : aux.address) - queue.tail.length;
    memory.set(queue.tail, address);
    this.#currentAddress = address;
    this.#current = memory.subarray(address, address + queue.tail.length + bytes.length);
    queue.tail = EMPTY;
    this.records.attach(this.#current);
    this.#currentAt = 0;
    this.#currentEnds = ends;
    this.#currentQueue = queue;
  }

  /** Decodes `current` in portions; false when `out` is full before its end. */
  #decode(bytes: Uint8Array, out: AccessColumns): boolean {
    const queue = this.#currentQueue as Queue;
    for (;;) {
      if (out.count >= out.capacity) return false;
      // The loop does not keep program counters.
      if (out.instructions === undefined) this.#decodeOrdinary(queue, bytes, out);
      if (out.count >= out.capacity) return false;
      if (this.#decodeRare(queue, bytes, out)) return true;
    }
  }

  /** Lets the loop decode, up to a record that it leaves to `decodeRare`. */
  #decodeOrdinary(queue: Queue, bytes: Uint8Array, out: AccessColumns): void {
    const { calls, exchange } = this.#loop as SampleLoop;
    const { setup } = this;
    const address = this.#currentAddress;
    const hasThread = queue.buffer.tid !== NO_THREAD;
    calls.setSpe(setup.event, setup.weight, this.#samples.wanted === undefined ? 0 : 1);
    calls.setQueue(queue.tid, queue.pid, Number(queue.isNamed), Number(hasThread), queue.context);
    if (this.#placedFlags !== queue.sourceFlags) this.#placeFlags(queue.sourceFlags);
    const next = calls.decodeRecords(address + this.#currentAt, address + bytes.length, out.count);
    this.#currentAt = next - address;
    out.count = exchange[EXCHANGE.rows];
    queue.context = exchange[EXCHANGE.queueContext];
    queue.tid = exchange[EXCHANGE.queueTid];
    queue.pid = exchange[EXCHANGE.queuePid];
    queue.isNamed = exchange[EXCHANGE.queueIsNamed] === 1;
    this.#count(exchange);
  }

  #count(exchange: Int32Array): void {
    const samples = this.#samples;
    const records = exchange[EXCHANGE.records];
    const memoryRecords = exchange[EXCHANGE.memoryRecords];
    this.records.counts.records += records;
    this.memoryOperations += memoryRecords;
    this.otherOperations += records - memoryRecords;
    this.guessedThreads += exchange[EXCHANGE.guessed];
    this.unknownThreads += exchange[EXCHANGE.unknownThread];
    this.unconvertedTimes += exchange[EXCHANGE.unconverted];
    samples.losses.otherProcess += exchange[EXCHANGE.otherProcess];
    samples.takeOrigin(exchange);
  }

  /** One record with rare packets, bad bytes or close to the end; true when no whole record is left. */
  #decodeRare(queue: Queue, bytes: Uint8Array, out: AccessColumns): boolean {
    const next = this.records.next(this.#currentAt, bytes.length, this.#currentEnds);
    if (next > 0) {
      this.#currentAt = next;
      this.#takeRecord(queue, out);
      return false;
    }
    queue.tail = -next < bytes.length ? bytes.slice(-next) : EMPTY;
    this.#current = undefined;
    return true;
  }

  /** Makes a row of the record last read, when it is a wanted memory access. */
  #takeRecord(queue: Queue, out: AccessColumns): void {
    const { records, setup } = this;
    const samples = this.#samples;
    if (records.context >= 0) queue.context = records.context;
    if (records.operation < 0) {
      this.otherOperations++;
      return;
    }
    this.memoryOperations++;
    const time = this.#timeOf(records);
    const { context } = queue;
    if (context >= 0 && (context !== queue.tid || !queue.isNamed)) this.#nameThread(queue, context);
    const isGuess = !queue.isNamed && queue.buffer.tid === NO_THREAD;
    if (isGuess) this.#guessThread(queue, time);
    if (!samples.wants(queue.pid)) {
      samples.losses.otherProcess++;
      return;
    }
    const flags = (isGuess ? SAMPLE_FLAG.guessedThread : 0) | this.#sourceFlags(queue);
    const { pid, tid } = queue;
    putRecord(records, samples, { pid, tid, time, event: setup.event, weight: setup.weight, flags }, out);
  }

  #nameThread(queue: Queue, tid: number): void {
    queue.tid = tid;
    queue.pid = this.#threads.processOf(tid);
    queue.isNamed = true;
  }

  #guessThread(queue: Queue, time: number): void {
    if (queue.timeline.seek(time)) {
      queue.tid = queue.timeline.tid;
      queue.pid = queue.timeline.pid;
      this.guessedThreads++;
    } else this.unknownThreads++;
  }

  /** The loop's question whose thread ran at a time on the CPU of the current buffer. */
  seekThread(time: number): number {
    const timeline = this.#currentQueue?.timeline;
    if (timeline === undefined || !timeline.seek(time)) return 0;
    this.#loop?.calls.setGuess(timeline.tid, timeline.pid, timeline.from, timeline.until);
    return 1;
  }

  /** Nanoseconds after the recording's first time, NaN when the record has no usable time. */
  #timeOf(record: SpeRecordDecoder): number {
    if (!record.hasTime) return Number.NaN;
    if (this.#conversion === undefined) {
      this.unconvertedTimes++;
      return Number.NaN;
    }
    const count = (BigInt(record.timeHigh) << 32n) | BigInt(record.timeLow);
    const time = nanosecondsOf(this.#conversion, count);
    return this.#samples.since(Number(time & 0xffffffffn), Number(time >> 32n));
  }

  #sourceFlags(queue: Queue): number {
    const { records } = this;
    if (!tellsSource(records)) return 0;
    this.#sourceCounts[records.source]++;
    return records.source < SOURCE_VALUES ? queue.sourceFlags[records.source] : 0;
  }

  /** The data sources of the CPU that the kernel decodes for. */
  #placeFlags(flags: Uint16Array): void {
    this.#loop?.sourceFlags.set(flags);
    this.#placedFlags = flags;
  }

  #queueOf(buffer: AuxBuffer): Queue | undefined {
    const known = this.#queues.get(buffer.index);
    if (known !== undefined && known.buffer.tid === buffer.tid && known.buffer.cpu === buffer.cpu)
      return known;
    if (known === undefined && this.#queues.size >= MOST_QUEUES) return undefined;
    const midr = this.setup.midrs.get(buffer.cpu) ?? this.setup.midr;
    const queue: Queue = {
      buffer: { ...buffer },
      timeline: this.#timelineOf(buffer.cpu),
      sourceFlags: sourceFlagsOf(midr === 0 ? UNKNOWN_SOURCES : dataSourcesOf(midr)),
      context: known?.context ?? -1,
      tail: EMPTY,
      waiting: known?.waiting ?? [],
      tid: buffer.tid | 0,
      pid: buffer.tid === NO_THREAD ? -1 : this.#threads.processOf(buffer.tid),
      isNamed: false,
    };
    this.#queues.set(buffer.index, queue);
    return queue;
  }

  #timelineOf(cpu: number): SwitchTimeline {
    const known = this.#timelines.get(cpu);
    if (known !== undefined) return known;
    const fresh = new SwitchTimeline();
    if (this.#timelines.size < MOST_QUEUES) this.#timelines.set(cpu, fresh);
    return fresh;
  }
}

const EMPTY = new Uint8Array(0);
