/** Where the next byte goes, and the number formats of Parquet. */
import { OUT } from './layout';

export class Sink {
  static at: usize = OUT;
}

export function byte(value: u32): void {
  store<u8>(Sink.at, <u8>value);
  Sink.at++;
}

/** Unsigned LEB128. */
export function varint(value: u64): void {
  let left = value;
  while (left >= 128) {
    byte((<u32>left & 127) | 128);
    left >>= 7;
  }
  byte(<u32>left);
}

/** Zigzag: 0, −1, 1, −2, … as 0, 1, 2, 3, … */
export function zigzag(value: i64): void {
  varint(((<u64>value) << 1) ^ <u64>(value >> 63));
}

/** Bits not written yet, least significant first. */
class Pending {
  static bits: u64 = 0;
  static count: u32 = 0;
}

/** Appends the low `width` bits of a value, at most 64. */
export function putBits(value: u64, width: u32): void {
  const count = Pending.count;
  const bits = Pending.bits | (value << (<u64>count));
  const total = count + width;
  if (total < 64) {
    Pending.bits = bits;
    Pending.count = total;
    return;
  }
  store<u64>(Sink.at, bits);
  Sink.at += 8;
  // What did not fit; a shift by 64 would be one by 0.
  Pending.bits = count == 0 ? 0 : value >> <u64>(64 - count);
  Pending.count = total - 64;
}

/** Writes what is pending, filled up to a whole byte. */
export function flushBits(): void {
  const bytes = (Pending.count + 7) >> 3;
  store<u64>(Sink.at, Pending.bits);
  Sink.at += <usize>bytes;
  Pending.bits = 0;
  Pending.count = 0;
}
