/**
 * SPE packets to records. A record is everything up to and including a TIMESTAMP or END packet; one record is
 * one sampled operation. A record with a bad byte inside is dropped whole, up to its end, and counted.
 */
import { ADDRESS, LENGTH_OF, OPERATION_LOAD_STORE, PACKET, PACKET_OF, TOTAL_LATENCY } from './packets.js';

/** Longer than any record can be; what has no end after this many bytes is damaged. */
export const LONGEST_RECORD = 4096;

export interface SpeCounts {
  /** Whole records, of any operation. */
  records: number;
  /** Records dropped because of bad bytes or a missing end. */
  damaged: number;
  damagedBytes: number;
  /** Address packets of an index that the architecture reserves. */
  reservedAddresses: number;
}

export class SpeRecordDecoder {
  readonly counts: SpeCounts = { records: 0, damaged: 0, damagedBytes: 0, reservedAddresses: 0 };
  // The record last read. Fields that it lacks are 0 (context: −1, operation: −1).
  virtualLow = 0;
  virtualHigh = 0;
  physicalLow = 0;
  physicalHigh = 0;
  timeLow = 0;
  timeHigh = 0;
  hasTime = false;
  /** Bits 31:0 of the events packets. */
  events = 0;
  /** Payload of the operation packet of the load/store class, −1 for another operation. */
  operation = -1;
  latency = 0;
  /** Value of the last context packet, −1 without one. */
  context = -1;
  /** Exception level of the program counter, −1 without one. */
  level = -1;
  /** Data source, −1 without one. */
  source = -1;
  private isBroken = false;
  private isEmpty = true;

  /**
   * Reads the next record from bytes [at, end). Answers the position after it, or a number ≤ 0: minus the
   * position where the unfinished record begins. `isLast` says that nothing will follow: then what is unfinished
   * is damaged.
   */
  next(bytes: Uint8Array, at: number, end: number, isLast: boolean): number {
    let start = at;
    let i = at;
    this.begin();
    while (i < end) {
      const header = bytes[i];
      const packet = PACKET_OF[header];
      if (packet === PACKET.pad) {
        i++;
        if (this.isEmpty) start = i;
        continue;
      }
      const length = packet === PACKET.extended ? extendedLength(bytes, i, end) : LENGTH_OF[header];
      if (packet === PACKET.bad || length === 0) {
        i = this.skipBad(i);
        if (this.isEmpty) start = i;
        continue;
      }
      if (i + length > end) break;
      if (packet <= PACKET.timestamp) {
        if (packet === PACKET.timestamp) this.setTime(bytes, i + 1);
        i += length;
        if (this.finish(i - start)) return i;
        start = i;
        continue;
      }
      this.isEmpty = false;
      this.read(bytes, i, packet, header);
      i += length;
    }
    return this.unfinished(start, end, isLast);
  }

  private begin(): void {
    this.virtualLow = this.virtualHigh = this.physicalLow = this.physicalHigh = 0;
    this.timeLow = this.timeHigh = 0;
    this.hasTime = false;
    this.events = 0;
    this.operation = -1;
    this.latency = 0;
    this.context = -1;
    this.level = -1;
    this.source = -1;
    this.isBroken = false;
    this.isEmpty = true;
  }

  /** Steps over a byte that begins no packet. Before a record it is only counted, inside it breaks the record. */
  private skipBad(at: number): number {
    if (this.isEmpty) this.counts.damagedBytes++;
    else this.isBroken = true;
    return at + 1;
  }

  /** Ends a record of `length` bytes; false when it was broken and is dropped. */
  private finish(length: number): boolean {
    if (!this.isBroken) {
      this.counts.records++;
      return true;
    }
    this.counts.damaged++;
    this.counts.damagedBytes += length;
    this.begin();
    return false;
  }

  private unfinished(start: number, end: number, isLast: boolean): number {
    const length = end - start;
    if (length === 0) return -end;
    if (!isLast && length < LONGEST_RECORD) return -start;
    this.counts.damaged++;
    this.counts.damagedBytes += length;
    return -end;
  }

