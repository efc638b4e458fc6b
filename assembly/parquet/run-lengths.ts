/** The hybrid of repeated and packed values that dictionary indices are written in. */
import { byte, flushBits, putBits, varint } from './sink';

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
  while (at < count && indexAt(at) == index) at++;
  return at;
}

function pack(from: i32, to: i32, width: u32): void {
  if (to == from) return;
  const groups = (to - from + GROUP - 1) / GROUP;
  varint(<u64>groups * 2 + 1);
  for (let at = from; at < from + groups * GROUP; at++) putBits(at < to ? <u64>indexAt(at) : 0, width);
  flushBits();
}

function repeat(index: u32, times: i32, width: u32): void {
  varint(<u64>times * 2);
  for (let bits: u32 = 0; bits < width; bits += 8) byte((index >> bits) & 255);
}
