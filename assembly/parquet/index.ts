/** The loop that encodes columns of Parquet: what the host calls, and where it finds what. */
import { encodeDeltas } from './delta';
import { OUT } from './layout';
import { encodeIndices } from './run-lengths';
import { Sink } from './sink';

export { CAPACITY, END, OUT, VALUES } from './layout';

/** Encodes `count` doubles that are whole numbers; answers how many bytes that took. */
export function deltas(count: i32): i32 {
  Sink.at = OUT;
  encodeDeltas(count);
  return <i32>(Sink.at - OUT);
}

/** Encodes `count` indices below 2^width; answers how many bytes that took. */
export function indices(count: i32, width: i32): i32 {
  Sink.at = OUT;
  encodeIndices(count, <u32>width);
  return <i32>(Sink.at - OUT);
}
