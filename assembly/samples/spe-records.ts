/**
 * Arm SPE packets to rows: a record is everything up to and including a TIMESTAMP or END packet, and one record of
 * the load/store class is one row. One loop with all fields in local variables, because it is where the time goes. It
 * stops at bad bytes, rare packets and what is near the end of the bytes, which the host reads record by record.
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
import { isWanted } from './caches';
import { begin, Clock } from './clock';
import { MEMORY_RECORDS, OTHER_PROCESS, QUEUE_CONTEXT, RECORDS, ROWS, UNCONVERTED } from './exchange';
import { OPERATION_KINDS, SOURCE_COUNTS, SOURCE_FLAGS } from './layout';
import { guessThread, leaveQueue, nameThread, Queue } from './spe-queue';
import { Conversion, nanosecondsOf } from './spe-time';

/** Bytes that may be looked at from the beginning of a packet on: eight of padding and the longest packet. */
const LOOK_AHEAD: usize = 17;

/** The longest record in the usual order, with eight bytes of padding in each of three places, and a packet. */
const USUAL_RECORD: usize = 9 + 8 + 5 + 2 + 9 + 3 + 3 + 9 + 3 + 9 + 8 + 9 + 8 + LOOK_AHEAD;

/** SAMPLE_FLAG bits. */
const KERNEL = 1 << 0;
const TLB_MISS = 1 << 2;
const GUESSED_THREAD = 1 << 4;
const REMOTE_MEMORY = 1 << 5;
const CACHE_MISS = 1 << 6;
const TLB_HIT = (1 << 7) | (1 << 8);
/** DATA_SOURCE.l1, and all bits of a data source. */
const FROM_LEVEL_ONE = 1 << 9;
const SOURCE_BITS = 15 << 9;

/** Bits of the events packet, by number. */
const LEVEL_ONE_ACCESS = 2;
const LEVEL_ONE_REFILL = 3;
const TLB_ACCESS = 4;
const TLB_WALK = 5;
const LAST_LEVEL_MISS = 9;
const REMOTE_ACCESS = 10;

const LOW_56_BITS: u64 = 0x00ffffffffffffff;
/** SPE data source values with flags. */
const MASKED_SOURCES: u32 = 32;
/** One more place behind the counts of data sources. */
const NO_SOURCE = 65536;

class Setup {
  static event: u16 = 0;
  static weight: f64 = 1;
  static hasFilter: bool = false;
}

export function setSpe(event: i32, weight: f64, hasFilter: i32): void {
  Setup.event = <u16>event;
  Setup.weight = weight;
  Setup.hasFilter = hasFilter != 0;
}

/** Bytes of the payload that a header of one byte announces. */
function payloadBytes(header: i32): usize {
  return (<usize>1) << (<usize>((header >> 4) & 3));
}

/** Which of the four bytes behind a header belong to its payload. */
function payloadMask(header: i32): u32 {
  const bits = min<u64>(8 * <u64>payloadBytes(header), 32);
  return <u32>((((<u64>1) << bits) - 1) & 0xffffffff);
}

/** Payload of an operation of the load/store class, −1 for another one. */
function operationOf(header: i32, payload: i32): i32 {
  return payload | (<i32>(header == 0x49) - 1);
}

/** Number of padding bytes at an address, eight at most. */
function zerosAt(at: usize): usize {
  return <usize>(ctz(load<u64>(at)) >> 3);
}

/** Drops the tag byte of a data address and fills it with ones where bits 55:52 say that it is a kernel's. */
function canonical(address: u64): u64 {
  const low = address & LOW_56_BITS;
  return low >> 52 == 0xf ? low | ~LOW_56_BITS : low;
}

/**
 * Reads the records in [from, end) into the rows from `firstRow` on, until the rows are used up or something comes
 * that is for the host. Returns where the first record begins that was not read.
 */
