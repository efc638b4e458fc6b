/** Rows of a batch into the counters of their blocks: one loop, which looks a block up when it changes. */
import { add, at, Block, isThinned, placeOf } from './blocks';
import * as host from './host';
import { mark, markCounter } from './marks';
import { FLAGS, PID, PID_CACHE, PID_CACHE_MASK, TIMES, UNPLACED, VIRTUAL_PAGE, WEIGHT } from './rows';

/** Why a row has no place. */
const NO_ADDRESS: usize = UNPLACED;
const GUEST_ADDRESS: usize = UNPLACED + 4;
const KERNEL_ADDRESS: usize = UNPLACED + 8;
const UNKNOWN_PROCESS: usize = UNPLACED + 12;
const OTHER_PROCESS: usize = UNPLACED + 16;
const NO_MEMORY: usize = UNPLACED + 20;
const THINNED_OUT: usize = UNPLACED + 24;

/** SAMPLE_FLAG.guest. */
const GUEST = 1 << 1;
/** Counters are 16 bits wide; a sub-page sampled more often stays at this value. */
const SATURATED: u32 = 0xffff;

class Geometry {
  static blockShift: u64 = 9;
  static firstKernelPage: f64 = 0;
  /** Counters are one bit each. */
  static isBitmap: bool = false;
}

export function setGeometry(blockShift: i32, firstKernelPage: f64, isBitmap: i32): void {
  Geometry.blockShift = <u64>blockShift;
  Geometry.firstKernelPage = firstKernelPage;
  Geometry.isBitmap = isBitmap != 0;
}

/**
 * Counts the first `count` of the rows that the host has copied. Reasons of rows without a place are added up. A row stands
 * for as many samples as TIMES says when `isTimed` is not 0, else for one; its weight is `each`, or what WEIGHT says where that
 * is NaN.
 */
export function addRows(count: i32, isTimed: i32, each: f64): void {
  const isWeighed = each != each;
  const shift = Geometry.blockShift;
  const subPages = ((<u64>1) << shift) - 1;
  const firstKernelPage = Geometry.firstKernelPage;
  const isBitmap = Geometry.isBitmap;
  let lastNumber: u64 = u64.MAX_VALUE;
  let lastPid = 0;
  let address: usize = 0;
  // Of the rows in a row that are of one block: adding each to the block would make every row wait for the one before.
  let samples: f64 = 0;
  let weight: f64 = 0;
  for (let row: usize = 0; row < <usize>count; row++) {
    const page = load<f64>(row << 3, VIRTUAL_PAGE);
    const pid = load<i32>(row << 2, PID);
    const times: f64 = isTimed != 0 ? load<f64>(row << 3, TIMES) : 1;
    const isGuest = (load<u16>(row << 1, FLAGS) & GUEST) != 0;
    if (!(page >= 0 && page < firstKernelPage) || isGuest || pid <= 0) {
      miss(
        page < 0 ? NO_ADDRESS : isGuest ? GUEST_ADDRESS : pid > 0 ? KERNEL_ADDRESS : reasonOf(page),
        times,
      );
      continue;
    }
    const number = <u64>(<i64>page);
    if (number >> shift != lastNumber || pid != lastPid) {
      if (pid != lastPid && !isKept(pid)) {
        miss(OTHER_PROCESS, times);
        continue;
      }
      addWeight(address, samples, weight);
      samples = 0;
      weight = 0;
      lastNumber = number >> shift;
      lastPid = pid;
      address = addressOf(pid, <f64>(<i64>lastNumber));
    }
    if (address == 0) {
      miss(isThinned(pid, <f64>(<i64>lastNumber)) ? THINNED_OUT : NO_MEMORY, times);
      continue;
    }
    const block = changetype<Block>(address);
    const subPage = number & subPages;
    const most = <u32>min<f64>(times, <f64>SATURATED);
    if (block.counters != 0) markCounter(<usize>block.counters, <usize>subPage, most, isBitmap);
    else if (!mark(block, <u32>subPage, most, isBitmap)) {
      miss(NO_MEMORY, times);
      continue;
    }
    samples += times;
    weight += isWeighed ? load<f64>(row << 3, WEIGHT) : each;
  }
  addWeight(address, samples, weight);
}

