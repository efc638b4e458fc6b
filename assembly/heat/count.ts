/** Rows of a batch into the counters of their blocks: one loop, which looks a block up when it changes. */
import { add, at, Block, HEAD, placeOf } from './blocks';
import * as host from './host';
import { FLAGS, PID, PID_CACHE, PID_CACHE_MASK, UNPLACED, VIRTUAL_PAGE, WEIGHT } from './rows';

/** Why a row has no place. */
const NO_ADDRESS: usize = UNPLACED;
const GUEST_ADDRESS: usize = UNPLACED + 4;
const KERNEL_ADDRESS: usize = UNPLACED + 8;
const UNKNOWN_PROCESS: usize = UNPLACED + 12;
const OTHER_PROCESS: usize = UNPLACED + 16;
const NO_MEMORY: usize = UNPLACED + 20;

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

/** Counts the first `count` of the rows that the host has copied. Reasons of rows without a place are added up. */
export function addRows(count: i32): void {
  const shift = Geometry.blockShift;
  const subPages = ((<u64>1) << shift) - 1;
  const firstKernelPage = Geometry.firstKernelPage;
  const isBitmap = Geometry.isBitmap;
  let lastNumber: u64 = u64.MAX_VALUE;
  let lastPid = 0;
  let address: usize = 0;
  for (let row: usize = 0; row < <usize>count; row++) {
    const page = load<f64>(row << 3, VIRTUAL_PAGE);
    const pid = load<i32>(row << 2, PID);
    const isGuest = (load<u16>(row << 1, FLAGS) & GUEST) != 0;
    if (!(page >= 0 && page < firstKernelPage) || isGuest || pid <= 0) {
      miss(page < 0 ? NO_ADDRESS : isGuest ? GUEST_ADDRESS : pid > 0 ? KERNEL_ADDRESS : reasonOf(page));
      continue;
    }
    const number = <u64>(<i64>page);
    if (number >> shift != lastNumber || pid != lastPid) {
      if (pid != lastPid && !isKept(pid)) {
        miss(OTHER_PROCESS);
        continue;
      }
      lastNumber = number >> shift;
      lastPid = pid;
      address = addressOf(pid, <f64>(<i64>lastNumber));
    }
    if (address == 0) {
      miss(NO_MEMORY);
      continue;
    }
    const block = changetype<Block>(address);
    block.samples += 1;
    block.weight += load<f64>(row << 3, WEIGHT);
    mark(address + HEAD, <usize>(number & subPages), 1, isBitmap);
  }
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
  const address = add(pid, <f64>(<i64>(number >> shift)));
  if (address == 0) {
    store<u32>(NO_MEMORY, load<u32>(NO_MEMORY) + <u32>samples);
    return;
  }
  const block = changetype<Block>(address);
  block.samples += samples;
  block.weight += weight;
  const times = <u32>min<f64>(samples, <f64>SATURATED);
  mark(address + HEAD, <usize>(number & (((<u64>1) << shift) - 1)), times, Geometry.isBitmap);
}

/** Wanted processes have changed. */
export function forgetProcesses(): void {
  memory.fill(PID_CACHE, 0, 8 * (<usize>PID_CACHE_MASK + 1));
}

function mark(counters: usize, subPage: usize, times: u32, isBitmap: bool): void {
  if (isBitmap) {
    const place = counters + (subPage >> 3);
    store<u8>(place, load<u8>(place) | <u8>((<u32>1) << (<u32>(subPage & 7))));
  } else {
    const place = counters + (subPage << 1);
    store<u16>(place, <u16>min<u32>(SATURATED, <u32>load<u16>(place) + times));
  }
}

/** Of a row without a known process: its page may be a kernel's all the same. */
function reasonOf(page: f64): usize {
  return page >= Geometry.firstKernelPage ? KERNEL_ADDRESS : UNKNOWN_PROCESS;
}

function miss(reason: usize): void {
  store<u32>(reason, load<u32>(reason) + 1);
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
