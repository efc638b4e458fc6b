/** DELTA_BINARY_PACKED: differences of neighbours, packed as tightly as each 32 of them allow. */
import { DELTAS } from './layout';
import { byte, Sink, varint, zigzag } from './sink';

const BLOCK: i32 = 128;
const MINIBLOCKS: i32 = 4;
const MINIBLOCK: i32 = 32;
const VECTOR: usize = 16;

/** Encodes the `count` values at an address: i32, i64, or whole numbers as f64. */
export function encodeDeltas<T>(values: usize, count: i32): void {
  varint(<u64>BLOCK);
  varint(<u64>MINIBLOCKS);
  varint(<u64>count);
  zigzag(count == 0 ? 0 : <i64>load<T>(values));
  const size = sizeof<T>();
  for (let from = 1; from < count; from += BLOCK) {
    const at = values + <usize>from * size;
    const rest = min(BLOCK, count - from);
    if (rest < BLOCK || isFloat<T>()) encodePart<T>(at, rest);
    else if (isSteady(at, size)) noDeltas(0);
    else encodeBlock<T>(at);
  }
}

/** Whether a whole block repeats the value before it. */
function isSteady(values: usize, size: usize): bool {
  const end = values + <usize>BLOCK * size;
  for (let at = values; at < end; at += 8 * VECTOR) {
    let differs = v128.xor(v128.load(at), v128.load(at - size));
    for (let next = at + VECTOR; next < at + 8 * VECTOR; next += VECTOR)
      differs = v128.or(differs, v128.xor(v128.load(next), v128.load(next - size)));
    if (v128.any_true(differs)) return false;
  }
  return true;
}

/** Steps of one width, or values that stay: four widths of no bits. */
function noDeltas(least: i64): void {
  zigzag(least);
  for (let mini = 0; mini < MINIBLOCKS; mini++) byte(0);
}

/** A whole block of whole numbers; its first value is at `values` and has one before it. */
function encodeBlock<T>(values: usize): void {
  let least = deltasAt<T>(values);
  let most = least;
  for (let at: usize = 0; at < <usize>BLOCK * sizeof<T>(); at += VECTOR) {
    const deltas = deltasAt<T>(values + at);
    v128.store(DELTAS + at, deltas);
    least = lesser<T>(least, deltas);
    most = greater<T>(most, deltas);
  }
  const lowest = lowestLane<T>(least);
  if (lowest == highestLane<T>(most)) noDeltas(lowest);
  else packBlock<T>(lowest);
}

/** Differences of the values at an address to those before them. */
function deltasAt<T>(values: usize): v128 {
  return v128.sub<T>(v128.load(values), v128.load(values - sizeof<T>()));
}

function lesser<T>(a: v128, b: v128): v128 {
  return v128.bitselect(b, a, v128.gt<T>(a, b));
}

function greater<T>(a: v128, b: v128): v128 {
  return v128.bitselect(b, a, v128.gt<T>(b, a));
}

function lowestLane<T>(all: v128): i64 {
  let lowest = <i64>v128.extract_lane<T>(all, 0);
  lowest = min(lowest, <i64>v128.extract_lane<T>(all, 1));
  if (sizeof<T>() == 8) return lowest;
  lowest = min(lowest, <i64>v128.extract_lane<i32>(all, 2));
  return min(lowest, <i64>v128.extract_lane<i32>(all, 3));
}

function highestLane<T>(all: v128): i64 {
  let highest = <i64>v128.extract_lane<T>(all, 0);
  highest = max(highest, <i64>v128.extract_lane<T>(all, 1));
  if (sizeof<T>() == 8) return highest;
  highest = max(highest, <i64>v128.extract_lane<i32>(all, 2));
  return max(highest, <i64>v128.extract_lane<i32>(all, 3));
}

/** Packs the differences of a whole block, of which `least` is the least. */
function packBlock<T>(least: i64): void {
  zigzag(least);
  const size = <usize>MINIBLOCK * sizeof<T>();
  const base = v128.splat<T>(<T>least);
  let widths: u32 = 0;
  for (let mini: u32 = 0; mini < <u32>MINIBLOCKS; mini++) {
    const width = measure<T>(DELTAS + <usize>mini * size, base);
    widths |= width << (mini * 8);
    byte(width);
  }
  for (let mini: u32 = 0; mini < <u32>MINIBLOCKS; mini++) {
    const width = (widths >> (mini * 8)) & 255;
    if (width > 0) pack<T>(DELTAS + <usize>mini * size, width);
  }
}

/** Takes the least difference from each of a miniblock; returns the bits that the largest rest takes. */
function measure<T>(deltas: usize, least: v128): u32 {
  let all = v128.splat<i64>(0);
  for (let at = deltas; at < deltas + <usize>MINIBLOCK * sizeof<T>(); at += VECTOR) {
    const above = v128.sub<T>(v128.load(at), least);
    v128.store(at, above);
    all = v128.or(all, above);
  }
  const bits = v128.extract_lane<i64>(all, 0) | v128.extract_lane<i64>(all, 1);
  if (sizeof<T>() == 8) return 64 - <u32>clz(bits);
  return 32 - <u32>clz(<u32>bits | <u32>(bits >> 32));
}

/** A miniblock takes four bytes for each bit of its width: 64 bits at a time, and 32 at the end of an odd width. */
function pack<T>(deltas: usize, width: u32): void {
  let to = Sink.at;
  let bits: u64 = 0;
  let count: u32 = 0;
  for (let i: usize = 0; i < <usize>MINIBLOCK; i++) {
    const value = sizeof<T>() == 8 ? load<u64>(deltas + i * 8) : <u64>load<u32>(deltas + i * 4);
    bits |= value << (<u64>count);
    count += width;
    if (count < 64) continue;
    store<u64>(to, bits);
    to += 8;
    count -= 64;
    // What did not fit; a shift by 64 would be one by 0.
    bits = count == 0 ? 0 : value >> <u64>(width - count);
  }
  store<u64>(to, bits);
  Sink.at = to + <usize>(count >> 3);
}

/** The end of a column, or a block of doubles: fewer than a block may be left. */
function encodePart<T>(values: usize, count: i32): void {
  let previous = <i64>load<T>(values - sizeof<T>());
  let least = i64.MAX_VALUE;
  let most = i64.MIN_VALUE;
  for (let i = 0; i < count; i++) {
    const value = <i64>load<T>(values + <usize>i * sizeof<T>());
    const delta = value - previous;
    previous = value;
    store<i64>(DELTAS + ((<usize>i) << 3), delta);
    least = min(least, delta);
    most = max(most, delta);
  }
  // Zeroes stand for what the last miniblock lacks.
  for (let i = count; i < BLOCK; i++) store<i64>(DELTAS + ((<usize>i) << 3), least);
  if (least == most) noDeltas(least);
  else packBlock<i64>(least);
}
