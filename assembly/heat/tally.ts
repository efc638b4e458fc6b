/** What the counters of one block say together. */
import { Block, HEAD } from './blocks';
import { TALLY } from './rows';

/** Of a block with counters of 16 bits for `pages` sub-pages. */
export function tally(address: usize, pages: i32): void {
  const block = changetype<Block>(address);
  const isListed = block.counters == 0;
  // A listed entry is the sub-page, then its count.
  const stride: usize = isListed ? 4 : 2;
  let at = isListed ? address + HEAD + 2 : <usize>block.counters;
  const end = at + (isListed ? (<usize>block.listed) << 2 : (<usize>pages) << 1);
  let touched: u32 = 0;
  let once: u32 = 0;
  let twice: u32 = 0;
  for (; at < end; at += stride) {
    const count = <u32>load<u16>(at);
    touched += <u32>(count != 0);
    once += <u32>(count == 1);
    twice += <u32>(count == 2);
  }
  store<u32>(TALLY, touched);
  store<u32>(TALLY, once, 4);
  store<u32>(TALLY, twice, 8);
}
