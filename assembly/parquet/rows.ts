/** Rows of a heat file: one for each page and slice of time that has samples. */
import { indexOf } from './double-dictionary';
import {
  ACCESS_INDICES,
  ACCESSES,
  ADDRESSES,
  BLOCKS,
  COMMANDS,
  COUNTS,
  MAPPINGS,
  MISSES,
  PIDS,
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

/** Gives the rows from `from` to before `to` what all of a block have. */
export function fillRows(from: i32, to: i32, pid: i32, command: i32, mapping: i32, block: f64): void {
  fillWords(PIDS, from, to, pid);
  fillWords(COMMANDS, from, to, command);
  fillWords(MAPPINGS, from, to, mapping);
  const address = <i64>block;
  const pair = v128.splat<i64>(address);
  let row = from;
  for (; row + 2 <= to; row += 2) v128.store(BLOCKS + ((<usize>row) << 3), pair);
  if (row < to) store<i64>(BLOCKS + ((<usize>row) << 3), address);
}

function fillWords(column: usize, from: i32, to: i32, word: i32): void {
  const words = v128.splat<i32>(word);
  let row = from;
  for (; row + 4 <= to; row += 4) v128.store(column + ((<usize>row) << 2), words);
  for (; row < to; row++) store<i32>(column + ((<usize>row) << 2), word);
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
  // Most pages have as many samples as the one before.
  if (load<u32>(facts, 16) != count) {
    store<u32>(facts, count, 16);
    store<u32>(facts, indexOf(accesses), 20);
  }
  store<u32>(word, load<u32>(facts, 20), ACCESS_INDICES);
}
