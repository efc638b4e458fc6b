/** The RLE and bit-packing hybrid that dictionary indices are written in. */
import { bitWidth, packBits } from './bit-packing.js';
import type { ByteSink } from './byte-sink.js';

/** Shorter runs are packed, in groups of this many. */
const GROUP = 8;

/** Encodes indices[0, count) into a dictionary of `size` entries: their width, then the runs. */
export function encodeIndices(indices: Uint32Array, count: number, size: number, out: ByteSink): void {
  const width = bitWidth(Math.max(0, size - 1));
  out.byte(width);
  let packedFrom = 0;
  for (let at = 0; at < count; ) {
    const end = endOfRun(indices, at, count);
    // Packed groups are whole: a run gives what the group before it lacks.
    const missing = (GROUP - ((at - packedFrom) % GROUP)) % GROUP;
    if (end - at - missing >= GROUP) {
      pack(indices, packedFrom, at + missing, width, out);
      repeat(indices[at], end - at - missing, width, out);
      packedFrom = end;
    }
    at = end;
  }
  pack(indices, packedFrom, count, width, out);
}

function endOfRun(indices: Uint32Array, from: number, count: number): number {
  let at = from + 1;
  while (at < count && indices[at] === indices[from]) at++;
  return at;
}

function pack(indices: Uint32Array, from: number, to: number, width: number, out: ByteSink): void {
  if (to === from) return;
  const groups = Math.ceil((to - from) / GROUP);
  out.varint(groups * 2 + 1);
  packBits(indices, from, to, groups * GROUP, width, out);
}

function repeat(value: number, times: number, width: number, out: ByteSink): void {
  out.varint(times * 2);
  for (let bits = 0; bits < width; bits += 8) out.byte((value >>> bits) & 255);
}
