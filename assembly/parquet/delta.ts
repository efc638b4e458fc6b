/** DELTA_BINARY_PACKED: differences of neighbours, packed as tightly as each 32 of them allow. */
import { DELTAS, VALUES } from './layout';
import { byte, flushBits, putBits, varint, zigzag } from './sink';

const BLOCK: i32 = 128;
const MINIBLOCKS: i32 = 4;
const MINIBLOCK: i32 = 32;

/** Encodes `count` whole numbers, given as doubles. */
export function encodeDeltas(count: i32): void {
  varint(<u64>BLOCK);
  varint(<u64>MINIBLOCKS);
  varint(<u64>count);
  zigzag(count == 0 ? 0 : valueAt(0));
  for (let from = 1; from < count; from += BLOCK) encodeBlock(from, min(BLOCK, count - from));
}

function valueAt(index: i32): i64 {
  return <i64>load<f64>((<usize>index) << 3, VALUES);
}

function deltaAt(index: i32): u64 {
  return load<u64>((<usize>index) << 3, DELTAS);
}

function encodeBlock(from: i32, count: i32): void {
  let previous = valueAt(from - 1);
  let least = valueAt(from) - previous;
  for (let i = 0; i < count; i++) {
    const value = valueAt(from + i);
    const delta = value - previous;
    previous = value;
    store<i64>((<usize>i) << 3, delta, DELTAS);
    least = min(least, delta);
  }
  zigzag(least);
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

/** Takes the least difference from each of a miniblock; answers the bits that the largest rest takes. */
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
