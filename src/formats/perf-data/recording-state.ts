/** What the records other than samples tell: threads, mappings, losses, clocks, and where AUX data belongs. */

import { hexOf } from '../elf/file.js';
import { AUX_FLAG, AUXTRACE_ARM_SPE, MISC, RECORD } from '../perf-abi/constants.js';
import { readAttr } from './attr.js';
import { addBuildId, type BuildIds } from './build-ids.js';
import { CgroupTable } from './cgroups.js';
import type { DamageLog } from './damage.js';
import type { EventTable } from './event-table.js';
import { type Features, readFeature } from './header-features.js';
import { MappingTable } from './mappings.js';
import type { RecordView } from './record-view.js';
import type { RunningTimes } from './running-times.js';
import type { SampleDecoder } from './sample-decoder.js';
import { timesOfRead } from './sample-layout.js';
import type { SpeTrace } from './spe-trace.js';
import { ThreadTable } from './threads.js';

/** Smallest size of the records that are read, by type; shorter ones are damaged. */
const LEAST_SIZE: Readonly<Record<number, number>> = {
  [RECORD.mmap]: 40,
  [RECORD.lost]: 24,
  [RECORD.throttle]: 32,
  [RECORD.unthrottle]: 32,
  [RECORD.read]: 24,
  [RECORD.comm]: 16,
  [RECORD.exit]: 32,
  [RECORD.fork]: 32,
  [RECORD.mmap2]: 72,
  [RECORD.aux]: 32,
  [RECORD.lostSamples]: 16,
  [RECORD.switchCpuWide]: 16,
  [RECORD.cgroup]: 24,
  [RECORD.headerAttr]: 72,
  [RECORD.tracingData]: 12,
  [RECORD.idIndex]: 16,
  [RECORD.auxtraceInfo]: 24,
  [RECORD.auxtrace]: 48,
  [RECORD.threadMap]: 16,
  [RECORD.eventUpdate]: 24,
  [RECORD.timeConv]: 32,
  [RECORD.headerFeature]: 16,
  [RECORD.compressed2]: 16,
};
/** `{u64 pid; char comm[16]}` of a THREAD_MAP. */
const THREAD_ENTRY_BYTES = 24;
const MAGIC_LOW = 0x10101010;
/** PERF_EVENT_UPDATE__NAME. */
const UPDATE_NAME = 2;
/** As many as there can be processes (PID_MAX_LIMIT). */
const MOST_ENDED = 1 << 22;

/** `{u8 bytes, u8, u16, u8 id[20]}` of an MMAP2 that has it in place of the inode. */
function buildIdOf(view: RecordView): { readonly buildId?: string } {
  if (view.type !== RECORD.mmap2 || (view.misc & MISC.mmapBuildId) === 0) return {};
  return { buildId: hexOf(view.slice(44, 44 + Math.min(view.u8(40), 20))) };
}

/** A process that runs another program, or is another one than had its pid, from a moment on (NaN when not known). */
export interface NewProgram {
  readonly pid: number;
  readonly sinceNs: number;
}

/** What was lost before it reached the file. */
export interface Losses {
  /** Records that did not fit into a ring (PERF_RECORD_LOST). */
  records: number;
  /** Samples (PERF_RECORD_LOST_SAMPLES). */
  samples: number;
  /** AUX buffers that were cut because the ring was full, had a gap, or had samples collide. */
  auxTruncated: number;
  auxPartial: number;
  auxCollisions: number;
  /** Times the kernel throttled an event. */
  throttled: number;
}

