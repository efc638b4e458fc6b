/** Rows of a heat file: one for each page and slice of time that has samples. */
import { indexOf } from './double-dictionary';
import {
  ACCESS_INDICES,
  ACCESSES,
  ADDRESSES,
  COUNTS,
  MISSES,
  SAMPLES,
  SLICE_BYTES,
  SLICES,
  SUB_PAGES,
  TIMES,
  TLB_MISSES,
} from './layout';

/** A counter that stopped at its largest value. */
const SATURATED: u32 = 0xffff;
/** Index of a time that no row has yet. */
const NO_INDEX: u32 = 0xffffffff;
/** Largest value of a column of 32 bits. */
const LARGEST_COUNT: u32 = 0x7fffffff;

/**
 * Writes the rows of `pages` sub-pages from `subPage` on of a block at byte address `block`, behind `row` rows. Returns how
 * many rows there are then.
 */
export function addRows(row: i32, slices: i32, pages: i32, subPage: i32, block: f64, pageBytes: f64): i32 {
  let at = row;
  for (let page = 0; page < pages; page++) {
    for (let slice = 0; slice < slices; slice++) {
      const counter = (<usize>(slice * pages + page)) << 1;
      const counted = <u32>load<u16>(counter, COUNTS);
      if (counted == 0) continue;
      const facts = SLICES + <usize>slice * SLICE_BYTES;
      const count = counted == SATURATED ? restored(load<u32>(facts, 12)) : counted;
      put(at, count, min(count, <u32>load<u16>(counter, MISSES)), facts);
      store<i32>((<usize>at) << 2, subPage + page, SUB_PAGES);
      store<i64>((<usize>at) << 3, <i64>block + <i64>pageBytes * <i64>(subPage + page), ADDRESSES);
      at++;
    }
  }
  return at;
}

/** A full counter with its share of what it lost. */
function restored(lost: u32): u32 {
  return lost > LARGEST_COUNT - SATURATED ? LARGEST_COUNT : SATURATED + lost;
}

class Times {
  /** Times of the row group so far. */
  static count: u32 = 0;
}

/** The next row group has no times yet. */
export function clearTimes(): void {
  Times.count = 0;
}

/** Index of the time of a slice, which gets one with its first row in the row group. */
function timeOf(facts: usize): u32 {
  if (load<u32>(facts, 8) == NO_INDEX) store<u32>(facts, Times.count++, 8);
  return load<u32>(facts, 8);
}

function put(row: i32, count: u32, misses: u32, facts: usize): void {
  const word = (<usize>row) << 2;
  const accesses = <f64>count * load<f64>(facts);
  store<u32>(word, count, SAMPLES);
  store<u32>(word, misses, TLB_MISSES);
  store<u32>(word, timeOf(facts), TIMES);
  store<f64>(word << 1, accesses, ACCESSES);
  store<u32>(word, indexOf(accesses), ACCESS_INDICES);
}
