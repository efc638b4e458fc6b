/** What the counters of one block say together. */
import { HEAD } from './blocks';
import { TALLY } from './rows';

/** Of a block with counters of 16 bits for `pages` sub-pages. */
export function tally(address: usize, pages: i32): void {
  let touched: u32 = 0;
  let once: u32 = 0;
  let twice: u32 = 0;
  const end = address + HEAD + ((<usize>pages) << 1);
  for (let at = address + HEAD; at < end; at += 2) {
    const count = <u32>load<u16>(at);
    touched += <u32>(count != 0);
    once += <u32>(count == 1);
    twice += <u32>(count == 2);
  }
  store<u32>(TALLY, touched);
  store<u32>(TALLY, once, 4);
  store<u32>(TALLY, twice, 8);
}
