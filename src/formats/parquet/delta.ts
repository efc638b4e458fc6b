/** DELTA_BINARY_PACKED: differences of neighbours, packed as tightly as each 32 of them allow. */
import { bitWidth, packBits } from './bit-packing.js';
import type { ByteSink } from './byte-sink.js';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;

const deltas = new Float64Array(BLOCK);

/** Encodes values[0, count), whole numbers whose differences are exact in a double. */
export function encodeDelta(values: ArrayLike<number>, count: number, out: ByteSink): void {
  out.varint(BLOCK);
  out.varint(MINIBLOCKS);
  out.varint(count);
  out.zigzag(count === 0 ? 0 : values[0]);
  for (let from = 1; from < count; from += BLOCK) {
    encodeBlock(values, from, Math.min(BLOCK, count - from), out);
  }
}

function encodeBlock(values: ArrayLike<number>, from: number, count: number, out: ByteSink): void {
  let least = values[from] - values[from - 1];
  for (let i = 0; i < count; i++) {
    const delta = values[from + i] - values[from + i - 1];
    deltas[i] = delta;
    if (delta < least) least = delta;
  }
  for (let i = 0; i < count; i++) deltas[i] -= least;
  out.zigzag(least);
  const widths = [0, 0, 0, 0];
  for (let mini = 0; mini * MINIBLOCK < count; mini++) widths[mini] = widthOf(mini, count);
  for (const width of widths) out.byte(width);
  for (let mini = 0; mini * MINIBLOCK < count; mini++) {
    packBits(deltas, mini * MINIBLOCK, count, MINIBLOCK, widths[mini], out);
  }
}

function widthOf(mini: number, count: number): number {
  let largest = 0;
  const end = Math.min(count, (mini + 1) * MINIBLOCK);
  for (let i = mini * MINIBLOCK; i < end; i++) if (deltas[i] > largest) largest = deltas[i];
  return bitWidth(largest);
}
