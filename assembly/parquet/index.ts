/** The loop that makes rows of heat and encodes columns of Parquet: what the host calls, and where it finds what. */
import { encodeDeltas } from './delta';
import { OUT } from './layout';
import { encodeIndices } from './run-lengths';
import { Sink } from './sink';

export { clearValues, valueCount } from './double-dictionary';
export {
  ACCESS_INDICES,
  ACCESSES,
  ADDRESSES,
  BLOCKS,
  CAPACITY,
  COMMANDS,
  COUNTS,
  END,
  MAPPINGS,
  MISSES,
  MOST_SLICES,
  MOST_VALUES,
  OUT,
  PIDS,
  SAMPLES,
  SLICES,
  SUB_PAGES,
  TIMES,
  TLB_MISSES,
  VALUES,
} from './layout';
export { addRows, clearTimes, fillRows } from './rows';

/** Encodes the `count` whole numbers of 32 or 64 bits at an address; returns how many bytes that took. */
export function deltas(values: usize, count: i32, bits: i32): i32 {
  Sink.at = OUT;
  if (bits == 64) encodeDeltas<i64>(values, count);
  else encodeDeltas<i32>(values, count);
  return <i32>(Sink.at - OUT);
}

/** Encodes the `count` whole numbers at an address that are doubles; returns how many bytes that took. */
export function doubleDeltas(values: usize, count: i32): i32 {
  Sink.at = OUT;
  encodeDeltas<f64>(values, count);
  return <i32>(Sink.at - OUT);
}

/** Encodes the `count` indices below 2^width at an address; returns how many bytes that took. */
export function indices(values: usize, count: i32, width: i32): i32 {
  Sink.at = OUT;
  encodeIndices(values, count, <u32>width);
  return <i32>(Sink.at - OUT);
}
