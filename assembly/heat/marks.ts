/** The counts of a block's sub-pages: a short list behind the block, or counters for all of them. */
import { Block, expand, HEAD, LISTED } from './blocks';

/** Counters are 16 bits wide; a sub-page sampled more often stays at this value. */
const SATURATED: u32 = 0xffff;

/** Adds to the count of a sub-page; false when there is no memory for it. */
export function mark(block: Block, subPage: u32, times: u32, isBitmap: bool): bool {
  if (block.counters == 0 && !markListed(block, subPage, times)) {
    if (!expand(block)) return false;
    spread(block, isBitmap);
  }
  if (block.counters != 0) markCounter(<usize>block.counters, <usize>subPage, times, isBitmap);
  return true;
}

function entryAt(block: Block, index: u32): usize {
  return changetype<usize>(block) + HEAD + ((<usize>index) << 2);
}

/** False when the list is full of other sub-pages. */
function markListed(block: Block, subPage: u32, times: u32): bool {
  const listed = block.listed;
  for (let index: u32 = 0; index < listed; index++) {
    const entry = entryAt(block, index);
    if (<u32>load<u16>(entry) != subPage) continue;
    store<u16>(entry, <u16>min<u32>(SATURATED, <u32>load<u16>(entry, 2) + times), 2);
    return true;
  }
  if (listed == LISTED) return false;
  const entry = entryAt(block, listed);
  store<u16>(entry, <u16>subPage);
  store<u16>(entry, <u16>times, 2);
  block.listed = listed + 1;
  return true;
}

/** The list into the new counters. */
function spread(block: Block, isBitmap: bool): void {
  for (let index: u32 = 0; index < block.listed; index++) {
    const entry = entryAt(block, index);
    markCounter(<usize>block.counters, <usize>load<u16>(entry), <u32>load<u16>(entry, 2), isBitmap);
  }
}

export function markCounter(counters: usize, subPage: usize, times: u32, isBitmap: bool): void {
  if (isBitmap) {
    const place = counters + (subPage >> 3);
    store<u8>(place, load<u8>(place) | <u8>((<u32>1) << (<u32>(subPage & 7))));
  } else {
    const place = counters + (subPage << 1);
    store<u16>(place, <u16>min<u32>(SATURATED, <u32>load<u16>(place) + times));
  }
}
