/** SAMPLE records to columns: no object, no BigInt, no allocation per sample. */

import type { AccessColumns, Instructions } from '../../vocabulary/access-columns.js';
import { joinedFlags, SAMPLE_FLAG, SAMPLE_KIND } from '../../vocabulary/sample.js';
import type { PageGeometry } from '../../vocabulary/units.js';
import { hasErratum1293, type IbsRules, ibsOp, readIbsOp } from '../amd-ibs/op-sample.js';
import type { RegionRecord } from '../damo-record/region.js';
import { readDamonTracepoint } from '../damo-record/tracepoint.js';
import { flagsOfDataSource, kindOfDataSource, latencyOfWeight } from '../intel-pebs/data-source.js';
import { MISC, SAMPLE_FIELD } from '../perf-abi/constants.js';
import { EXCHANGE } from '../sample-loop/exchange.js';
import type { SampleLoop } from '../sample-loop/sample-loop.js';
import type { EventTable, RecordedEvent } from './event-table.js';
import type { Features } from './header-features.js';
import type { RecordView } from './record-view.js';
import { RunningTimes } from './running-times.js';
import { type SampleOffsets, timesOfRead } from './sample-layout.js';
import { planEvent, saysMore, tellsTimes } from './sample-runs.js';

const TWO_32 = 4294967296;
/** An hour of DAMON at its default of one aggregation in 100 ms with ten regions. */
const MOST_REGIONS = 400_000;

/** Samples that made no row, by reason. */
export interface SampleLosses {
  /** The id belongs to no event of the recording. */
  unknownId: number;
  /** Fields reach beyond the record. */
  damaged: number;
  /** Bytes of damaged records. */
  damagedBytes: number;
  /** The process was not asked for. */
  otherProcess: number;
  /** It was taken on a CPU, or in a cgroup, that was not asked for, or the sample does not say on which. */
  otherPlace: number;
  /** Bytes of AUX data of CPUs that were not asked for, or of all when cgroups were, which AUX data do not tell. */
  otherPlaceBytes: number;
  /** Regions of DAMON's tracepoint that were too many to keep. */
  regions: number;
  /** The physical address is not to be trusted without a linear one (Zen 4). */
  doubtfulPhysical: number;
}

/** Where samples must be taken. */
export interface WantedPlace {
  readonly cpus?: ReadonlySet<number>;
  /** Asked with the number of a cgroup. */
  readonly isInCgroup?: (id: number) => boolean;
}

/** Decodes SAMPLE records of any attr into columns, and counts what cannot be. */
export class SampleDecoder {
  readonly losses: SampleLosses = {
    unknownId: 0,
    damaged: 0,
    damagedBytes: 0,
    otherProcess: 0,
    otherPlace: 0,
    otherPlaceBytes: 0,
    regions: 0,
    doubtfulPhysical: 0,
  };
  readonly table: EventTable;
  /** SAMPLE records seen, whether they made a row or not. */
  seen = 0;
  /** What DAMON's tracepoint said, in a recording of it. */
  readonly regions: RegionRecord[] = [];
  readonly wanted: ReadonlySet<number> | undefined;
  /** For how long its events did count. */
  readonly running: RunningTimes;
  /** Decodes runs of samples; undefined outside of reading. */
  #loop: SampleLoop | undefined;
  /** State of the event table that the loop knows. */
  #plannedVersion = -1;
  /** Where samples must be taken, when not anywhere. */
  readonly place: WantedPlace;
  readonly #geometry: PageGeometry;
  /** Page number of an address: high × highFactor + (low >>> lowShift). */
  readonly #lowShift: number;
  readonly #highFactor: number;
  readonly #ibs = ibsOp();
  #ibsRules: IbsRules = { physicalNeedsLinear: false, erratum1293: false };
  /** Low word of the first time seen, −1 before there was one. */
  #originLow = -1;
  #originHigh = 0;
  #lastPid = -2;
  #lastWanted = false;

  constructor(
    table: EventTable,
    geometry: PageGeometry,
    wanted: ReadonlySet<number> | undefined,
    running = new RunningTimes(),
    place: WantedPlace = {},
  ) {
    this.place = place;
    this.table = table;
    this.running = running;
    this.wanted = wanted;
    this.#lowShift = geometry.pageShift;
    this.#highFactor = 2 ** (32 - geometry.pageShift);
    this.#geometry = geometry;
  }