/** Takes every record that is no sample, and keeps what samples need of it. */
export class RecordingState {
  readonly features: Features = {};
  readonly threads = new ThreadTable();
  readonly mappings = new MappingTable(this.threads);
  readonly cgroups = new CgroupTable();
  /** Of files, from records of a pipe; else they are a feature. */
  readonly buildIds: BuildIds = new Map();
  /** Whether rows must be taken away before threads get new names: when they are chosen by these. */
  namesMatter = false;
  /** Names that are not yet those of the threads. */
  readonly newNames: { readonly pid: number; readonly tid: number; readonly name: string }[] = [];
  /** Processes that run another program, or are others than those that had their pids. */
  readonly newPrograms: NewProgram[] = [];
  readonly #ended = new Set<number>();
  readonly losses: Losses = {
    records: 0,
    samples: 0,
    auxTruncated: 0,
    auxPartial: 0,
    auxCollisions: 0,
    throttled: 0,
  };
  readonly running: RunningTimes;
  /** AUX buffers that were written. */
  auxBuffers = 0;
  /** True when ID_INDEX says of which guest's machine some events are (perf inject --guest-data). */
  namesGuests = false;
  /** auxtrace_info.type, 0 without AUX data. */
  auxType = 0;
  readonly events: EventTable;
  readonly #samples: SampleDecoder;
  readonly #trace: () => SpeTrace;
  readonly #damage: DamageLog;
  readonly #pageBytes: number;

  constructor(
    events: EventTable,
    samples: SampleDecoder,
    trace: () => SpeTrace,
    damage: DamageLog,
    pageBytes: number,
  ) {
    this.events = events;
    this.#samples = samples;
    this.running = samples.running;
    this.#trace = trace;
    this.#damage = damage;
    this.#pageBytes = pageBytes;
  }

  /** Takes what one record tells. */
  read(view: RecordView): void {
    if (view.size < (LEAST_SIZE[view.type] ?? 0)) {
      this.#damage.add(view.offset, view.size, `record of type ${view.type} is too short`);
      return;
    }
    this.#handlers[view.type]?.(view);
  }

  /** Whatever depends on features is worked out again when more of them are known. */
  learn(): void {
    this.events.describe(this.features);
    this.#samples.learn(this.features);
  }

