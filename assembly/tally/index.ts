/** Sums over all samples of a recording, to hold it against another reader. */
import * as host from './host';
import { blockOf, newPageSet } from './page-set';
import { ADDRESS_HIGH, ADDRESS_LOW, PHYSICAL_HIGH, PHYSICAL_LOW, PID, SUMS, TID } from './rows';

export { ADDRESS_HIGH, ADDRESS_LOW, CAPACITY, PHYSICAL_HIGH, PHYSICAL_LOW, PID, SUMS, TID } from './rows';

const virtual = newPageSet(0);
const physical = newPageSet(0);

class Sizes {
  static pageShift: u64 = 0;
  static blockShift: u64 = 0;
}

/** log2 of the page and block sizes of the recorded machine; before any row. At least eight pages to a block. */
export function setSizes(pageShift: i32, blockShift: i32): void {
  Sizes.pageShift = <u64>pageShift;
  Sizes.blockShift = <u64>blockShift;
  virtual.bytes = 1 << (<u32>(blockShift - pageShift - 3));
}

/** Adds the first `count` of the rows that the host has copied. Address 0 means that there is none. */
export function addRows(count: i32): void {
  addAddresses(count);
  addPhysical(count);
  addThreads(count);
  store<u64>(SUMS, <u64>virtual.blocks, 40);
  store<u64>(SUMS, <u64>physical.blocks, 48);
  store<u64>(SUMS, <u64>(virtual.isFull | physical.isFull), 56);
}

function addAddresses(count: i32): void {
  let sum = load<u64>(SUMS);
  let xor = load<u64>(SUMS, 8);
  let seen = load<u64>(SUMS, 16);
  let pages = load<u64>(SUMS, 32);
  const pageShift = Sizes.pageShift;
  const blockShift = Sizes.blockShift;
  const mask: usize = (1 << (<usize>(blockShift - pageShift))) - 1;
  let lastKey: u64 = u64.MAX_VALUE;
  let bits: usize = 0;
  for (let at: usize = 0; at < (<usize>count) << 2; at += 4) {
    const address = addressAt(at, ADDRESS_LOW, ADDRESS_HIGH);
    if (address == 0) continue;
    seen++;
    sum += address;
    xor ^= address;
    const key = address >> blockShift;
    if (key != lastKey) {
      lastKey = key;
      bits = blockOf(virtual, key);
    }
    if (bits == 0) continue;
    const page = <usize>(address >> pageShift) & mask;
    const place = bits + (page >> 3);
    const byte = <u32>load<u8>(place);
    const bit: u32 = 1 << (<u32>page & 7);
    pages += <u64>((byte & bit) == 0);
    store<u8>(place, <u8>(byte | bit));
  }
  store<u64>(SUMS, sum);
  store<u64>(SUMS, xor, 8);
  store<u64>(SUMS, seen, 16);
  store<u64>(SUMS, pages, 32);
}

function addPhysical(count: i32): void {
  let seen = load<u64>(SUMS, 24);
  const blockShift = Sizes.blockShift;
  let lastKey: u64 = u64.MAX_VALUE;
  for (let at: usize = 0; at < (<usize>count) << 2; at += 4) {
    const address = addressAt(at, PHYSICAL_LOW, PHYSICAL_HIGH);
    if (address == 0) continue;
    seen++;
    const key = address >> blockShift;
    if (key == lastKey) continue;
    lastKey = key;
    blockOf(physical, key);
  }
  store<u64>(SUMS, seen, 24);
}

function addressAt(at: usize, low: usize, high: usize): u64 {
  return <u64>load<u32>(at + low) | ((<u64>load<u32>(at + high)) << 32);
}

/** Neighbouring samples are mostly of one thread, so that runs of them are counted. */
function addThreads(count: i32): void {
  let start = 0;
  let pid = load<i32>(PID);
  let tid = load<i32>(TID);
  for (let row = 1; row < count; row++) {
    const rowPid = load<i32>((<usize>row) << 2, PID);
    const rowTid = load<i32>((<usize>row) << 2, TID);
    if (rowPid == pid && rowTid == tid) continue;
    host.addThread(pid, tid, row - start);
    start = row;
    pid = rowPid;
    tid = rowTid;
  }
  if (count > start) host.addThread(pid, tid, count - start);
}