export function decodeRecords(from: usize, end: usize, firstRow: i32): usize {
  const pageShift = Geometry.pageShift;
  let start = from;
  let at = from;
  let row = firstRow;
  let records = 0;
  let memoryRecords = 0;
  let committed = Queue.context;
  // The record being read.
  let virtual: u64 = 0;
  let physical: u64 = 0;
  let events: u32 = 0;
  let latency: u32 = 0;
  let operation = -1;
  let level = -1;
  let source = -1;
  let context = committed;
  store<i32>(OTHER_PROCESS, 0);
  store<i32>(UNCONVERTED, 0);
  while (at + LOOK_AHEAD <= end && row < CAPACITY) {
    let hasTime = false;
    if (at == start && load<u8>(at) == 0xb0 && at + USUAL_RECORD <= end) {
      // What processors write, in the order in which they do: a chain of tests that mostly hold. Lengths that are
      // constants after a test let the processor run ahead; a length that is computed makes it wait for the bytes.
      level = (load<u8>(at, 8) >> 5) & 3;
      at += 9;
      if (load<u8>(at) == 0) at += zerosAt(at);
      if ((load<u8>(at) & 0xfc) == 0x64) {
        context = load<i32>(at, 1);
        at += 5;
      }
      let header = <i32>load<u8>(at);
      if ((header & 0xfc) == 0x48) {
        operation = operationOf(header, <i32>load<u8>(at, 1));
        at += 2;
        header = <i32>load<u8>(at);
      }
      if (header == 0x52) {
        events = <u32>load<u16>(at, 1);
        at += 3;
      } else if ((header & 0xcf) == 0x42) {
        events = load<u32>(at, 1) & payloadMask(header);
        at += 1 + payloadBytes(header);
      }
      if (load<u8>(at) == 0x99) at += 3;
      if (load<u8>(at) == 0x98) {
        latency = <u32>load<u16>(at, 1);
        at += 3;
      }
      if (load<u8>(at) == 0xb2) {
        virtual = load<u64>(at, 1);
        at += 9;
        if (load<u8>(at) == 0x9a) at += 3;
        if (load<u8>(at) == 0xb3) {
          physical = load<u64>(at, 1) & LOW_56_BITS;
          at += 9;
        }
        header = <i32>load<u8>(at);
        if (header == 0) {
          at += zerosAt(at);
          header = <i32>load<u8>(at);
        }
        if (header == 0x43) {
          source = <i32>load<u8>(at, 1);
          at += 2;
        } else if ((header & 0xcf) == 0x43) {
          source = <i32>(load<u32>(at, 1) & payloadMask(header) & 0xffff);
          at += 1 + payloadBytes(header);
        }
      }
      at += zerosAt(at);
    }
    const header = <i32>load<u8>(at);
    if (header == 0x71) hasTime = true;
    // The general way: any packets in any order.
    else
      switch (header) {
        case 0x00: {
          const isBetween = at == start;
          // Records may be aligned to 64 bytes.
          while (at + LOOK_AHEAD <= end && load<u64>(at) == 0) at += 8;
          at += zerosAt(at);
          if (isBetween) start = at;
          continue;
        }
        case 0xb0:
          level = (load<u8>(at, 8) >> 5) & 3;
          at += 9;
          continue;
        case 0xb2:
          virtual = load<u64>(at, 1);
          at += 9;
          continue;
        case 0xb3:
          physical = load<u64>(at, 1) & LOW_56_BITS;
          at += 9;
          continue;
        // Branch targets.
        case 0xb1:
        case 0xb4:
          at += 9;
          continue;
        case 0x98:
          latency = <u32>load<u16>(at, 1);
          at += 3;
          continue;
        // Issue and translation latency, and those that an implementation defines.
        case 0x99:
        case 0x9a:
        case 0x9b:
        case 0x9c:
        case 0x9d:
        case 0x9e:
        case 0x9f:
          at += 3;
          continue;
        case 0x42:
          events |= <u32>load<u8>(at, 1);
          at += 2;
          continue;
        case 0x52:
          events |= <u32>load<u16>(at, 1);
          at += 3;
          continue;
        case 0x62:
          events |= load<u32>(at, 1);
          at += 5;
          continue;
        case 0x72:
          events |= load<u32>(at, 1);
          at += 9;
          continue;
        case 0x43:
          source = <i32>load<u8>(at, 1);
          at += 2;
          continue;
        case 0x53:
          source = <i32>load<u16>(at, 1);
          at += 3;
          continue;
        case 0x64:
        case 0x65:
        case 0x66:
        case 0x67:
          context = load<i32>(at, 1);
          at += 5;
          continue;
        case 0x49:
          operation = max(operation, 0) | <i32>load<u8>(at, 1);
          at += 2;
          continue;
        // Operations of other classes.
        case 0x48:
        case 0x4a:
        case 0x4b:
          at += 2;
          continue;
        case 0x01:
          break;
        default:
          return leave(start, row, records, memoryRecords, committed);
      }
    records++;
    committed = context;
    if (operation >= 0) {
      memoryRecords++;
      let time = NaN;
      if (hasTime) time = timeOf(load<u64>(at, 1));
      if (context >= 0 && (context != Queue.tid || !Queue.isNamed)) nameThread(context);
      const isGuess = !Queue.isNamed && !Queue.hasThread;
      if (isGuess) guessThread(time);
      if (Setup.hasFilter && !isWanted(Queue.pid)) {
        store<i32>(OTHER_PROCESS, load<i32>(OTHER_PROCESS) + 1);
      } else {
        let flags = flagsOf(events) | (<i32>isGuess * GUESSED_THREAD) | (<i32>(level > 0) * KERNEL);
        // Of stores the source is counted in a place that is never read: whether a record is one is hard to predict.
        const tellsSource = <i32>(source >= 0) & ~operation & 1;
        const count = (<usize>((source & -tellsSource) | (NO_SOURCE & (tellsSource - 1)))) << 2;
        store<u32>(count, load<u32>(count, SOURCE_COUNTS) + 1, SOURCE_COUNTS);
        const isMasked = <i32>(<u32>source < MASKED_SOURCES) & tellsSource;
        const meaning = <i32>load<u16>((<usize>(source & 31)) << 1, SOURCE_FLAGS) * isMasked;
        // A source that is told is better than what the events say of the first level.
        const isTold = <i32>((meaning & SOURCE_BITS) != 0);
        flags = (flags & ~(SOURCE_BITS * isTold)) | meaning;
        const address = canonical(virtual);
        store<f64>((<usize>row) << 3, time, TIME);
        store<i32>((<usize>row) << 2, Queue.pid, PID);
        store<i32>((<usize>row) << 2, Queue.tid, TID);
        store<u32>((<usize>row) << 2, <u32>address, ADDRESS_LOW);
        store<u32>((<usize>row) << 2, <u32>(address >> 32), ADDRESS_HIGH);
        store<f64>((<usize>row) << 3, pageOf(address, pageShift), VIRTUAL_PAGE);
        store<f64>((<usize>row) << 3, Setup.weight, WEIGHT);
        store<u16>((<usize>row) << 1, Setup.event, EVENT);
        store<u8>(<usize>row, load<u8>(<usize>operation, OPERATION_KINDS), KIND);
        store<u16>((<usize>row) << 1, <u16>flags, FLAGS);
        putMore(row, physical, latency, pageShift);
        row++;
      }
    }
    virtual = 0;
    physical = 0;
    events = 0;
    latency = 0;
    operation = -1;
    level = -1;
    source = -1;
    at += hasTime ? 9 : 1;
    start = at;
  }
  return leave(start, row, records, memoryRecords, committed);
}

