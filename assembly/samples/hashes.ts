/**
 * Hashes of the rows that have a page, to tell recordings apart: the loop of src/vocabulary/fingerprint.ts over the
 * columns as they lie here, with the same results. A test holds the two against each other.
 */
import {
  CAPACITY,
  FREE as COLUMNS_END,
  EVENT,
  FLAGS,
  PHYSICAL_PAGE,
  PID,
  TID,
  TIME,
  VIRTUAL_PAGE,
  WEIGHT,
} from './batch';

/** Hashes that may belong to the sketch, as f64; and those of microseconds. */
export const HASHES: usize = COLUMNS_END;
export const COARSE: usize = HASHES + 8 * <usize>CAPACITY;
/**
 * Of a call, as f64: count, timed, sum, first, last, all flags, whether all rows are of one event, whether they have one weight, rows
 * with a virtual page, and hashes in COARSE.
 */
export const HASHED: usize = COARSE + 8 * <usize>CAPACITY;
export const FREE: usize = HASHED + 128;

const TWO_63: f64 = 9223372036854775808.0;
const TWO_64: f64 = 18446744073709551616.0;
const LOW_RANGE: f64 = 2097152.0;
const LOW_SHIFT: u32 = 11;

/**
 * Hashes `count` rows; returns how many have a high word of at most `bound` and were put into HASHES. The origin of their
 * times is given mod 2^32 as nanoseconds and as microseconds, with the nanoseconds beyond these.
 */
export function hashRows(
  count: i32,
  originLow: u32,
  originUs: u32,
  restNs: f64,
  bound: u32,
  coarseBound: u32,
): i32 {
  const origin = <f64>originLow;
  let placed = 0;
  let timed = 0;
  let sum: u32 = 0;
  let first: f64 = Infinity;
  let last: f64 = -Infinity;
  let kept = 0;
  let keptCoarse = 0;
  let flags: u32 = 0;
  let differs: u32 = 0;
  const weight = load<u64>(WEIGHT);
  let weights: u64 = 0;
  let virtuals = 0;
  const event = load<u16>(EVENT);
  for (let row = 0; row < count; row++) {
    const wide: usize = (<usize>row) << 3;
    flags |= load<u16>((<usize>row) << 1, FLAGS);
    differs |= load<u16>((<usize>row) << 1, EVENT) ^ event;
    weights |= load<u64>(wide, WEIGHT) ^ weight;
    let page = load<f64>(wide, VIRTUAL_PAGE);
    virtuals += <i32>(page >= 0);
    if (page < 0) page = load<f64>(wide, PHYSICAL_PAGE);
    if (page < 0) continue;
    const at = load<f64>(wide, TIME);
    const isTimed = at == at;
    const when = isTimed ? low32(origin + at) : low32(load<f64>(wide, WEIGHT));
    const number = <u64>page;
    const tid = load<i32>((<usize>row) << 2, TID);
    const thread = tid >= 0 ? tid : load<i32>((<usize>row) << 2, PID);
    const who = (<u32>thread * 0x9e3779b1) ^ <u32>(number >> 32);
    const where = (<u32>number * 0x85ebca6b) ^ who;
    const high = stir((when * 0xc2b2ae35) ^ where ^ (where >>> 15));
    placed++;
    sum += high;
    if (!isTimed) continue;
    timed++;
    first = min(first, at);
    last = max(last, at);
    const moment = originUs + low32(Math.floor((restNs + at) / 1000));
    const coarse = stir((moment * 0xc2b2ae35) ^ where ^ (where >>> 13));
    if (coarse <= coarseBound) {
      store<f64>((<usize>keptCoarse) << 3, <f64>coarse, COARSE);
      keptCoarse++;
    }
    if (high > bound) continue;
    const low = (stir(where ^ 0x6c62272e) ^ stir(when ^ who)) >>> LOW_SHIFT;
    store<f64>((<usize>kept) << 3, <f64>high * LOW_RANGE + <f64>low, HASHES);
    kept++;
  }
  store<f64>(HASHED, <f64>placed);
  store<f64>(HASHED, <f64>timed, 8);
  store<f64>(HASHED, <f64>sum, 16);
  store<f64>(HASHED, first, 24);
  store<f64>(HASHED, last, 32);
  store<f64>(HASHED, <f64>flags, 40);
  store<f64>(HASHED, differs == 0 ? 1 : 0, 48);
  store<f64>(HASHED, weights == 0 ? 1 : 0, 56);
  store<f64>(HASHED, <f64>virtuals, 64);
  store<f64>(HASHED, <f64>keptCoarse, 72);
  return kept;
}

/** A number mod 2^32, as JavaScript's `>>> 0` does it. */
function low32(value: f64): u32 {
  if (value < 0) return 0 - low32(-value);
  if (value < TWO_63) return <u32>(<i64>value);
  return value < TWO_64 ? <u32>(<u64>value) : 0;
}

/** The finaliser of MurmurHash3. */
function stir(word: u32): u32 {
  let mixed = (word ^ (word >>> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >>> 16);
}