  readonly #handlers: Readonly<Record<number, (view: RecordView) => void>> = {
    [RECORD.mmap]: (view) => this.#readMapping(view, 40),
    [RECORD.mmap2]: (view) => this.#readMapping(view, 72),
    [RECORD.lost]: (view) => {
      this.losses.records += view.u64(16);
    },
    [RECORD.lostSamples]: (view) => {
      this.losses.samples += view.u64(8);
    },
    [RECORD.throttle]: (view) => {
      this.losses.throttled++;
      this.running.throttle(view.u64(16), view.u64(8));
    },
    [RECORD.unthrottle]: (view) => this.running.unthrottle(view.u64(16), view.u64(8)),
    [RECORD.read]: (view) => this.#readTimes(view),
    [RECORD.comm]: (view) => this.#readName(view),
    [RECORD.cgroup]: (view) => this.cgroups.add(view.u64(8), view.text(16, view.size)),
    [RECORD.fork]: (view) => this.#readFork(view),
    [RECORD.exit]: (view) => this.#readExit(view),
    [RECORD.threadMap]: (view) => this.#readThreadMap(view),
    [RECORD.idIndex]: (view) => this.#readIdIndex(view),
    [RECORD.aux]: (view) => this.#readAux(view),
    [RECORD.itraceStart]: (view) => {
      if (view.size >= 16) this.threads.addThread(view.i32(8), view.i32(12));
    },
    [RECORD.switch]: (view) => this.#readSwitchIn(view),
    [RECORD.switchCpuWide]: (view) => this.#readSwitchWide(view),
    [RECORD.headerAttr]: (view) => this.#readHeaderAttr(view),
    [RECORD.headerBuildId]: (view) => {
      addBuildId(this.buildIds, view);
    },
    [RECORD.headerFeature]: (view) => this.#readHeaderFeature(view),
    [RECORD.eventUpdate]: (view) => this.#readUpdate(view),
    [RECORD.timeConv]: (view) => this.#readTimeConversion(view),
    [RECORD.auxtraceInfo]: (view) => this.#readAuxInfo(view),
  };

  #readMapping(view: RecordView, nameAt: number): void {
    const start = view.u64(16);
    const bytes = view.u64(24);
    const first = Math.floor(start / this.#pageBytes);
    const end = Math.ceil((start + bytes) / this.#pageBytes);
    const trailer = this.events.ofOther(view)?.trailer.bytes ?? 0;
    const name = view.text(nameAt, view.size - trailer);
    const since = this.#momentOf(view);
    const file = {
      sinceNs: Number.isNaN(since) ? 0 : since,
      fileStart: first - Math.floor(view.u64(32) / this.#pageBytes),
      ...buildIdOf(view),
    };
    if (bytes > 0 && start + bytes <= 2 ** 64)
      this.mappings.add(view.i32(8), { start: first, end, name, ...file });
    this.threads.addThread(view.i32(8), view.i32(12));
  }

  #readName(view: RecordView): void {
    const pid = view.i32(8);
    const tid = view.i32(12);
    this.threads.addThread(pid, tid);
    if ((view.misc & MISC.commExec) !== 0 && pid === tid)
      this.newPrograms.push({ pid, sinceNs: this.#momentOf(view) });
    this.newNames.push({ pid, tid, name: view.text(16, view.size) });
    if (!this.namesMatter) this.takeNames();
  }

  /** Threads are called by their new names from now on. */
  takeNames(): void {
    for (const { pid, tid, name } of this.newNames.splice(0)) {
      this.threads.addThreadName(tid, name);
      if (pid === tid) this.threads.addName(pid, name);
    }
  }

  /** What was recorded of a process before that moment is of another one. */
  beginAnew({ pid, sinceNs }: NewProgram): void {
    this.mappings.forget(pid, sinceNs);
    this.threads.forgetParent(pid);
  }

  /** When a record that is no sample was written, in nanoseconds; NaN when it does not say. */
  #momentOf(view: RecordView): number {
    const { time, bytes } = this.events.ofOther(view)?.trailer ?? { time: 0, bytes: 0 };
    return time === 0 || view.size < 8 + bytes ? Number.NaN : view.u64(view.size - time);
  }

  #readFork(view: RecordView): void {
    const [pid, tid] = [view.i32(8), view.i32(16)];
    if (pid === tid && this.#ended.delete(pid)) this.newPrograms.push({ pid, sinceNs: view.u64(24) });
    this.threads.addFork(pid, tid, view.i32(12));
  }

  /** A pid is another's when it is forked again after its process has ended. */
  #readExit(view: RecordView): void {
    const pid = view.i32(8);
    if (pid === view.i32(16) && this.#ended.size < MOST_ENDED) this.#ended.add(pid);
  }

  #readThreadMap(view: RecordView): void {
    const count = Math.min(view.u64(8), Math.floor((view.size - 16) / THREAD_ENTRY_BYTES));
    for (let i = 0; i < count; i++) {
      const at = 16 + i * THREAD_ENTRY_BYTES;
      const pid = view.low(at) | 0;
      if (pid >= 0 && this.threads.processOf(pid) < 0) this.threads.addThread(pid, pid);
    }
  }

  /** `{id, idx, cpu, tid}` of each event, then `{machine_pid, vcpu}` of each where guests were recorded, too. */
  #readIdIndex(view: RecordView): void {
    const count = view.u64(8);
    const guestsAt = 16 + 32 * count;
    for (let i = 0; i < count && guestsAt + 16 * (i + 1) <= view.size; i++) {
      if (view.low(guestsAt + 16 * i) !== 0) this.namesGuests = true;
    }
  }

  #readAux(view: RecordView): void {
    const flags = view.low(24);
    this.auxBuffers++;
    if (flags & AUX_FLAG.truncated) this.losses.auxTruncated++;
    if (flags & AUX_FLAG.partial) this.losses.auxPartial++;
    if (flags & AUX_FLAG.collision) this.losses.auxCollisions++;
  }

  /** PERF_RECORD_SWITCH tells of its own thread only: it comes in. */
  #readSwitchIn(view: RecordView): void {
    if (view.misc & MISC.switchOut) return;
    this.#addSwitch(view, (trailerTid) => [view.i32(trailerTid), view.i32(trailerTid + 4)]);
  }

  /** Going out names the next thread; coming in, the thread itself is in the trailer. */
  #readSwitchWide(view: RecordView): void {
    if (view.misc & MISC.switchOut) this.#addSwitch(view, () => [view.i32(8), view.i32(12)]);
    else this.#readSwitchIn(view);
  }

  #addSwitch(view: RecordView, thread: (trailerTid: number) => readonly [number, number]): void {
    const trailer = this.events.ofOther(view)?.trailer;
    if (trailer === undefined || trailer.tid === 0 || trailer.time === 0 || trailer.cpu === 0) return;
    if (view.size < 8 + trailer.bytes) return;
    const timeAt = view.size - trailer.time;
    const [pid, tid] = thread(view.size - trailer.tid);
    const time = this.#samples.since(view.low(timeAt), view.high(timeAt));
    if (tid > 0 && pid > 0) this.threads.addThread(pid, tid);
    this.#trace().addSwitch(view.u32(view.size - trailer.cpu), time, pid, tid);
  }

  /** What the counters of a thread came to when it ended (perf record -s). */
  #readTimes(view: RecordView): void {
    const event = this.events.ofOther(view);
    const times = event === undefined ? undefined : timesOfRead(view, 16, event.attr.readFormat);
    if (event !== undefined && times !== undefined)
      this.running.threadEnded(event.index, times.enabled, times.running);
  }

  #readHeaderAttr(view: RecordView): void {
    const attr = readAttr(view, 8, view.size - 8);
    if (attr === undefined) {
      this.#damage.add(view.offset, view.size, 'HEADER_ATTR holds no perf_event_attr');
      return;
    }
    const event = this.events.add(attr);
    if (event < 0) return;
    for (let at = 8 + attr.size; at + 8 <= view.size; at += 8) {
      this.events.addId(view.low(at), view.high(at), event);
    }
    this.learn();
  }

  /** An empty body ends the features, whatever its number. */
  #readHeaderFeature(view: RecordView): void {
    if (view.size <= 16) return;
    const body = view.slice(16, view.size).slice();
    if (readFeature(this.features, view.u64(8), body, view.isBigEndian)) this.learn();
  }

  #readUpdate(view: RecordView): void {
    if (view.u64(8) !== UPDATE_NAME) return;
    this.events.rename(view.low(16), view.high(16), view.text(24, view.size));
  }

  #readTimeConversion(view: RecordView): void {
    const shift = view.u64(8);
    if (shift > 63) {
      this.#damage.add(view.offset, view.size, 'TIME_CONV shifts by more than 63 bits');
      return;
    }
    const isShort = view.size >= 56 && view.u8(49) === 1;
    this.#trace().convertBy({
      shift,
      mult: view.big(16),
      zero: view.big(24),
      short: isShort ? { cycles: view.big(32), mask: view.big(40) } : undefined,
    });
  }

  #readAuxInfo(view: RecordView): void {
    this.auxType = view.u32(8);
    if (this.auxType !== AUXTRACE_ARM_SPE) return;
    const isFirstVersion = view.size <= 16 + 16;
    const pmu = view.u64(isFirstVersion ? 16 : 32);
    const event = this.events.events.find((each) => each.attr.type === pmu);
    const setup = this.#trace().setup;
    this.events.hasMoreColumns = true;
    setup.event = event?.index ?? 0;
    setup.weight = event?.fixedWeight ?? 1;
    this.events.setSpe(event?.index ?? 0, this.features);
    if (!isFirstVersion) this.#readCpus(view, setup.midrs as Map<number, number>);
  }

  /** Version 2 lists the CPUs: magic, cpu, number of parameters, then MIDR and others. */
  #readCpus(view: RecordView, midrs: Map<number, number>): void {
    let at = 16 + 8 * Math.min(view.u64(24), 64);
    while (at + 32 <= view.size && view.low(at) === MAGIC_LOW) {
      midrs.set(view.low(at + 8), view.low(at + 24));
      at += 8 * (3 + Math.max(1, Math.min(view.u64(at + 16), 1024)));
    }
  }
}