  /** Takes what the rules of a CPU are from the file's features. */
  learn(features: Features): void {
    const caps = features.pmuCaps?.get('ibs_op');
    this.#ibsRules = {
      physicalNeedsLinear: caps?.get('zen4_ibs_extensions') === '1',
      erratum1293: hasErratum1293(features.cpuId),
    };
  }

  /** Decodes a SAMPLE record into the next row of `out`; false when it makes no row. `out` must have room. */
  decode(view: RecordView, out: AccessColumns): boolean {
    this.seen++;
    const index = this.table.ofSample(view);
    if (index < 0) {
      this.losses.unknownId++;
      return false;
    }
    const event = this.table.events[index];
    const layout = event.layout;
    const fits = layout.needsWalk ? layout.walk(view) : view.size >= layout.offsets.end;
    if (!fits) return this.#damaged(view);
    if (tellsTimes(event.attr)) this.#takeTimes(view, event);
    if (event.decoding === 'damon' && !this.#takeRegion(view, layout.offsets)) return this.#damaged(view);
    return this.#fill(view, event, layout.offsets, out);
  }

  /** Lets a loop decode runs of samples from now on, or no loop any more. */
  attach(loop: SampleLoop | undefined): void {
    this.#loop = loop;
    this.#plannedVersion = -1;
    if (loop === undefined) return;
    loop.calls.setGeometry(this.#geometry.pageShift, this.#geometry.blockBytes);
    if (this.#originLow >= 0) loop.calls.setOrigin(this.#originLow, this.#originHigh);
  }

  /**
   * Decodes samples from address `from` of the loop's memory on, until the rows are full or a record comes that is
   * not so simple. Returns the address behind the last record taken.
   */
  decodeRun(from: number, end: number, out: AccessColumns): number {
    const loop = this.#loop;
    if (loop === undefined || loop.columns !== out) return from;
    if (this.#plannedVersion !== this.table.version) this.#plan(loop);
    const next = loop.calls.decodeSamples(from, end, out.count);
    const { exchange } = loop;
    out.count = exchange[EXCHANGE.rows];
    this.seen += exchange[EXCHANGE.seen];
    this.losses.otherProcess += exchange[EXCHANGE.otherProcess];
    this.takeOrigin(exchange);
    return next;
  }

  /** Takes over the time origin when the loop has just set it. */
  takeOrigin(exchange: Int32Array): void {
    if (exchange[EXCHANGE.originIsSet] === 0) return;
    exchange[EXCHANGE.originIsSet] = 0;
    this.#originLow = exchange[EXCHANGE.originLow] >>> 0;
    this.#originHigh = exchange[EXCHANGE.originHigh] >>> 0;
  }

  #plan(loop: SampleLoop): void {
    const { table } = this;
    const fillsMore = table.hasMoreColumns || table.events.some(saysMore);
    loop.calls.forget();
    loop.calls.setReading(table.sampleIdAt, this.wanted === undefined ? 0 : 1, fillsMore ? 1 : 0);
    const looksCloser = !this.#isAnywhere || loop.columns.instructions !== undefined;
    for (const event of table.events) planEvent(loop.calls, event, looksCloser);
    // Without any event, number 0 belongs to no event.
    if (table.events.length === 0) loop.calls.setPlan(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    this.#plannedVersion = table.version;
  }

  /** Nanoseconds after the first time seen, which becomes the batch's origin. */
  since(low: number, high: number): number {
    if (this.#originLow < 0) {
      this.#originLow = low;
      this.#originHigh = high;
      this.#loop?.calls.setOrigin(low, high);
    }
    return (high - this.#originHigh) * TWO_32 + (low - this.#originLow);
  }

  get timeOrigin(): bigint {
    return this.#originLow < 0 ? 0n : (BigInt(this.#originHigh) << 32n) | BigInt(this.#originLow);
  }

  /** Whether samples of a process are wanted. */
  wants(pid: number): boolean {
    if (this.wanted === undefined) return true;
    if (pid !== this.#lastPid) {
      this.#lastPid = pid;
      this.#lastWanted = this.wanted.has(pid);
    }
    return this.#lastWanted;
  }

  get #isAnywhere(): boolean {
    return this.place.cpus === undefined && this.place.isInCgroup === undefined;
  }

  /** Whether samples of a CPU are wanted; −1 when it is not known. */
  wantsCpu(cpu: number): boolean {
    return this.place.cpus?.has(cpu) ?? true;
  }

  /** Whether AUX data of a CPU are wanted: they say nothing of cgroups. */
  wantsTrace(cpu: number): boolean {
    return this.place.isInCgroup === undefined && this.wantsCpu(cpu);
  }

  #isInPlace(view: RecordView, at: SampleOffsets): boolean {
    const { isInCgroup } = this.place;
    if (!this.wantsCpu(at.cpu === 0 ? -1 : view.i32(at.cpu))) return false;
    return isInCgroup === undefined || (at.cgroup !== 0 && isInCgroup(view.u64(at.cgroup)));
  }

  /** Page number of an address in two words. */
  page(low: number, high: number): number {
    return low === 0 && high === 0 ? -1 : high * this.#highFactor + (low >>> this.#lowShift);
  }

  /** A region of DAMON is kept aside, since it is no access: its row has no address. False when it is damaged. */
  #takeRegion(view: RecordView, at: SampleOffsets): boolean {
    const size = at.raw === 0 ? 0 : view.u32(at.raw);
    const time = at.time === 0 ? Number.NaN : view.u64(at.time);
    const region = readDamonTracepoint(
      { u8: (offset) => view.u8(offset), isBigEndian: view.isBigEndian },
      at.raw,
      size,
      time,
    );
    if (region === undefined) return false;
    if (this.regions.length < MOST_REGIONS) this.regions.push(region);
    else this.losses.regions++;
    return true;
  }

  /** In a group the number of values comes first, where else the value of the only one does. */
  #takeTimes(view: RecordView, event: RecordedEvent): void {
    const times = timesOfRead(view, event.layout.variableAt, event.attr.readFormat);
    const idAt = this.table.sampleIdAt;
    const id = idAt === 0 ? event.index : view.u64(idAt);
    if (times !== undefined) this.running.counted(event.index, id, times);
  }

  #damaged(view: RecordView): false {
    this.losses.damaged++;
    this.losses.damagedBytes += view.size;
    return false;
  }

  #fill(view: RecordView, event: RecordedEvent, at: SampleOffsets, out: AccessColumns): boolean {
    const pid = at.tid === 0 ? -1 : view.i32(at.tid);
    if (!this.wants(pid)) {
      this.losses.otherProcess++;
      return false;
    }
    if (!this.#isAnywhere && !this.#isInPlace(view, at)) {
      this.losses.otherPlace++;
      return false;
    }
    const row = out.count;
    out.pid[row] = pid;
    out.tid[row] = at.tid === 0 ? -1 : view.i32(at.tid + 4);
    out.time[row] = at.time === 0 ? Number.NaN : this.since(view.low(at.time), view.high(at.time));
    out.event[row] = event.index;
    out.weight[row] = at.period === 0 ? event.fixedWeight : view.u64(at.period);
    this.#fillPlace(view, event, at, out, row);
    if (out.instructions !== undefined) putInstruction(view, event, at.ip, out.instructions, row);
    out.count = row + 1;
    return true;
  }

  #fillPlace(
    view: RecordView,
    event: RecordedEvent,
    at: SampleOffsets,
    out: AccessColumns,
    row: number,
  ): void {
    const low = at.addr === 0 ? 0 : view.low(at.addr);
    const high = at.addr === 0 ? 0 : view.high(at.addr);
    out.addressLow[row] = low;
    out.addressHigh[row] = high;
    out.virtualPage[row] = this.page(low, high);
    const physicalLow = at.physAddr === 0 ? 0 : view.low(at.physAddr);
    const physicalHigh = at.physAddr === 0 ? 0 : view.high(at.physAddr);
    out.physicalLow[row] = physicalLow;
    out.physicalHigh[row] = physicalHigh;
    out.physicalPage[row] = this.page(physicalLow, physicalHigh);
    out.latency[row] = at.weight === 0 ? 0 : this.#latency(view, event, at.weight);
    out.kind[row] = event.decoding === 'fault' ? SAMPLE_KIND.fault : SAMPLE_KIND.unknown;
    out.flags[row] =
      this.#modeFlags(view.misc) | (at.dataPageSize === 0 ? 0 : this.#sizeFlag(view, at.dataPageSize));
    if (at.dataSource !== 0 && event.decoding !== 'fault') this.#fillSource(view, at.dataSource, out, row);
    if (event.decoding === 'ibs') this.#fillIbs(view, at, out, row);
    else if (at.raw !== 0 && at.addr === 0) this.#guessIbs(view, event, at, out, row);
  }

  #latency(view: RecordView, event: RecordedEvent, at: number): number {
    const isStruct = (event.attr.sampleType & SAMPLE_FIELD.weightStruct) !== 0;
    return latencyOfWeight(view.low(at), view.high(at), isStruct);
  }

  #fillSource(view: RecordView, at: number, out: AccessColumns, row: number): void {
    const low = view.low(at);
    out.kind[row] = kindOfDataSource(low);
    out.flags[row] |= flagsOfDataSource(low, view.high(at));
  }

  #modeFlags(misc: number): number {
    const mode = misc & MISC.cpuModeMask;
    if (mode === MISC.user) return 0;
    if (mode === MISC.kernel) return SAMPLE_FLAG.kernel;
    if (mode === MISC.guestUser) return SAMPLE_FLAG.guest;
    return mode === MISC.guestKernel ? SAMPLE_FLAG.guest | SAMPLE_FLAG.kernel : 0;
  }

  #sizeFlag(view: RecordView, at: number): number {
    return view.u64(at) >= this.#geometry.blockBytes ? SAMPLE_FLAG.hugeMapped : 0;
  }

  /** Registers fill in what the sample's own fields leave out: all of it before Linux 6.2. */
  #fillIbs(view: RecordView, at: SampleOffsets, out: AccessColumns, row: number): void {
    if (at.raw !== 0 && readIbsOp(view, at.raw, view.size, this.#ibsRules, this.#ibs))
      this.#mergeIbs(out, row);
    const isDoubtful =
      this.#ibsRules.physicalNeedsLinear && out.virtualPage[row] < 0 && out.physicalPage[row] >= 0;
    if (!isDoubtful) return;
    out.physicalPage[row] = -1;
    this.losses.doubtfulPhysical++;
  }

  #mergeIbs(out: AccessColumns, row: number): void {
    const op = this.#ibs;
    if (out.virtualPage[row] < 0) {
      out.addressLow[row] = op.addressLow;
      out.addressHigh[row] = op.addressHigh;
      out.virtualPage[row] = this.page(op.addressLow, op.addressHigh);
    }
    if (out.physicalPage[row] < 0) {
      out.physicalLow[row] = op.physicalLow;
      out.physicalHigh[row] = op.physicalHigh;
      out.physicalPage[row] = this.page(op.physicalLow, op.physicalHigh);
    }
    if (out.kind[row] === SAMPLE_KIND.unknown) out.kind[row] = op.kind;
    if (out.latency[row] === 0) out.latency[row] = op.latency;
    out.flags[row] = joinedFlags(out.flags[row], op.flags);
  }

  /** Without features (a file read through a pipe) a dynamic PMU with valid IBS registers in RAW is ibs_op. */
  #guessIbs(
    view: RecordView,
    event: RecordedEvent,
    at: SampleOffsets,
    out: AccessColumns,
    row: number,
  ): void {
    if (event.attr.type <= LAST_FIXED_PMU_TYPE || event.decoding === 'fault') return;
    if (readIbsOp(view, at.raw, view.size, this.#ibsRules, this.#ibs)) this.#mergeIbs(out, row);
  }
}

/** A fault is that of its instruction, whether the kernel calls it exact or not. */
function putInstruction(
  view: RecordView,
  event: RecordedEvent,
  at: number,
  { low, high, isExact }: Instructions,
  row: number,
): void {
  low[row] = at === 0 ? 0 : view.low(at);
  high[row] = at === 0 ? 0 : view.high(at);
  isExact[row] = (view.misc & MISC.exactIp) !== 0 || event.decoding === 'fault' ? 1 : 0;
}

/** PERF_TYPE_BREAKPOINT, the last type number that is the same on every boot. */
const LAST_FIXED_PMU_TYPE = 5;
