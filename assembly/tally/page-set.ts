/**
 * Distinct blocks and pages of addresses in bounded memory: blocks are hashed, pages are bits behind their
 * block. Open addressing over addresses, as in ../heat/blocks.ts, with 64-bit keys.
 */
import { FREE } from './rows';

const WASM_PAGE: usize = 65536;
const LEAST_GROWTH: usize = 1 << 18;
const GOLDEN: u64 = 0x9e3779b97f4a7c15;
/** 1 TiB of touched address space with 2 MiB blocks; blocks beyond are not counted. */
const MOST_BLOCKS: u32 = 1 << 19;
const KEY_BYTES: usize = 8;

class Memory {
  static free: usize = FREE;
}

@unmanaged
export class PageSet {
  places: u32;
  mask: u32;
  blocks: u32;
  isFull: u32;
  /** Bytes behind the key of each block: one bit for each page, or none. */
  bytes: u32;
}

const FIRST_PLACES: u32 = 1024;

export function newPageSet(bytes: u32): PageSet {
  const set = changetype<PageSet>(take(32));
  set.places = <u32>take((<usize>FIRST_PLACES) << 2);
  set.mask = FIRST_PLACES - 1;
  set.bytes = bytes;
  return set;
}

/** Address of what belongs to a block, which is added when it is new; 0 when there are too many. */
export function blockOf(set: PageSet, key: u64): usize {
  let place = placeOf(set, key);
  for (let found = at(set, place); found != 0; found = at(set, place)) {
    if (load<u64>(found) == key) return found + KEY_BYTES;
    place = (place + 1) & set.mask;
  }
  return add(set, key);
}

function add(set: PageSet, key: u64): usize {
  const isRoomy = set.blocks < MOST_BLOCKS && (set.blocks * 2 < set.mask || spread(set));
  const block = isRoomy ? take(KEY_BYTES + <usize>set.bytes) : 0;
  if (block == 0) {
    set.isFull = 1;
    return 0;
  }
  store<u64>(block, key);
  put(set, block);
  set.blocks++;
  return block + KEY_BYTES;
}

/** Twice as many places. */
function spread(set: PageSet): bool {
  const old = <usize>set.places;
  const count = set.mask + 1;
  const places = take((<usize>count) << 3);
  if (places == 0) return false;
  set.places = <u32>places;
  set.mask = count * 2 - 1;
  for (let i: usize = 0; i < <usize>count; i++) {
    const block = load<u32>(old + (i << 2));
    if (block != 0) put(set, <usize>block);
  }
  return true;
}

function put(set: PageSet, block: usize): void {
  let place = placeOf(set, load<u64>(block));
  while (at(set, place) != 0) place = (place + 1) & set.mask;
  store<u32>(<usize>set.places + ((<usize>place) << 2), <u32>block);
}

function at(set: PageSet, place: u32): usize {
  return <usize>load<u32>(<usize>set.places + ((<usize>place) << 2));
}

function placeOf(set: PageSet, key: u64): u32 {
  return <u32>((key * GOLDEN) >> 32) & set.mask;
}

/** Zeroed memory, aligned to 8 bytes; 0 when there is none left. */
function take(bytes: usize): usize {
  const address = Memory.free;
  const end = (address + bytes + 7) & ~7;
  const size = <usize>memory.size() * WASM_PAGE;
  if (end > size) {
    const wanted = max(end - size, max(LEAST_GROWTH, size >> 3));
    if (memory.grow(<i32>(wanted / WASM_PAGE) + 1) < 0) return 0;
  }
  Memory.free = end;
  return address;
}
