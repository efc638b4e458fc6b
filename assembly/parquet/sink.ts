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