/** The block, which mostly is at the first place looked at. */
function addressOf(pid: i32, number: f64): usize {
  const found = at(placeOf(pid, number));
  if (found != 0) {
    const block = changetype<Block>(found);
    if (block.number == number && block.pid == pid) return found;
  }
  return add(pid, number);
}

/** `samples` samples on a page at once. */
export function addCount(pid: i32, page: f64, samples: f64, weight: f64): void {
  const shift = Geometry.blockShift;
  const number = <u64>(<i64>page);
  const blockNumber = <f64>(<i64>(number >> shift));
  const address = add(pid, blockNumber);
  const times = <u32>min<f64>(samples, <f64>SATURATED);
  const subPage = <u32>(number & (((<u64>1) << shift) - 1));
  if (address == 0 || !mark(changetype<Block>(address), subPage, times, Geometry.isBitmap)) {
    miss(isThinned(pid, blockNumber) ? THINNED_OUT : NO_MEMORY, samples);
    return;
  }
  const block = changetype<Block>(address);
  block.samples += samples;
  block.weight += weight;
}

/**
 * Adds to a block the counts of `pages` sub-pages from `first` on, which the host has copied in place of the rows' pages, as
 * u16. Returns how many samples they are.
 */
export function addCounts(address: usize, first: i32, pages: i32): f64 {
  const block = changetype<Block>(address);
  let all: f64 = 0;
  let placed: f64 = 0;
  if (block.counters != 0 && !Geometry.isBitmap && (pages & 7) == 0) {
    all = addAll(<usize>block.counters + ((<usize>first) << 1), (<usize>pages) << 1);
    block.samples += all;
    return all;
  }
  for (let page = 0; page < pages; page++) {
    const count = <u32>load<u16>((<usize>page) << 1, VIRTUAL_PAGE);
    if (count == 0) continue;
    all += <f64>count;
    if (mark(block, <u32>(first + page), count, Geometry.isBitmap)) placed += <f64>count;
    else miss(NO_MEMORY, <f64>count);
  }
  block.samples += placed;
  return all;
}

/** Adds counts to counters, `bytes` of each, eight at a time; returns how many samples the counts are. */
function addAll(counters: usize, bytes: usize): f64 {
  let sums = v128.splat<i32>(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const counts = v128.load(VIRTUAL_PAGE + at);
    v128.store(counters + at, v128.add_sat<u16>(v128.load(counters + at), counts));
    sums = v128.add<i32>(sums, v128.extadd_pairwise<u16>(counts));
  }
  let all: u32 = 0;
  all += v128.extract_lane<u32>(sums, 0) + v128.extract_lane<u32>(sums, 1);
  all += v128.extract_lane<u32>(sums, 2) + v128.extract_lane<u32>(sums, 3);
  return <f64>all;
}

/** Adds to the sums of a block beside its counters; to none when the address is 0. */
export function addWeight(address: usize, samples: f64, weight: f64): void {
  if (address == 0) return;
  const block = changetype<Block>(address);
  block.samples += samples;
  block.weight += weight;
}

/** Wanted processes have changed. */
export function forgetProcesses(): void {
  memory.fill(PID_CACHE, 0, 8 * (<usize>PID_CACHE_MASK + 1));
}

/** Of a row without a known process: its page may be a kernel's all the same. */
function reasonOf(page: f64): usize {
  return page >= Geometry.firstKernelPage ? KERNEL_ADDRESS : UNKNOWN_PROCESS;
}

function miss(reason: usize, times: f64): void {
  store<u32>(reason, load<u32>(reason) + <u32>times);
}

function isKept(pid: i32): bool {
  const place = PID_CACHE + ((<usize>(<u32>pid & PID_CACHE_MASK)) << 3);
  const answer = load<i32>(place, 4);
  return answer != 0 && load<i32>(place) == pid ? answer == 1 : askKept(pid, place);
}

function askKept(pid: i32, place: usize): bool {
  const answer = host.keeps(pid) != 0;
  store<i32>(place, pid);
  store<i32>(place, answer ? 1 : 2, 4);
  return answer;
}
