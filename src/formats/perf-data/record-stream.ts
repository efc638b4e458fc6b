/**
 * Cuts a stream of bytes into records, wherever the bytes were cut on their way. Bytes are read straight into
 * the stream's own buffer (`room`, `commit`), and records are handed out in place.
 */

import { RECORD, RECORD_HEADER_BYTES } from '../perf-abi/constants.js';
import type { LoopArea } from '../sample-loop/sample-loop.js';
import { RecordView, swap32 } from './record-view.js';

/** Largest record (its size field has 16 bits), kept whole across refills. */
const LARGEST_RECORD = 65536;

/** What `next` found: a record, part of a payload outside records, nothing yet, or bytes that are no record. */
export type StreamStep = 'record' | 'payload' | 'more' | 'bad';

/** Takes records from address `from` on; returns the address behind the last one it took. */
export interface RunReader<Rows> {
  decodeRun(from: number, end: number, out: Rows): number;
}

/** A buffer that is filled from outside and emptied record by record. */
export class RecordStream {
  readonly view: RecordView;
  /** After `payload`: the bytes, in the area and valid until the next call. */
  payload: Uint8Array = new Uint8Array(0);
  /** True when `payload` holds the last bytes of it. */
  payloadEnds = false;
  readonly #address: number;
  readonly #bytes: Uint8Array;
  readonly #words: Uint32Array;
  readonly #scratch: Uint8Array;
  readonly #scratchWords: Uint32Array;
  readonly #isBigEndian: boolean;
  /** Unread bytes are [at, end). */
  #at = 0;
  #end = 0;
  /** Stream offset of bytes[0]. */
  #origin: number;
  #payloadLeft = 0;

  /** Reads in `area`, which must be at least twice as long as the largest record. */
  constructor(isBigEndian: boolean, area: LoopArea, offset = 0) {
    this.#isBigEndian = isBigEndian;
    this.view = new RecordView(isBigEndian);
    this.#address = area.address;
    this.#bytes = area.bytes;
    this.#words = area.words;
    this.#scratch = new Uint8Array(LARGEST_RECORD + 8);
    this.#scratchWords = new Uint32Array(this.#scratch.buffer);
    this.#origin = offset;
  }

  /** Stream offset of the first byte not handed out yet. */
  get offset(): number {
    return this.#origin + this.#at;
  }

  /** Bytes taken in and not handed out yet. */
  get pending(): number {
    return this.#end - this.#at;
  }

  /** Bytes of a payload outside records that are still to come. */
  get payloadMissing(): number {
    return this.#payloadLeft;
  }

  /** Where the next bytes are to be put; `commit` says how many were. Only valid after `next` said `more`. */
  room(): Uint8Array {
    if (this.#at > 0) {
      this.#bytes.copyWithin(0, this.#at, this.#end);
      this.#origin += this.#at;
      this.#end -= this.#at;
      this.#at = 0;
    }
    return this.#bytes.subarray(this.#end);
  }

  commit(length: number): void {
    this.#end += length;
  }

  /** Takes as much of `chunk` as there is room for and says how much that was. */
  take(chunk: Uint8Array): number {
    const room = this.room();
    const length = Math.min(room.length, chunk.length);
    room.set(length === chunk.length ? chunk : chunk.subarray(0, length));
    this.commit(length);
    return length;
  }

  next(): StreamStep {
    if (this.#payloadLeft > 0) return this.#nextPayload();
    const at = this.#at;
    const left = this.#end - at;
    if (left < RECORD_HEADER_BYTES) return 'more';
    const size = this.#sizeAt(at);
    if (size < RECORD_HEADER_BYTES) return 'bad';
    if (size > left) return 'more';
    this.#show(at, size);
    this.#at = at + size;
    return 'record';
  }

  /**
   * Lets a reader take records from those at hand, until it comes to one that it does not. Does nothing where records
   * are of the other byte order, or the next one is no sample.
   */
  passSamples<Rows>(reader: RunReader<Rows>, out: Rows): void {
    const at = this.#at;
    const end = this.#end;
    const address = this.#address;
    if (this.#isBigEndian || this.#payloadLeft > 0 || at + 8 > end || this.#bytes[at] !== RECORD.sample)
      return;
    this.#at = reader.decodeRun(address + at, address + end, out) - address;
  }

  /** Announces bytes that follow the current record without being counted in its size. */
  expectPayload(length: number): void {
    this.#payloadLeft = length;
  }

  #sizeAt(at: number): number {
    return this.#isBigEndian
      ? (this.#bytes[at + 6] << 8) | this.#bytes[at + 7]
      : this.#bytes[at + 6] | (this.#bytes[at + 7] << 8);
  }

  #nextPayload(): StreamStep {
    const length = Math.min(this.#payloadLeft, this.#end - this.#at);
    if (length === 0) return 'more';
    this.payload = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    this.#payloadLeft -= length;
    this.payloadEnds = this.#payloadLeft === 0;
    return 'payload';
  }

  #show(at: number, size: number): void {
    const view = this.view;
    view.size = size;
    view.offset = this.#origin + at;
    view.bytes = this.#bytes;
    view.start = at;
    if (this.#isBigEndian || (at & 3) !== 0) {
      this.#copyToScratch(at, size);
      view.words = this.#scratchWords;
      view.base = 0;
    } else {
      view.words = this.#words;
      view.base = at >>> 2;
    }
    view.type = view.words[view.base];
    view.misc = view.u16(4);
  }

  /** Brings an unaligned or foreign-endian record into words of this machine. */
  #copyToScratch(at: number, size: number): void {
    this.#scratch.set(this.#bytes.subarray(at, at + size));
    this.#scratch.fill(0, size, size + 8);
    if (!this.#isBigEndian) return;
    const words = this.#scratchWords;
    for (let i = (size + 3) >>> 2; i >= 0; i--) words[i] = swap32(words[i]);
  }
}

/** Records whose payload follows them uncounted: its length in bytes, or 0 (tools/perf/util/session.c). */
export function payloadAfter(view: RecordView): number {
  if (view.type === RECORD.auxtrace && view.size >= 16) return view.u64(8);
  if (view.type === RECORD.tracingData && view.size >= 12) return Math.ceil(view.u32(8) / 8) * 8;
  return 0;
}
