/**
 * Blocks by process and number: open addressing over addresses. A block is its sums and, right behind them, its first
 * few sub-pages with their counts; a block with more of them gets counters for all. Blocks are never freed or moved; the
 * memory of the whole table is.
 */
import { FREE } from './rows';

@unmanaged
export class Block {
  /** Number of the block, as the host has it: a double. */
  number: f64;
  /** Samples, and the accesses they stand for. */
  samples: f64;
  weight: f64;
  pid: i32;
  /** The block that was added after this one; 0 for the last. */
  next: u32;
  /** Address of the counters of all sub-pages; 0 while the sub-pages behind the block suffice. */
  counters: u32;
  /** Sub-pages in use behind the block. */
  listed: u32;
}

/** Bytes of a Block before its list of sub-pages: pairs of u16, the sub-page and its count. */
export const HEAD: usize = 40;
export const LISTED: u32 = 6;
const ENTRY_BYTES: usize = 4;
const BLOCK_BYTES: usize = HEAD + <usize>LISTED * ENTRY_BYTES;
const FIRST_PLACES: u32 = 256;
const WASM_PAGE: usize = 65536;
/** Memory is asked for in pieces of at least this size, and of an eighth of what there is. */
const LEAST_GROWTH: usize = 1 << 18;
/** 2^64 divided by the golden ratio, and an odd number without a pattern. */
const GOLDEN: u64 = 0x9e3779b97f4a7c15;
const STIRRER: u64 = 0xd6e8feb86659fd93;

class Table {
  static places: usize = 0;
  static mask: u32 = 0;
  static count: u32 = 0;
  static first: u32 = 0;
  static last: u32 = 0;
  static free: usize = FREE;
  static counterBytes: usize = 1024;
  /** Only blocks whose hash has none of these bits are kept: a random sample of 1 in 2^n. */
  static thinMask: u32 = 0;
}

/** From now on only blocks are added whose hash has none of these bits. */
export function setThinning(mask: u32): void {
  Table.thinMask = mask;
}

/** Whether a block is left out by the sampling of blocks. */
export function isThinned(pid: i32, number: f64): bool {
  return (<u32>mixed(pid, number) & Table.thinMask) != 0;
}

/** Gives a block counters for all of its sub-pages, which the caller fills; false when there is no memory. */
export function expand(block: Block): bool {
  const address = take(Table.counterBytes);
  block.counters = <u32>address;
  return address != 0;
}

/** To be called once, with the bytes that the counters of a block take. */
export function begin(counterBytes: usize): void {
  Table.counterBytes = counterBytes;
  Table.places = take(FIRST_PLACES << 2);
  Table.mask = FIRST_PLACES - 1;
}

export function blockCount(): u32 {
  return Table.count;
}

/** The block added first, 0 for none. */
export function firstBlock(): u32 {
  return Table.first;
}

/** Bytes of the memory in use. */
export function usedBytes(): u32 {
  return <u32>Table.free;
}

/** Address of a block, 0 when there is none. */
export function find(pid: i32, number: f64): usize {
  let place = placeOf(pid, number);
  let found = at(place);
  while (found != 0) {
    const block = changetype<Block>(found);
    if (block.number == number && block.pid == pid) break;
    place = (place + 1) & Table.mask;
    found = at(place);
  }
  return found;
}

/** Address of the block at a place, 0 for none. */
export function at(place: u32): usize {
  return <usize>load<u32>(Table.places + ((<usize>place) << 2));
}

/** Address of a block, which is made when there is none; 0 when no memory can be had. */
export function add(pid: i32, number: f64): usize {
  const found = find(pid, number);
  return found != 0 ? found : make(pid, number);
}

function make(pid: i32, number: f64): usize {
  if (Table.thinMask != 0 && isThinned(pid, number)) return 0;
  if (Table.count * 2 >= Table.mask && !spread()) return 0;
  const address = take(BLOCK_BYTES);
  if (address == 0) return 0;
  const block = changetype<Block>(address);
  block.number = number;
  block.pid = pid;
  if (Table.last == 0) Table.first = <u32>address;
  else changetype<Block>(<usize>Table.last).next = <u32>address;
  Table.last = <u32>address;
  Table.count++;
  put(address);
  return address;
}

/** Twice as many places for all blocks. */
function spread(): bool {
  const places = (Table.mask + 1) * 2;
  const address = take((<usize>places) << 2);
  if (address == 0) return false;
  Table.places = address;
  Table.mask = places - 1;
  for (let block = Table.first; block != 0; block = changetype<Block>(<usize>block).next) put(block);
  return true;
}

function put(address: usize): void {
  const block = changetype<Block>(address);
  let place = placeOf(block.pid, block.number);
  while (at(place) != 0) place = (place + 1) & Table.mask;
  store<u32>(Table.places + ((<usize>place) << 2), <u32>address);
}

/** Where a block is looked for first. */
export function placeOf(pid: i32, number: f64): u32 {
  return <u32>(mixed(pid, number) >> 32) & Table.mask;
}

function mixed(pid: i32, number: f64): u64 {
  const product = (<u64>(<i64>number) ^ (<u64>(<u32>pid) * STIRRER)) * GOLDEN;
  return product ^ (product >> 29);
}

/** Zeroed memory, aligned to 8 bytes; 0 when there is none left. */
function take(bytes: usize): usize {
  const address = Table.free;
  const end = (address + bytes + 7) & ~7;
  const size = <usize>memory.size() * WASM_PAGE;
  if (end < address) return 0;
  if (end > size) {
    const wanted = max(end - size, max(LEAST_GROWTH, size >> 3));
    const least = <i32>((end - size + WASM_PAGE - 1) / WASM_PAGE);
    if (memory.grow(<i32>(wanted / WASM_PAGE) + 1) < 0 && memory.grow(least) < 0) return 0;
  }
  Table.free = end;
  return address;
}
