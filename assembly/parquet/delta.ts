/** DELTA_BINARY_PACKED: differences of neighbours, packed as tightly as each 32 of them allow. */
import { DELTAS } from './layout';
import { byte, flushBits, putBits, varint, zigzag } from './sink';

const BLOCK: i32 = 128;
const MINIBLOCKS: i32 = 4;
const MINIBLOCK: i32 = 32;

/** Encodes the `count` values at an address: i32, i64, or whole numbers as f64. */
export function encodeDeltas<T>(values: usize, count: i32): void {
  varint(<u64>BLOCK);
  varint(<u64>MINIBLOCKS);
  varint(<u64>count);
  zigzag(count == 0 ? 0 : <i64>load<T>(values));
  const size = sizeof<T>();
  for (let from = 1; from < count; from += BLOCK)
    encodeBlock<T>(values + <usize>from * size, min(BLOCK, count - from));
}

function deltaAt(index: i32): u64 {
  return load<u64>((<usize>index) << 3, DELTAS);
}

/** `values`: address of the first of the block, which has one before it. */
function encodeBlock<T>(values: usize, count: i32): void {
  const size = sizeof<T>();
  let previous = <i64>load<T>(values - size);
  let least = <i64>load<T>(values) - previous;
  let most = least;
  for (let i = 0; i < count; i++) {
    const value = <i64>load<T>(values + <usize>i * size);
    const delta = value - previous;
    previous = value;
    store<i64>((<usize>i) << 3, delta, DELTAS);
    least = min(least, delta);
    most = max(most, delta);
  }
  zigzag(least);
  // Steps of one width, or values that stay: four widths of no bits.
  if (least == most) noBits();
  else packAll(count, least);
}

function noBits(): void {
  for (let mini = 0; mini < MINIBLOCKS; mini++) byte(0);
}

function packAll(count: i32, least: i64): void {
  let widths: u32 = 0;
  for (let mini = 0; mini < MINIBLOCKS; mini++) {
    const width = measure(mini * MINIBLOCK, min(count, (mini + 1) * MINIBLOCK), least);
    widths |= width << (<u32>mini * 8);
    byte(width);
  }
  for (let mini = 0; mini < MINIBLOCKS; mini++) {
    const width = (widths >> (<u32>mini * 8)) & 255;
    if (width > 0) pack(mini * MINIBLOCK, count, width);
  }
}

/** Takes the least difference from each of a miniblock; returns the bits that the largest rest takes. */
function measure(from: i32, to: i32, least: i64): u32 {
  let all: u64 = 0;
  for (let i = from; i < to; i++) {
    const above = deltaAt(i) - <u64>least;
    store<u64>((<usize>i) << 3, above, DELTAS);
    all |= above;
  }
  return 64 - <u32>clz(all);
}

/** A miniblock is whole: zeroes stand for what the last one lacks. */
function pack(from: i32, count: i32, width: u32): void {
  for (let i = from; i < from + MINIBLOCK; i++) putBits(i < count ? deltaAt(i) : 0, width);
  flushBits();
}
