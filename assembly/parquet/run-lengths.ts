/** The hybrid of repeated and packed values that dictionary indices are written in. */
import { byte, Sink, varint } from './sink';

/** Shorter runs are packed, in groups of this many. */
const GROUP: i32 = 8;

class Column {
  static at: usize = 0;
}

/** Encodes the `count` indices at an address, of `width` bits: the width, then the runs. */
export function encodeIndices(indices: usize, count: i32, width: u32): void {
  Column.at = indices;
  byte(width);
  let packedFrom = 0;
  let at = 0;
  while (at < count) {
    const end = endOfRun(at, count);
    // Packed groups are whole: a run gives what the group before it lacks.
    const missing = (GROUP - ((at - packedFrom) & (GROUP - 1))) & (GROUP - 1);
    if (end - at - missing >= GROUP) {
      pack(packedFrom, at + missing, width);
      repeat(indexAt(at), end - at - missing, width);
      packedFrom = end;
    }
    at = end;
  }
  pack(packedFrom, count, width);
}

function indexAt(at: i32): u32 {
  return load<u32>(Column.at + ((<usize>at) << 2));
}

function endOfRun(from: i32, count: i32): i32 {
  const index = indexAt(from);
  let at = from + 1;
  if (at == count || indexAt(at) != index) return at;
  const all = v128.splat<i32>(index);
  while (at + 4 <= count && !v128.any_true(v128.xor(v128.load(Column.at + ((<usize>at) << 2)), all))) at += 4;
  while (at < count && indexAt(at) == index) at++;
  return at;
}

function pack(from: i32, to: i32, width: u32): void {
  if (to == from) return;
  const groups = (to - from + GROUP - 1) / GROUP;
  varint(<u64>groups * 2 + 1);
  const start = Sink.at;
  const end = Column.at + ((<usize>to) << 2);
  let place = start;
  let bits: u64 = 0;
  let count: u32 = 0;
  for (let at = Column.at + ((<usize>from) << 2); at < end; at += 4) {
    const index = <u64>load<u32>(at);
    bits |= index << (<u64>count);
    count += width;
    if (count < 64) continue;
    store<u64>(place, bits);
    place += 8;
    count -= 64;
    bits = count == 0 ? 0 : index >> <u64>(width - count);
  }
  // Zeroes stand for what the last group lacks: eight indices take as many bytes as one takes bits.
  store<u64>(place, bits);
  const whole = start + <usize>groups * <usize>width;
  for (place += 8; place < whole; place += 8) store<u64>(place, 0);
  Sink.at = whole;
}

function repeat(index: u32, times: i32, width: u32): void {
  varint(<u64>times * 2);
  for (let bits: u32 = 0; bits < width; bits += 8) byte((index >> bits) & 255);
}
