/** Distinct doubles in the order in which they came; gives up when there are too many. Open addressing. */
import { MOST_VALUES, PLACE_COUNT, PLACES, VALUES } from './layout';

const GOLDEN: u64 = 0x9e3779b97f4a7c15;

class Known {
  /** Values there are; one more than MOST_VALUES when there were too many. */
  static count: i32 = 0;
  /** Bits of the value that was looked for last, and its index. */
  static lastBits: u64 = 0;
  static last: i32 = -1;
}

/** How many there are; more than MOST_VALUES when it gave up. */
export function valueCount(): i32 {
  return Known.count;
}

export function clearValues(): void {
  Known.count = 0;
  Known.last = -1;
  memory.fill(PLACES, 0, 2 * <usize>PLACE_COUNT);
}

/** Index of a value, which is added when it is new. Means nothing once it gave up. */
export function indexOf(value: f64): i32 {
  const bits = reinterpret<u64>(value);
  if (Known.last >= 0 && bits == Known.lastBits) return Known.last;
  if (Known.count > MOST_VALUES) return 0;
  Known.lastBits = bits;
  Known.last = find(bits);
  return Known.last;
}

function find(bits: u64): i32 {
  let place = <i32>((bits * GOLDEN) >> 51) & (PLACE_COUNT - 1);
  for (; ; place = (place + 1) & (PLACE_COUNT - 1)) {
    const index = <i32>load<u16>((<usize>place) << 1, PLACES) - 1;
    if (index < 0) break;
    if (load<u64>((<usize>index) << 3, VALUES) == bits) return index;
  }
  if (Known.count == MOST_VALUES) {
    Known.count++;
    return 0;
  }
  store<u64>((<usize>Known.count) << 3, bits, VALUES);
  Known.count++;
  store<u16>((<usize>place) << 1, <u16>Known.count, PLACES);
  return Known.count - 1;
}