function leave(start: usize, row: i32, records: i32, memoryRecords: i32, context: i32): usize {
  store<i32>(ROWS, row);
  store<i32>(RECORDS, records);
  store<i32>(MEMORY_RECORDS, memoryRecords);
  store<i32>(QUEUE_CONTEXT, context);
  Queue.context = context;
  leaveQueue();
  return start;
}

/** Without branches, which would often be mispredicted: events are as random as accesses. */
function flagsOf(events: u32): i32 {
  const isWalk = ((events >> TLB_WALK) & 1) * TLB_MISS;
  const isMiss = ((events >> LAST_LEVEL_MISS) & 1) * CACHE_MISS;
  const isRemote = ((events >> REMOTE_ACCESS) & 1) * REMOTE_MEMORY;
  const isHit = ((events >> TLB_ACCESS) & ~(events >> TLB_WALK) & 1) * TLB_HIT;
  const isNear = ((events >> LEVEL_ONE_ACCESS) & ~(events >> LEVEL_ONE_REFILL) & 1) * FROM_LEVEL_ONE;
  return <i32>(isWalk | isMiss | isRemote | isHit | isNear);
}

/** Nanoseconds after the origin, NaN without a conversion. */
function timeOf(count: u64): f64 {
  if (!Conversion.isKnown) {
    store<i32>(UNCONVERTED, load<i32>(UNCONVERTED) + 1);
    return NaN;
  }
  const time = nanosecondsOf(count);
  begin(time);
  return <f64>(<i64>(time - Clock.origin));
}
