/**
 * SPE packets to records. A record is everything up to and including a TIMESTAMP or END packet; one record is
 * one sampled operation. A record with a bad byte inside is dropped whole, up to its end, and counted.
 */

import { isAddress, isCounter, LENGTH_OF, PACKET, PACKET_OF } from './packets.js';

/** Longer than any record can be; what has no end after this many bytes is damaged. */
export const LONGEST_RECORD = 4096;

/** Records and bytes that were decoded or dropped. */
export interface SpeCounts {
  /** Whole records, of any operation. */
  records: number;
  /** Records dropped because of bad bytes or a missing end. */
  damaged: number;
  damagedBytes: number;
  /** Address packets of an index that the architecture reserves. */
  reservedAddresses: number;
}

/** Columns of the record last read, as 32-bit words of one array: plain fields would be boxed doubles. */
const F = {
  virtualLow: 0,
  virtualHigh: 1,
  physicalLow: 2,
  physicalHigh: 3,
  timeLow: 4,
  timeHigh: 5,
  hasTime: 6,
  events: 7,
  latency: 8,
  counterLow: 9,
  counterHigh: 10,
  operation: 11,
  context: 12,
  level: 13,
  source: 14,
} as const;
const FIELDS = 15;

/** Decodes records into reused fields. `next` returns false at the end of the bytes. */
export class SpeRecordDecoder {
  readonly counts: SpeCounts = { records: 0, damaged: 0, damagedBytes: 0, reservedAddresses: 0 };
  readonly #fields = new Int32Array(FIELDS);
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);

  // The record last read. Fields that it lacks are 0 (context, operation, level, source: −1).
  get virtualLow(): number {
    return this.#fields[F.virtualLow] >>> 0;
  }
  get virtualHigh(): number {
    return this.#fields[F.virtualHigh] >>> 0;
  }
  get physicalLow(): number {
    return this.#fields[F.physicalLow] >>> 0;
  }
  get physicalHigh(): number {
    return this.#fields[F.physicalHigh] >>> 0;
  }
  get timeLow(): number {
    return this.#fields[F.timeLow] >>> 0;
  }
  get timeHigh(): number {
    return this.#fields[F.timeHigh] >>> 0;
  }
  get hasTime(): boolean {
    return this.#fields[F.hasTime] !== 0;
  }
  /** Bits 31:0 of the events packets. */
  get events(): number {
    return this.#fields[F.events];
  }
  get latency(): number {
    return this.#fields[F.latency];
  }
  /** Program counter: the instruction of the access. */
  get counterLow(): number {
    return this.#fields[F.counterLow] >>> 0;
  }
  get counterHigh(): number {
    return this.#fields[F.counterHigh] >>> 0;
  }
  /** Payload of the operation packet of the load/store class, −1 for another operation. */
  get operation(): number {
    return this.#fields[F.operation];
  }
  /** Value of the last context packet, −1 without one. */
  get context(): number {
    return this.#fields[F.context];
  }
  /** Exception level of the program counter, −1 without one. */
  get level(): number {
    return this.#fields[F.level];
  }
  /** Data source, −1 without one. */
  get source(): number {
    return this.#fields[F.source];
  }

  /** Says which bytes the positions of `next` are in. */
  attach(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Reads the next record from [at, end) of the attached bytes. Returns the position after it, or a number ≤ 0: minus
   * the position where the unfinished record begins. `isLast` says that nothing will follow: then what is unfinished
   * is damaged.
   */
  next(at: number, end: number, isLast: boolean): number {
    const bytes = this.#bytes;
    let start = at;
    let isEmpty = true;
    let isBroken = false;
    this.#begin();
    for (let i = at; i < end; ) {
      const header = bytes[i];
      if (header === 0) {
        i = afterPadding(bytes, i + 1, end);
        if (isEmpty) start = i;
        continue;
      }
      let packet = PACKET_OF[header];
      let length = LENGTH_OF[header];
      if (packet === PACKET.extended) {
        length = extendedLength(bytes, i, end);
        if (length === 1) packet = PACKET.bad;
      }
      if (i + length > end) break;
      if (packet > PACKET.timestamp) {
        this.#read(i, packet, length);
        isEmpty = false;
        i += length;
        continue;
      }
      i += length;
      if (packet === PACKET.bad) {
        if (isEmpty) this.counts.damagedBytes++;
        isBroken = !isEmpty;
      } else {
        if (packet === PACKET.timestamp) this.#readTime(i - 8);
        if (!isBroken) return this.#finish(i);
        this.#drop(i - start);
        isEmpty = true;
        isBroken = false;
      }
      if (isEmpty) start = i;
    }
    return this.#unfinished(start, end, isLast);
  }

  #begin(): void {
    const fields = this.#fields;
    for (let field = 0; field < F.operation; field++) fields[field] = 0;
    fields[F.operation] = fields[F.context] = fields[F.level] = fields[F.source] = -1;
  }

  #finish(position: number): number {
    this.counts.records++;
    return position;
  }

  /** Forgets a record of `length` bytes with something bad in it. */
  #drop(length: number): void {
    this.counts.damaged++;
    this.counts.damagedBytes += length;
    this.#begin();
  }

  #unfinished(start: number, end: number, isLast: boolean): number {
    const length = end - start;
    if (length === 0) return -end;
    if (!isLast && length < LONGEST_RECORD) return -start;
    this.counts.damaged++;
    this.counts.damagedBytes += length;
    return -end;
  }

  #read(at: number, packet: number, length: number): void {
    const fields = this.#fields;
    switch (packet) {
      case PACKET.programCounter:
        fields[F.level] = (this.#bytes[at + 8] >>> 5) & 3;
        fields[F.counterLow] = this.#view.getInt32(at + 1, true);
        fields[F.counterHigh] = canonicalHigh(this.#view.getInt32(at + 5, true));
        break;
      case PACKET.dataVirtual:
        this.#readVirtual(at + 1);
        break;
      case PACKET.dataPhysical:
        this.#readPhysical(at + 1);
        break;
      case PACKET.reservedAddress:
        this.counts.reservedAddresses++;
        break;
      case PACKET.totalLatency:
        fields[F.latency] = this.#view.getUint16(at + 1, true);
        break;
      case PACKET.events:
        fields[F.events] |= this.#payload(at + 1, length - 1);
        break;
      case PACKET.dataSource:
        fields[F.source] = this.#payload(at + 1, length - 1) & 0xffff;
        break;
      case PACKET.context:
        fields[F.context] = this.#view.getInt32(at + 1, true);
        break;
      case PACKET.loadStore:
        fields[F.operation] = Math.max(0, fields[F.operation]) | this.#bytes[at + 1];
        break;
      case PACKET.extended:
        this.#readExtended(at);
        break;
    }
  }

  #readVirtual(at: number): void {
    this.#fields[F.virtualLow] = this.#view.getInt32(at, true);
    this.#fields[F.virtualHigh] = canonicalHigh(this.#view.getInt32(at + 4, true));
  }

  #readPhysical(at: number): void {
    this.#fields[F.physicalLow] = this.#view.getInt32(at, true);
    this.#fields[F.physicalHigh] = this.#view.getInt32(at + 4, true) & 0xffffff;
  }

  /**
   * An index of 8 to 31 comes in two header bytes, and none of those is known; with a high part of 0 it is an
   * ordinary packet. An alignment packet (second byte 0) says nothing.
   */
  #readExtended(at: number): void {
    const second = this.#bytes[at + 1];
    if ((this.#bytes[at] & 3) === 0 && second !== 0) this.#read(at + 1, PACKET_OF[second], LENGTH_OF[second]);
    else if (isAddress(second)) this.counts.reservedAddresses++;
  }

  #readTime(at: number): void {
    const fields = this.#fields;
    fields[F.timeLow] = this.#view.getInt32(at, true);
    fields[F.timeHigh] = this.#view.getInt32(at + 4, true);
    fields[F.hasTime] = 1;
  }

  /** The low 32 bits of a payload of 1, 2, 4 or 8 bytes. */
  #payload(at: number, length: number): number {
    if (length === 1) return this.#bytes[at];
    return length === 2 ? this.#view.getUint16(at, true) : this.#view.getInt32(at, true);
  }
}

