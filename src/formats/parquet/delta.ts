/** DELTA_BINARY_PACKED: differences of neighbours, packed as tightly as each 32 of them allow. */
import { bitWidth, packBits } from './bit-packing.js';
import type { ByteSink } from './byte-sink.js';

const BLOCK = 128;
const MINIBLOCKS = 4;
const MINIBLOCK = BLOCK / MINIBLOCKS;

/** Differences of the block at hand, then how far they lie above the least of them. */
const deltas = new Float64Array(BLOCK);
const widths = new Uint8Array(MINIBLOCKS);

/** Encodes values[0, count), whole numbers whose differences are exact in a double. */
export function encodeDelta(values: Float64Array, count: number, out: ByteSink): void {
  out.varint(BLOCK);
  out.varint(MINIBLOCKS);
  out.varint(count);
  out.zigzag(count === 0 ? 0 : values[0]);
  for (let from = 1; from < count; from += BLOCK) {
    encodeBlock(values, from, Math.min(BLOCK, count - from), out);
  }
}

function encodeBlock(values: Float64Array, from: number, count: number, out: ByteSink): void {
  let previous = values[from - 1];
  let least = values[from] - previous;
  let largest = least;
  for (let i = 0; i < count; i++) {
    const value = values[from + i];
    const delta = value - previous;
    previous = value;
    deltas[i] = delta;
    if (delta < least) least = delta;
    if (delta > largest) largest = delta;
  }
  out.zigzag(least);
  widths.fill(0);
  // Rows that follow each other evenly, as in memory touched page by page, take no bits.
  if (largest !== least) measure(count, least);
  for (let mini = 0; mini < MINIBLOCKS; mini++) out.byte(widths[mini]);
  for (let mini = 0; mini < MINIBLOCKS; mini++) {
    if (widths[mini] > 0) packBits(deltas, mini * MINIBLOCK, count, MINIBLOCK, widths[mini], out);
  }
}

/** Takes the least difference from each, and finds the width of each miniblock. */
function measure(count: number, least: number): void {
  for (let mini = 0; mini * MINIBLOCK < count; mini++) {
    const end = Math.min(count, (mini + 1) * MINIBLOCK);
    let largest = 0;
    for (let i = mini * MINIBLOCK; i < end; i++) {
      const above = deltas[i] - least;
      deltas[i] = above;
      if (above > largest) largest = above;
    }
    widths[mini] = bitWidth(largest);
  }
}
