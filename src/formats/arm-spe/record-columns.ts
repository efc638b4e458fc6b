/** SPE records of memory accesses as columns, between decoding packets and making sample rows of them. */
import { LENGTH_OF, PACKET, PACKET_OF } from './packets.js';
import type { SpeRecordDecoder } from './record-decoder.js';

/** Rows that stay in the first-level cache. */
const ROWS = 512;
/** Bytes that may be looked at from the beginning of a packet on: four of padding and the longest packet. */
const LOOK_AHEAD = 16;

export class SpeColumns {
  count = 0;
  /** Whole records read, of any operation. */
  records = 0;
  /** Value of the last context packet of the queue, −1 before the first. */
  context = -1;
  readonly capacity = ROWS;
  readonly virtualLow = new Int32Array(ROWS);
  readonly virtualHigh = new Int32Array(ROWS);
  readonly physicalLow = new Int32Array(ROWS);
  readonly physicalHigh = new Int32Array(ROWS);
  readonly timeLow = new Int32Array(ROWS);
  readonly timeHigh = new Int32Array(ROWS);
  readonly hasTime = new Uint8Array(ROWS);
  readonly contexts = new Int32Array(ROWS);
  readonly events = new Int32Array(ROWS);
  readonly latency = new Uint16Array(ROWS);
  readonly operation = new Uint8Array(ROWS);
  /** Exception level, −1 when not said. */
  readonly level = new Int8Array(ROWS);
  /** Data source, −1 when not said. */
  readonly source = new Int32Array(ROWS);

  /** Adds the record that a decoder has just read, when it is a memory access. */
  push(record: SpeRecordDecoder): void {
    this.records++;
    if (record.context >= 0) this.context = record.context;
    if (record.operation < 0) return;
    const row = this.count++;
    this.virtualLow[row] = record.virtualLow;
    this.virtualHigh[row] = record.virtualHigh;
    this.physicalLow[row] = record.physicalLow;
    this.physicalHigh[row] = record.physicalHigh;
    this.timeLow[row] = record.timeLow;
    this.timeHigh[row] = record.timeHigh;
    this.hasTime[row] = record.hasTime ? 1 : 0;
    this.contexts[row] = this.context;
    this.events[row] = record.events;
    this.latency[row] = record.latency;
    this.operation[row] = record.operation;
    this.level[row] = record.level;
    this.source[row] = record.source;
  }
}

/** How much of an events or data source payload there is, by packet length. */
const PAYLOAD_MASK = new Int32Array(16).fill(-1);
PAYLOAD_MASK[2] = 0xff;
PAYLOAD_MASK[3] = 0xffff;

/**
 * Reads records from [at, end) that hold nothing but the ordinary packets, `limit` rows at most. Answers where the
 * first record begins that it did not read: bad bytes, rare packets and what is near the end are for
 * SpeRecordDecoder. One loop with all fields in local variables, because it is where the time goes.
 */
export function readOrdinaryRecords(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  end: number,
  limit: number,
  out: SpeColumns,
): number {
  const last = end - LOOK_AHEAD;
  let start = at;
  let row = out.count;
  let records = 0;
  let context = out.context;
  let virtualLow = 0;
  let virtualHigh = 0;
  let physicalLow = 0;
  let physicalHigh = 0;
  let events = 0;
  let latency = 0;
  let operation = -1;
  let level = -1;
  let source = -1;
  for (let i = at; i <= last && row < limit; ) {
    const word = view.getInt32(i, true);
    if (word === 0) {
      i += 4;
      continue;
    }
    // Up to three bytes of padding are stepped over without a branch.
    const padding = (31 - Math.clz32(word & -word)) >>> 3;
    i += padding;
    const header = (word >>> (padding << 3)) & 0xff;
    const length = LENGTH_OF[header];
    switch (PACKET_OF[header]) {
      case PACKET.passed:
        break;
      case PACKET.programCounter:
        level = (bytes[i + 8] >>> 5) & 3;
        break;
      case PACKET.dataVirtual:
        virtualLow = view.getInt32(i + 1, true);
        virtualHigh = view.getInt32(i + 5, true);
        break;
      case PACKET.dataPhysical:
        physicalLow = view.getInt32(i + 1, true);
        physicalHigh = view.getInt32(i + 5, true) & 0xffffff;
        break;
      case PACKET.totalLatency:
        latency = view.getUint16(i + 1, true);
        break;
      case PACKET.events:
        events |= view.getInt32(i + 1, true) & PAYLOAD_MASK[length];
        break;
      case PACKET.dataSource:
        source = view.getUint16(i + 1, true) & PAYLOAD_MASK[length];
        break;
      case PACKET.context:
        context = view.getInt32(i + 1, true);
        break;
      case PACKET.loadStore:
        operation = (operation & ~(operation >> 31)) | bytes[i + 1];
        break;
      case PACKET.timestamp:
      case PACKET.end:
        records++;
        out.context = context;
        if (operation >= 0) {
          out.virtualLow[row] = virtualLow;
          out.virtualHigh[row] = canonicalHigh(virtualHigh);
          out.physicalLow[row] = physicalLow;
          out.physicalHigh[row] = physicalHigh;
          out.timeLow[row] = view.getInt32(i + 1, true);
          out.timeHigh[row] = view.getInt32(i + 5, true);
          out.hasTime[row] = length >>> 3;
          out.contexts[row] = context;
          out.events[row] = events;
          out.latency[row] = latency;
          out.operation[row] = operation;
          out.level[row] = level;
          out.source[row] = source;
          row++;
        }
        virtualLow = virtualHigh = physicalLow = physicalHigh = events = latency = 0;
        operation = level = source = -1;
        start = i + length;
        break;
      default:
        out.count = row;
        out.records += records;
        return start;
    }
    i += length;
  }
  out.count = row;
  out.records += records;
  return start;
}

/** Drops the tag byte of a data address and fills it with ones where bits 55:52 say that it is a kernel's. */
export function canonicalHigh(high: number): number {
  const low24 = high & 0xffffff;
  return low24 >= 0xf00000 ? low24 | 0xff000000 : low24;
}