/**
 * Bytes of an extended packet: 1 when it is none, and more than there are when it is cut. Alignment is relative to
 * the buffer, whose own start is aligned in the AUX stream.
 */
function extendedLength(bytes: Uint8Array, at: number, end: number): number {
  if (at + 1 >= end) return 2;
  const second = bytes[at + 1];
  if (second === 0) {
    const unit = 2 ** ((bytes[at] & 15) + 1);
    return unit - (at % unit);
  }
  return isAddress(second) || isCounter(second) ? 1 + LENGTH_OF[second] : 1;
}

function afterPadding(bytes: Uint8Array, at: number, end: number): number {
  let i = at;
  while (i < end && bytes[i] === 0) i++;
  return i;
}

/** Whether any of the first records in `bytes` carries a context packet; undefined when there is no whole record. */
export function hasContext(bytes: Uint8Array): boolean | undefined {
  const decoder = new SpeRecordDecoder();
  decoder.attach(bytes);
  let at = 0;
  for (let i = 0; i < RECORDS_PROBED; i++) {
    const next = decoder.next(at, bytes.length, false);
    if (next <= 0) return i === 0 ? undefined : false;
    if (decoder.context >= 0) return true;
    at = next;
  }
  return false;
}

const RECORDS_PROBED = 256;

/** Drops the tag byte of a data address and fills it with ones where bits 55:52 say that it is a kernel's. */
function canonicalHigh(high: number): number {
  const low24 = high & 0xffffff;
  return low24 >= 0xf00000 ? low24 | 0xff000000 : low24;
}