  private read(bytes: Uint8Array, at: number, packet: number, header: number): void {
    if (packet === PACKET.address) this.readAddress(bytes, at + 1, header & 7);
    else if (packet === PACKET.counter) this.readCounter(bytes, at + 1, header & 7);
    else if (packet === PACKET.operation) this.readOperation(header, bytes[at + 1]);
    else if (packet === PACKET.events) this.events |= payload32(bytes, at + 1, LENGTH_OF[header] - 1);
    else if (packet === PACKET.context) this.context = payload32(bytes, at + 1, 4) | 0;
    else if (packet === PACKET.dataSource)
      this.source = payload32(bytes, at + 1, Math.min(2, LENGTH_OF[header] - 1));
    else this.readExtended(bytes, at);
  }

  private readOperation(header: number, payload: number): void {
    if ((header & 3) === OPERATION_LOAD_STORE)
      this.operation = (this.operation < 0 ? 0 : this.operation) | payload;
  }

  private readCounter(bytes: Uint8Array, at: number, index: number): void {
    if (index === TOTAL_LATENCY) this.latency = bytes[at] | (bytes[at + 1] << 8);
  }

  private readAddress(bytes: Uint8Array, at: number, index: number): void {
    if (index === ADDRESS.dataVirtual) {
      this.virtualLow = word(bytes, at);
      this.virtualHigh = canonicalHigh(word(bytes, at + 4));
    } else if (index === ADDRESS.dataPhysical) {
      this.physicalLow = word(bytes, at);
      this.physicalHigh = word(bytes, at + 4) & 0xffffff;
    } else if (index === ADDRESS.programCounter) this.level = (bytes[at + 7] >>> 5) & 3;
    else if (index > LAST_KNOWN_ADDRESS) this.counts.reservedAddresses++;
  }

  /** An index above 7 comes in two header bytes; an alignment packet has 0 for the second and says nothing. */
  private readExtended(bytes: Uint8Array, at: number): void {
    const second = bytes[at + 1];
    const packet = PACKET_OF[second];
    const index = ((bytes[at] & 3) << 3) | (second & 7);
    if (packet === PACKET.address) this.readAddress(bytes, at + 2, index);
    else if (packet === PACKET.counter) this.readCounter(bytes, at + 2, index);
  }

  private setTime(bytes: Uint8Array, at: number): void {
    this.timeLow = word(bytes, at);
    this.timeHigh = word(bytes, at + 4);
    this.hasTime = true;
  }
}

/** The previous branch target; higher indexes are reserved. */
const LAST_KNOWN_ADDRESS = 4;

/**
 * Bytes of an extended packet: 0 when it is none, and more than there are when it is cut. Alignment is relative to
 * the buffer, whose own start is aligned in the AUX stream.
 */
function extendedLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return end - at + 1;
  const second = bytes[at + 1];
  const packet = PACKET_OF[second];
  if (packet === PACKET.pad) {
    const unit = 2 ** ((bytes[at] & 15) + 1);
    return unit - (at % unit);
  }
  return packet === PACKET.address || packet === PACKET.counter ? 1 + LENGTH_OF[second] : 0;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}

/** The low 32 bits of a payload of 1, 2, 4 or 8 bytes. */
function payload32(bytes: Uint8Array, at: number, length: number): number {
  if (length === 1) return bytes[at];
  if (length === 2) return bytes[at] | (bytes[at + 1] << 8);
  return word(bytes, at);
}

/** Drops the tag byte of a data address and fills it with ones where bits 55:52 say that it is a kernel's. */
function canonicalHigh(high: number): number {
  const low24 = high & 0xffffff;
  return low24 >= 0xf00000 ? (low24 | 0xff000000) >>> 0 : low24;
}

/** Whether any of the first records in `bytes` carries a context packet; undefined when there is no whole record. */
export function hasContext(bytes: Uint8Array): boolean | undefined {
  const decoder = new SpeRecordDecoder();
  let at = 0;
  for (let i = 0; i < RECORDS_PROBED; i++) {
    const next = decoder.next(bytes, at, bytes.length, false);
    if (next <= 0) return i === 0 ? undefined : false;
    if (decoder.context >= 0) return true;
    at = next;
  }
  return false;
}

const RECORDS_PROBED = 256;
