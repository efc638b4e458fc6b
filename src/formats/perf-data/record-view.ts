/**
 * One record in place. Fields are read as 32-bit words, because 64-bit reads through BigInt cost ten times as
 * much; `low` and `high` say which word of a 64-bit field comes first, so one code path serves both byte orders.
 */
const TWO_32 = 4294967296;
const UTF8 = new TextDecoder('utf-8');

/** The current record; moved from record to record without an allocation. */
export class RecordView {
  type = 0;
  misc = 0;
  /** Whole size in bytes, header included. */
  size = 0;
  /** Offset of the record in the stream it came from, for messages. */
  offset = 0;
  /** The record's words in the byte order of this machine, starting at `base`. */
  words: Uint32Array = new Uint32Array(0);
  base = 0;
  /** The record's bytes as they are in the file, starting at `start`. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  readonly isBigEndian: boolean;
  /** Index of the low and the high word in a 64-bit field. */
  readonly lowWord: 0 | 1;
  readonly highWord: 0 | 1;

  constructor(isBigEndian: boolean) {
    this.isBigEndian = isBigEndian;
    this.lowWord = isBigEndian ? 1 : 0;
    this.highWord = isBigEndian ? 0 : 1;
  }

  /** 32-bit field at a byte offset that is a multiple of 4. */
  u32(at: number): number {
    return this.words[this.base + (at >>> 2)];
  }

  i32(at: number): number {
    return this.words[this.base + (at >>> 2)] | 0;
  }

  low(at: number): number {
    return this.words[this.base + (at >>> 2) + this.lowWord];
  }

  high(at: number): number {
    return this.words[this.base + (at >>> 2) + this.highWord];
  }

  /** 64-bit field as a double: exact below 2^53, which counts, sizes and offsets are. */
  u64(at: number): number {
    return this.high(at) * TWO_32 + this.low(at);
  }

  big(at: number): bigint {
    return (BigInt(this.high(at)) << 32n) | BigInt(this.low(at));
  }

  u16(at: number): number {
    const i = this.start + at;
    return this.isBigEndian
      ? (this.bytes[i] << 8) | this.bytes[i + 1]
      : this.bytes[i] | (this.bytes[i + 1] << 8);
  }

  u8(at: number): number {
    return this.bytes[this.start + at];
  }

  /** Text from `at` to the first NUL, at most to `end`. */
  text(at: number, end: number): string {
    let stop = this.start + at;
    const limit = this.start + Math.min(end, this.size);
    while (stop < limit && this.bytes[stop] !== 0) stop++;
    return UTF8.decode(this.bytes.subarray(this.start + at, stop));
  }

  /** The bytes [at, end) of the record; valid until the next record is read. */
  slice(at: number, end: number): Uint8Array {
    return this.bytes.subarray(this.start + at, this.start + Math.min(end, this.size));
  }
}

/** A view on a block of bytes that is no record (an attr section, a feature), copied and put in order. */
export function viewOf(bytes: Uint8Array, isBigEndian: boolean): RecordView {
  const view = new RecordView(isBigEndian);
  const padded = new Uint8Array((bytes.length + 7) & ~7);
  padded.set(bytes);
  view.bytes = bytes;
  view.size = bytes.length;
  view.words = new Uint32Array(padded.buffer);
  if (isBigEndian) swapWords(view.words, view.words.length);
  return view;
}

/** Reverses the bytes of each of the first `count` words. */
export function swapWords(words: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) words[i] = swap32(words[i]);
}

/** Returns the word with its four bytes in the other order. */
export function swap32(word: number): number {
  return ((word >>> 24) | ((word >>> 8) & 0xff00) | ((word << 8) & 0xff0000) | (word << 24)) >>> 0;
}
