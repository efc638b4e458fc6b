/**
 * SAMPLE records with all their fields at constant places, in their own byte order: the hot loop of recordings of
 * page faults and PEBS, and of IBS without RAW. It stops at whatever else it meets, which the host decodes record by
 * record, to the same rows.
 */
import {
  ADDRESS_HIGH,
  ADDRESS_LOW,
  CAPACITY,
  EVENT,
  FLAGS,
  Geometry,
  KIND,
  PID,
  pageOf,
  putMore,
  TID,
  TIME,
  VIRTUAL_PAGE,
  WEIGHT,
} from './batch';
import { eventOf, isWanted, meaningOfSource } from './caches';
import { begin, Clock } from './clock';
import { OTHER_PROCESS, ROWS, SEEN } from './exchange';
import { MODE_FLAGS, PLANS } from './layout';

/** PERF_RECORD_SAMPLE. */
const SAMPLE: u32 = 9;

/** Where the fields of an event's samples lie, in bytes from the record's beginning; 0 when they are absent. */
@unmanaged
class Plan {
  /** Least size of a record; 0 when the samples of the event need a closer look. */
  bytes: i32;
  tid: i32;
  time: i32;
  addr: i32;
  period: i32;
  weight: i32;
  dataSource: i32;
  physAddr: i32;
  dataPageSize: i32;
  kind: i32;
  weightIsStruct: i32;
  fixedWeight: f64;
}

export function setPlan(
  event: i32,
  bytes: i32,
  tid: i32,
  time: i32,
  addr: i32,
  period: i32,
  weight: i32,
  dataSource: i32,
  physAddr: i32,
  dataPageSize: i32,
  kind: i32,
  weightIsStruct: i32,
  fixedWeight: f64,
): void {
  const plan = planOf(event);
  plan.bytes = bytes;
  plan.tid = tid;
  plan.time = time;
  plan.addr = addr;
  plan.period = period;
  plan.weight = weight;
  plan.dataSource = dataSource;
  plan.physAddr = physAddr;
  plan.dataPageSize = dataPageSize;
  plan.kind = kind;
  plan.weightIsStruct = weightIsStruct;
  plan.fixedWeight = fixedWeight;
}

function planOf(event: i32): Plan {
  return changetype<Plan>(PLANS + ((<usize>event) << 6));
}

class Reading {
  /** Offset of the id in a sample, the same for all events of a recording; 0 when all samples are of event 0. */
  static idAt: usize = 0;
  static hasFilter: bool = false;
  /** Some event fills the physical columns or the latency, so that the others have to clear them. */
  static fillsMore: bool = false;
}

export function setReading(idAt: i32, hasFilter: i32, fillsMore: i32): void {
  Reading.idAt = <usize>idAt;
  Reading.hasFilter = hasFilter != 0;
  Reading.fillsMore = fillsMore != 0;
}

/**
 * Decodes the samples in [from, end) into the rows from `row` on, until the rows are used up or something comes that
 * is for the host. Returns the address behind the last record taken.
 */
export function decodeSamples(from: usize, end: usize, firstRow: i32): usize {
  const idAt = Reading.idAt;
  const leastSize = <usize>(idAt + 8);
  const hasFilter = Reading.hasFilter;
  const fillsMore = Reading.fillsMore;
  const pageShift = Geometry.pageShift;
  let event = -1;
  let plan = planOf(0);
  let bytes: usize = 0;
  let tidAt: usize = 0;
  let timeAt: usize = 0;
  let addrAt: usize = 0;
  let periodAt: usize = 0;
  let kind: i32 = 0;
  let fixedWeight: f64 = 0;
  let others = 0;
  let row = firstRow;
  let at = from;
  while (row < CAPACITY && at + 8 <= end) {
    const header = load<u64>(at);
    const size = <usize>(header >> 48);
    const next = at + size;
    if (<u32>header != SAMPLE || size < leastSize || next > end) break;
    const found = idAt == 0 ? 0 : eventOf(load<u64>(at + idAt));
    if (found != event) {
      if (found < 0) break;
      event = found;
      plan = planOf(found);
      bytes = <usize>plan.bytes;
      tidAt = <usize>plan.tid;
      timeAt = <usize>plan.time;
      addrAt = <usize>plan.addr;
      periodAt = <usize>plan.period;
      kind = plan.kind;
      fixedWeight = plan.fixedWeight;
    }
    if (bytes == 0 || size < bytes) break;
    const pid = tidAt == 0 ? -1 : load<i32>(at + tidAt);
    if (hasFilter && !isWanted(pid)) {
      others++;
      at = next;
      continue;
    }
    let time = NaN;
    if (timeAt != 0) {
      const ticks = load<u64>(at + timeAt);
      if (!Clock.hasOrigin) begin(ticks);
      time = <f64>(<i64>(ticks - Clock.origin));
    }
    const address = addrAt == 0 ? 0 : load<u64>(at + addrAt);
    store<i32>((<usize>row) << 2, pid, PID);
    store<i32>((<usize>row) << 2, tidAt == 0 ? -1 : load<i32>(at + tidAt, 4), TID);
    store<f64>((<usize>row) << 3, time, TIME);
    store<u32>((<usize>row) << 2, <u32>address, ADDRESS_LOW);
    store<u32>((<usize>row) << 2, <u32>(address >> 32), ADDRESS_HIGH);
    store<f64>((<usize>row) << 3, pageOf(address, pageShift), VIRTUAL_PAGE);
    store<f64>((<usize>row) << 3, periodAt == 0 ? fixedWeight : <f64>load<u64>(at + periodAt), WEIGHT);
    store<u16>((<usize>row) << 1, <u16>event, EVENT);
    store<u8>(<usize>row, <u8>kind, KIND);
    store<u16>((<usize>row) << 1, <u16>load<u8>(<usize>(header >> 32) & 7, MODE_FLAGS), FLAGS);
    if (fillsMore) putRest(at, row, plan);
    row++;
    at = next;
  }
  store<i32>(ROWS, row);
  store<i32>(SEEN, row - firstRow + others);
  store<i32>(OTHER_PROCESS, others);
  return at;
}

/** What only some events have: physical address, latency, data source, page size. */
function putRest(at: usize, row: i32, plan: Plan): void {
  const physical = plan.physAddr == 0 ? 0 : load<u64>(at + <usize>plan.physAddr);
  const latency = plan.weight == 0 ? 0 : latencyOf(load<u64>(at + <usize>plan.weight), plan);
  putMore(row, physical, latency, Geometry.pageShift);
  const place = (<usize>row) << 1;
  if (plan.dataPageSize != 0 && load<u64>(at + <usize>plan.dataPageSize) >= Geometry.blockBytes) {
    store<u16>(place, load<u16>(place, FLAGS) | HUGE_MAPPED, FLAGS);
  }
  if (plan.dataSource == 0) return;
  const meaning = meaningOfSource(load<u64>(at + <usize>plan.dataSource));
  store<u8>(<usize>row, <u8>meaning, KIND);
  store<u16>(place, load<u16>(place, FLAGS) | <u16>(meaning >> 8), FLAGS);
}

/** SAMPLE_FLAG.hugeMapped. */
const HUGE_MAPPED: u16 = 1 << 3;

/** As latencyOfWeight() says: the low word, or its largest value when a plain WEIGHT does not fit. */
function latencyOf(weight: u64, plan: Plan): u32 {
  return plan.weightIsStruct != 0 || weight >> 32 == 0 ? <u32>weight : 0xffffffff;
}
